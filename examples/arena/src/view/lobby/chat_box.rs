//! The last lines of the chat, and the line that is being typed, at the bottom of the window.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::text::font;

use super::super::palette;
use super::Draft;
use crate::chat::{self, Author, ChatLog};
use crate::lobby::{ArenaLobby, ShipColors, chosen_color, may_start};

/// The height of the box, and how far it is above the lower edge.
const HEIGHT: f32 = 164.0;
const BOTTOM: f32 = 38.0;
/// The room that it takes of the window.
pub const TAKEN: f32 = HEIGHT + BOTTOM;
/// How many lines there is room for, at most.
const SHOWN: usize = 7;

#[derive(Component)]
struct ChatBox;

/// The name of a line, counted from the newest one. Its child is the text.
#[derive(Component)]
struct LineName(usize);

#[derive(Component)]
struct LineText(usize);

#[derive(Component)]
struct Typed;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, build)
        .add_systems(Update, (place, (show_lines, show_draft).run_if(chat::is_open)));
}

fn build(mut commands: Commands) {
    let frame = Node {
        position_type: PositionType::Absolute,
        bottom: px(BOTTOM),
        width: percent(100),
        height: px(HEIGHT),
        justify_content: JustifyContent::Center,
        ..Node::default()
    };
    let panel = Node {
        width: px(820),
        max_width: percent(96),
        height: percent(100),
        flex_direction: FlexDirection::Column,
        padding: UiRect::axes(px(16), px(8)),
        border: UiRect::all(px(1)),
        border_radius: BorderRadius::all(px(8)),
        row_gap: px(4),
        ..Node::default()
    };
    // Old lines are cut off at the top.
    let lines = Node {
        flex_grow: 1.0,
        flex_basis: px(0),
        flex_direction: FlexDirection::Column,
        justify_content: JustifyContent::FlexEnd,
        overflow: Overflow::clip(),
        ..Node::default()
    };
    let layout = TextLayout { linebreak: LineBreak::WordOrCharacter, ..TextLayout::default() };
    commands.spawn((ChatBox, frame, Visibility::Hidden)).with_children(|frame| {
        frame.spawn((panel, palette::panel())).with_children(|panel| {
            panel.spawn(lines).with_children(|lines| {
                for line in (0..SHOWN).rev() {
                    let node = Node { flex_shrink: 0.0, ..Node::default() };
                    let name = (LineName(line), Text::default(), node, layout);
                    lines.spawn((name, font(15.0), TextColor(palette::FAINT))).with_child((
                        LineText(line),
                        TextSpan::default(),
                        font(15.0),
                        TextColor(palette::TEXT),
                    ));
                }
            });
            let typed = Node { max_height: px(40), overflow: Overflow::clip(), ..Node::default() };
            panel.spawn((
                Typed,
                typed,
                Text::default(),
                font(15.0),
                TextColor(palette::ACCENT),
                layout,
            ));
        });
    });
}

/// Shows the box where players can talk, if there is somebody to talk to.
fn place(
    state: Res<State<NetplayState>>,
    round: Res<crate::sim::Round>,
    (links, log): (Res<PeerLinks>, Res<ChatLog>),
    mut boxes: Query<&mut Visibility, With<ChatBox>>,
    mut screens: Query<&mut Node, With<super::super::overlay::Screen>>,
) {
    let shown = chat::is_open(state, round) && (!links.is_empty() || log.lines().next().is_some());
    for mut visibility in &mut boxes {
        visibility.set_if_neq(if shown { Visibility::Visible } else { Visibility::Hidden });
    }
    // The panel in the centre moves up.
    let padding = UiRect::bottom(px(if shown { TAKEN } else { 0.0 }));
    for mut screen in &mut screens {
        if screen.padding != padding {
            screen.padding = padding;
        }
    }
}

fn show_lines(
    log: Res<ChatLog>,
    (lobby, choices, ships): (Res<CurrentLobby>, Res<ArenaLobby>, Res<ShipColors>),
    mut names: Query<(&LineName, &mut Text, &mut TextColor)>,
    mut texts: Query<(&LineText, &mut TextSpan, &mut TextColor), Without<LineName>>,
) {
    let lines: Vec<_> = log.lines().rev().take(SHOWN).collect();
    // The colour of who is in the lobby; of who has left, none.
    let color_of = |author: Author| {
        let is_author = |member: &&bevy_netplay::LobbyMember| match author {
            Author::Local => member.is_local,
            Author::Peer(peer) => member.peer == peer,
            Author::Game => false,
        };
        let member = lobby.members.iter().find(is_author)?;
        let chosen = chosen_color(&choices, member);
        Some(palette::player(chosen.unwrap_or_else(|| ships.of(member.place.0))))
    };
    for (&LineName(at), mut text, mut color) in &mut names {
        let line = lines.get(at);
        let name = line.filter(|line| !line.name.is_empty());
        let name = name.map(|line| format!("{}: ", line.name)).unwrap_or_default();
        text.set_if_neq(Text(name));
        let author = line.and_then(|line| color_of(line.author));
        color.set_if_neq(TextColor(author.unwrap_or(palette::FAINT)));
    }
    for (&LineText(at), mut text, mut color) in &mut texts {
        let line = lines.get(at);
        let wanted = line.map_or("", |line| &line.text);
        if text.0 != wanted {
            text.0 = wanted.to_owned();
        }
        let is_game = line.is_some_and(|line| line.author == Author::Game);
        color.set_if_neq(TextColor(if is_game { palette::ACCENT } else { palette::TEXT }));
    }
}

fn show_draft(
    draft: Res<Draft>,
    lobby: Res<CurrentLobby>,
    mut texts: Query<(&mut Text, &mut TextColor), With<Typed>>,
) {
    let enter_starts = may_start(&lobby);
    let (wanted, color) = match draft.open {
        // The end of a long line is what is being typed.
        true => {
            let hidden = draft.text.chars().count().saturating_sub(80);
            let end: String = draft.text.chars().skip(hidden).collect();
            let before = if hidden > 0 { "…" } else { "" };
            (format!("say: {before}{end}_"), palette::ACCENT)
        }
        false if enter_starts => ("T to talk".into(), palette::FAINT),
        false => ("T or ENTER to talk".into(), palette::FAINT),
    };
    for (mut text, mut text_color) in &mut texts {
        text.set_if_neq(Text(wanted.clone()));
        text_color.set_if_neq(TextColor(color));
    }
}
