//! The line below the arena: the state of each link, and how to leave.

use bevy::prelude::*;
use bevy_netplay::PeerLink;
use bevy_netplay::prelude::*;
use example_runner::text::font;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::palette;
use crate::names;

/// A page has a button for this.
const LEAVE: &str = if cfg!(target_arch = "wasm32") { "" } else { "ESC leave" };

/// Up to how many links are described one by one.
const EACH: usize = 3;

#[derive(Component)]
struct StatusText;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, build).add_systems(Update, show);
}

fn build(mut commands: Commands) {
    let line = Node {
        position_type: PositionType::Absolute,
        bottom: px(0),
        width: percent(100),
        height: px(34),
        padding: UiRect::horizontal(px(24)),
        align_items: AlignItems::Center,
        justify_content: JustifyContent::SpaceBetween,
        ..Node::default()
    };
    commands.spawn((
        line,
        children![
            (StatusText, Text::default(), font(15.0), TextColor(palette::FAINT)),
            (Text::new(LEAVE), font(15.0), TextColor(palette::FAINT)),
        ],
    ));
}

fn show(
    state: Res<State<NetplayState>>,
    links: Res<PeerLinks>,
    metrics: Res<RollbackMetrics>,
    mut texts: Query<&mut Text, With<StatusText>>,
) {
    let mut line = String::from(match state.get() {
        NetplayState::Offline => "offline",
        NetplayState::Connecting => "connecting",
        NetplayState::Lobby => "in the lobby",
        NetplayState::Synchronizing => "synchronizing",
        NetplayState::Playing => "playing",
        _ => "ended",
    });
    let mut add = |part: std::fmt::Arguments| {
        // Writing into a string cannot fail.
        let _ = line.write_fmt(part);
    };
    if links.len() <= EACH {
        for link in links.iter() {
            add(format_args!("  |  {}", one(&links, link)));
        }
    } else {
        add(format_args!("  |  {}", all(&links)));
    }
    if *state.get() == NetplayState::Playing {
        add(format_args!("  |  rollbacks {}  stalls {}", metrics.rollbacks, metrics.stalls));
    }
    for mut text in &mut texts {
        text.set_if_neq(Text(line.clone()));
    }
}

fn name(links: &PeerLinks, link: &PeerLink) -> String {
    link.player.map_or_else(|| "peer".into(), |player| names::short(links, player))
}

fn path(path: LinkPath) -> &'static str {
    match path {
        LinkPath::Direct => "direct",
        LinkPath::Turn => "through TURN",
        LinkPath::Relay => "through the server",
        _ => "local",
    }
}

/// The state of a link.
fn one(links: &PeerLinks, link: &PeerLink) -> String {
    let rtt = link.rtt.map(|rtt| format!("{} ms", rtt.as_millis()));
    let quality = link.quality.to_string();
    let parts = [Some(name(links, link)), link.path.map(|it| path(it).into()), rtt, Some(quality)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The state of all links: how many take which path, the least and the greatest round trip time, and which are not good.
fn all(links: &PeerLinks) -> String {
    let mut paths = BTreeMap::new();
    for link in links.iter() {
        *paths.entry(link.path.map_or("not connected", path)).or_insert(0) += 1;
    }
    let mut parts: Vec<_> = paths.iter().map(|(path, count)| format!("{count} {path}")).collect();
    let times = || links.iter().filter_map(|link| link.rtt).map(|rtt| rtt.as_millis());
    if let Some((least, greatest)) = times().min().zip(times().max()) {
        parts.push(format!("{least} to {greatest} ms"));
    }
    let bad = links.iter().filter(|link| link.quality != LinkQuality::Good);
    parts.extend(bad.map(|link| format!("{} {}", name(links, link), link.quality)));
    parts.join(", ")
}
