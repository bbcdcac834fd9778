#!/usr/bin/env bash
# Makes assets/fonts/NotoSansMono.ttf: the letters and signs that names and chat need, out of a font of 510 KB.
#
#     xtask/subset-font.sh [NotoSansMono-Regular.ttf]
#
# The original is in Debian's package fonts-noto-mono. Needs python3 with venv, and fetches fonttools from PyPI. The same
# original gives the same bytes. The font has no Reserved Font Name (OFL.txt), so that the subset may keep its name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

original=${1:-/usr/share/fonts/truetype/noto/NotoSansMono-Regular.ttf}
sha256=6b692c4b6d15ccf59f1c1fe8d11cb8a92f51960f3e9f1f523781755a3af7e29f
echo "$sha256  $original" | sha256sum --check --quiet

ranges=(
    U+0020-007E                     # ASCII
    U+00A0-024F                     # Latin-1, Latin Extended-A and -B
    U+0259 U+02B0-02FF              # schwa, modifier letters
    U+0300-036F                     # combining marks
    U+0370-03FF U+1F00-1FFF         # Greek, also with the old accents
    U+0400-052F                     # Cyrillic and its supplement
    U+1E00-1EFF                     # Latin Extended Additional: Vietnamese
    U+2000-206F U+2070-209F         # punctuation, superscripts
    U+20A0-20CF U+2100-214F         # currencies, letterlike signs
    U+2190-21FF U+2212 U+2260-2265  # arrows, some of mathematics
    U+25A0-25FF U+2600-26FF         # shapes, symbols
    U+FFFD                          # replacement character
)
unicodes=$(IFS=,; echo "${ranges[*]}")

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet fonttools==4.60.1
# Without hinting: Bevy draws glyphs without it. The names are kept: they have the copyright and the licence.
"$tools/bin/pyftsubset" "$original" --unicodes="$unicodes" --layout-features=kern,mark,mkmk,ccmp,locl \
    --no-hinting --notdef-outline --name-IDs='*' --name-languages=0x409 \
    --output-file=assets/fonts/NotoSansMono.ttf
ls -l assets/fonts/NotoSansMono.ttf
