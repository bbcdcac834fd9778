//! The list of members, what they have chosen, the result of the last match, and the keys.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::protocol::limits::MAX_PLAYERS;
use example_runner::text::font;

use super::super::overlay::{self, line};
use super::super::{Invite, palette};
use super::{Selected, chat_box};
use crate::chat::ChatLog;
use crate::lobby::{ArenaLobby, LastResult, RoundLength, ShownMember, is_shown, members};

/// How many members there are lines for.
const LINES: usize = MAX_PLAYERS as usize;

#[derive(Component)]
struct Panel;

#[derive(Component, Clone, Copy)]
enum Line {
    Title,
    Scores,
    Invitation,
    Round,
    Keys,
    KeysOfFirst,
}

#[derive(Component)]
struct Row(usize);

#[derive(Component, Clone, Copy)]
enum Cell {
    Name(usize),
    Status(usize),
}

#[derive(Component)]
struct Swatch(usize);

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, build)
        .add_systems(Update, (show_panel, (show_rows, show_lines).run_if(is_shown)));
}

fn build(mut commands: Commands) {
    let screen = Node {
        position_type: PositionType::Absolute,
        top: px(50),
        bottom: px(chat_box::TAKEN),
        width: percent(100),
        align_items: AlignItems::Center,
        justify_content: JustifyContent::Center,
        ..Node::default()
    };
    let panel = Node {
        row_gap: px(7),
        padding: UiRect::axes(px(36), px(14)),
        width: px(820),
        ..overlay::panel()
    };
    commands.spawn(screen).with_children(|screen| {
        screen.spawn((Panel, panel, palette::panel(), Visibility::Hidden)).with_children(|panel| {
            line(panel, Line::Title, 36.0, palette::TEXT);
            line(panel, Line::Scores, 18.0, palette::TEXT);
            (0..LINES).for_each(|number| row(panel, number));
            line(panel, Line::Round, 17.0, palette::TEXT);
            line(panel, Line::Invitation, 15.0, palette::FAINT);
            line(panel, Line::Keys, 15.0, palette::ACCENT);
            line(panel, Line::KeysOfFirst, 15.0, palette::ACCENT);
        });
    });
}

/// A line of the list: colour, name, what the member does.
fn row(panel: &mut ChildSpawnerCommands, number: usize) {
    let row = Node {
        display: Display::None,
        width: px(560),
        max_width: percent(100),
        align_items: AlignItems::Center,
        column_gap: px(12),
        padding: UiRect::axes(px(10), px(2)),
        border_radius: BorderRadius::all(px(4)),
        ..Node::default()
    };
    panel.spawn((Row(number), row, BackgroundColor(Color::NONE))).with_children(|row| {
        let swatch = Node { width: px(18), height: px(18), ..Node::default() };
        row.spawn((Swatch(number), swatch, BackgroundColor(Color::NONE)));
        let cell = |cell, node| (cell, node, Text::default(), font(19.0), TextColor(palette::TEXT));
        row.spawn(cell(Cell::Name(number), Node { flex_grow: 1.0, ..Node::default() }));
        row.spawn(cell(Cell::Status(number), Node::default()));
    });
}

fn show_panel(
    state: Res<State<NetplayState>>,
    room: Res<CurrentRoom>,
    mut panels: Query<&mut Visibility, With<Panel>>,
) {
    let shown = is_shown(state, room);
    for mut visibility in &mut panels {
        visibility.set_if_neq(if shown { Visibility::Visible } else { Visibility::Hidden });
    }
}

