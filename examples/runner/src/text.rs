//! The font of all texts: Noto Sans Mono, out of [`assets`](crate::assets).
//!
//! It has the Latin, Greek and Cyrillic alphabets with their accents, and punctuation (`xtask/subset-font.sh` has the
//! ranges). Any other character is shown as a box.

use bevy::prelude::*;

/// The name of the font, which is in its file.
const FAMILY: &str = "Noto Sans Mono";

const FILE: &str = "fonts/NotoSansMono.ttf";

/// The font in this size. It is shown as soon as the file has come.
pub fn font(size: f32) -> TextFont {
    TextFont { font: FAMILY.into(), font_size: FontSize::Px(size), ..TextFont::default() }
}

/// Loads the font.
pub fn plugin(app: &mut App) {
    app.add_systems(PreStartup, load).add_systems(Update, log_loaded);
}

/// Bevy forgets a font that has no handle.
#[derive(Resource)]
struct TheFont(Handle<Font>);

fn load(mut commands: Commands, server: Res<AssetServer>) {
    commands.insert_resource(TheFont(server.load(FILE)));
}

fn log_loaded(mut events: MessageReader<AssetEvent<Font>>, font: Res<TheFont>) {
    if events.read().any(|event| event.is_loaded_with_dependencies(&font.0)) {
        debug!("{FILE} is loaded");
    }
}

#[cfg(test)]
mod tests {
    use skrifa::instance::{LocationRef, Size};
    use skrifa::string::StringId;
    use skrifa::{FontRef, GlyphId, MetadataProvider as _};

    use super::*;

    const BYTES: &[u8] = include_bytes!("../../../assets/fonts/NotoSansMono.ttf");

    #[test]
    fn names_of_europe_have_a_glyph_for_each_letter() {
        let font = FontRef::new(BYTES).unwrap();
        let names = [
            "Zoë Łukasz Çağrı Đorđe Nguyễn Þóra Ąžuolas Õ Œuvre ẞ",
            "Ζωή Αλέξανδρος ῥόδον Άννα",
            "Любовь Ґанна Ђорђе Жана Әлия",
            "A\u{301} – “x” … € → •",
        ];
        for letter in names.concat().chars() {
            assert!(font.charmap().map(letter).is_some(), "{letter:?} has no glyph");
        }
        // What is shown in the place of any other character is drawn.
        let glyphs = font.glyph_metrics(Size::unscaled(), LocationRef::default());
        assert!(glyphs.bounds(GlyphId::NOTDEF).is_some_and(|shape| shape.x_max > shape.x_min));
    }

    #[test]
    fn the_file_has_the_name_by_which_texts_ask_for_it() {
        let font = FontRef::new(BYTES).unwrap();
        let names: Vec<_> = font.localized_strings(StringId::FAMILY_NAME).collect();
        assert!(names.iter().any(|name| name.to_string() == FAMILY));
    }
}
