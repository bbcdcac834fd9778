//! What a program prints of bundles.

use super::{DesyncBundle, DesyncSide, Difference, Explanation, Sides, explain_bundles};

/// What is printed of a bundle, or of those that two peers wrote of one match, and whether a difference was found.
pub fn overview(a: &DesyncBundle, b: Option<&DesyncBundle>) -> (Vec<String>, bool) {
    let mut lines = Vec::new();
    let info = &a.this_match;
    let other = b.filter(|b| b.this_match.local_peer != info.local_peer);
    let theirs = other.map(|b| &b.ours).or(a.theirs.as_ref());
    let [us, them] = [info.local_peer, other.map_or(info.remote_peer, |b| b.this_match.local_peer)]
        .map(|peer| format!("on peer {}", peer + 1));
    let sides = Sides { ours: &us, theirs: &them };
    if let Some(b) = b {
        let same = |it: &DesyncBundle| (it.this_match.seed, it.this_match.epoch);
        if same(a) != same(b) {
            lines.push("note      the bundles are those of two matches".to_owned());
        }
    }
    lines.push(format!("game      {}", printable(&a.game.name)));
    for (name, side) in [(&us, Some(&a.ours)), (&them, theirs)] {
        if let Some(side) = side {
            lines.push(format!("build     {name}: {}", build(side)));
        }
    }
    lines.push(format!(
        "match     {} of its room, {} peers, seed {:016x}, inputs of {} frames, compared every {} frames",
        info.epoch,
        info.player_counts.len(),
        info.seed,
        a.end(),
        info.checksum_interval
    ));
    if !a.note.is_empty() {
        lines.push(format!("note      {}", printable(&a.note)));
    }
    let truncated = a.ours.truncated.iter().chain(theirs.and_then(|it| it.truncated.as_ref()));
    lines.extend(truncated.map(|it| format!("note      {}", printable(it))));
    let found = match b {
        Some(b) => explain_bundles(a, b),
        None => a.explain(),
    };
    match &found {
        Some(found) => lines.extend(difference(found, sides)),
        None if theirs.is_none() => {
            lines.push("found     nothing: the bundle has the side of one peer only".to_owned());
        }
        None => lines.push("found     no difference in what both have".to_owned()),
    }
    (lines, found.is_some())
}

fn difference(found: &Explanation, sides: Sides<'_>) -> Vec<String> {
    let mut lines = vec![format!("frame     {}", found.frame)];
    if let Some(equal) = found.last_equal_frame {
        lines.push(format!("equal     at frame {equal}"));
    }
    if let Some(name) = found.difference.type_name() {
        lines.push(format!("type      {}", printable(name)));
    }
    if let Difference::Value { entity, field, ours, theirs, .. } = &found.difference {
        if let Some(entity) = entity {
            lines.push(format!("entity    #{entity}"));
        }
        if !field.is_empty() {
            lines.push(format!("field     {}", printable(field)));
        }
        for (side, value) in [(sides.ours, ours), (sides.theirs, theirs)] {
            let value = value.as_deref().unwrap_or("nothing");
            lines.push(format!("value     {side}: {}", printable(value)));
        }
    }
    lines.push(format!("found     {}", found.difference.describe(sides)));
    lines.extend(found.others.iter().map(|it| format!("also      {}", it.describe(sides))));
    if found.left_out > 0 {
        lines.push(format!("also      {} more differences", found.left_out));
    }
    lines
}

fn build(side: &DesyncSide) -> String {
    let build = &side.build;
    let kind = if build.debug { "with debug assertions" } else { "without debug assertions" };
    let text =
        format!("bevy_netplay {}, {}, {}, {kind}", build.bevy_netplay, build.rustc, build.target);
    printable(&text)
}

/// Text of a file, which may be anybody's, for a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(400).collect()
}