fn show_rows(
    (lobby, choices): (Res<CurrentLobby>, Res<ArenaLobby>),
    (links, log, selected): (Res<PeerLinks>, Res<ChatLog>, Res<Selected>),
    mut rows: Query<(&Row, &mut Node, &mut BackgroundColor)>,
    mut swatches: Query<(&Swatch, &mut BackgroundColor), Without<Row>>,
    mut cells: Query<(&Cell, &mut Text, &mut TextColor)>,
) {
    let members = members(&lobby, &choices, &links, &log);
    for (&Row(at), mut node, mut background) in &mut rows {
        let display = if at < members.len() { Display::Flex } else { Display::None };
        if node.display != display {
            node.display = display;
        }
        let is_selected = at == selected.0 && members.len() > 1;
        let color = if is_selected { palette::GRID } else { Color::NONE };
        background.set_if_neq(BackgroundColor(color));
    }
    for (&Swatch(at), mut background) in &mut swatches {
        let color = members.get(at).map_or(Color::NONE, |member| palette::player(member.color));
        background.set_if_neq(BackgroundColor(color));
    }
    for (&cell, mut text, mut color) in &mut cells {
        let (Cell::Name(at) | Cell::Status(at)) = cell;
        let Some(member) = members.get(at) else { continue };
        let (wanted, wanted_color) = match cell {
            Cell::Name(_) => (name(member), palette::TEXT),
            Cell::Status(_) if member.ready => (member.status.into(), palette::player(2)),
            Cell::Status(_) => (member.status.into(), palette::FAINT),
        };
        text.set_if_neq(Text(wanted));
        color.set_if_neq(TextColor(wanted_color));
    }
}

fn name(member: &ShownMember) -> String {
    let mut name = member.name.clone();
    for (holds, word) in [(member.is_first, "first player"), (member.muted, "muted")] {
        if holds {
            name = format!("{name}  ({word})");
        }
    }
    name
}

fn show_lines(
    (lobby, room, choices): (Res<CurrentLobby>, Res<CurrentRoom>, Res<ArenaLobby>),
    (last, invite): (Res<LastResult>, Res<Invite>),
    mut lines: Query<(&Line, &mut Text, &mut TextColor, &mut Node)>,
) {
    for (line, mut text, mut color, mut node) in &mut lines {
        let wanted = match line {
            Line::Title => title(&lobby, &last),
            Line::Scores => scores(&last),
            Line::Invitation => {
                format!("room {} on {}\n{}", invite.room, invite.server, invite.how_to_join)
            }
            Line::Round => round(&room, &lobby, choices.room().length),
            Line::Keys => keys(&lobby),
            Line::KeysOfFirst if lobby.is_first() => keys_of_first(&lobby),
            Line::KeysOfFirst => String::new(),
        };
        let display = if wanted.is_empty() { Display::None } else { Display::Flex };
        text.set_if_neq(Text(wanted));
        if node.display != display {
            node.display = display;
        }
        if let (Line::Title, None) = (line, lobby.countdown) {
            let winner = last.0.as_ref().and_then(|result| result.color);
            color.set_if_neq(TextColor(winner.map_or(palette::TEXT, palette::player)));
        }
    }
}

fn title(lobby: &CurrentLobby, last: &LastResult) -> String {
    match (&lobby.countdown, &last.0) {
        (Some(left), _) => format!("STARTS IN {}", left.as_millis().div_ceil(1000)),
        (None, _) if lobby.others_play() => "THE OTHERS PLAY".into(),
        (None, Some(result)) => result.title.clone(),
        (None, None) => "LOBBY".into(),
    }
}

fn scores(last: &LastResult) -> String {
    let scores = last.0.iter().flat_map(|result| &result.scores);
    let scores: Vec<_> = scores.map(|(name, score)| format!("{name} {score}")).collect();
    scores.join("   ")
}

fn round(room: &CurrentRoom, lobby: &CurrentLobby, length: RoundLength) -> String {
    let (there, least) = (lobby.players(), lobby.least.unwrap_or(2));
    let most = room.players.unwrap_or(least);
    format!(
        "{there} of {most} players, {least} are enough   |   {} seconds a round",
        length.frames() / 60
    )
}

fn keys(lobby: &CurrentLobby) -> String {
    if lobby.others_play() {
        return "you play the next match".into();
    }
    let ready = if lobby.local().is_some_and(|local| local.ready) { "not ready" } else { "ready" };
    format!("SPACE {ready}   C colour   UP, DOWN select   M mute   ESC leave")
}

fn keys_of_first(lobby: &CurrentLobby) -> String {
    let start = if lobby.countdown.is_some() { "stop" } else { "start now" };
    format!("ENTER {start}   L length   K remove   B remove for good")
}
