//! The panel in the centre: the invite in the lobby, the countdown, the result, and the reason for which a match ended.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::text::font;

use super::keys::Vote;
use super::{Invite, palette};
use crate::lobby::ShipColors;
use crate::names;
use crate::sim::{Phase, Round, RoundRules, Score, Ship};
use crate::standings::Standings;

/// Fills the window, with the panel in its centre.
#[derive(Component)]
pub(super) struct Screen;

#[derive(Component)]
struct Panel;

#[derive(Component, Clone, Copy)]
enum Line {
    Title,
    Body,
    Hint,
}

/// The keys of the game.
const KEYS: &str = "WASD or arrows fly, SPACE fires, SHIFT dashes";
/// What to do outside of a room. A page has buttons for this, and cannot quit.
const JOIN_AGAIN: &str = if cfg!(target_arch = "wasm32") {
    "press J to join again"
} else {
    "press J to join again, ESC to quit"
};

/// What to do after a round. A page has a button for this.
const NEXT: &str = if cfg!(target_arch = "wasm32") {
    "R or the button below: a rematch"
} else {
    "press R for a rematch, ESC to leave"
};

/// The texts of the panel. Empty lines are left out, and an empty panel is hidden.
#[derive(Default)]
struct Words {
    title: String,
    body: String,
    hint: String,
    color: Option<Color>,
}

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, build).add_systems(Update, show);
}

fn build(mut commands: Commands) {
    let screen = Node {
        position_type: PositionType::Absolute,
        width: percent(100),
        height: percent(100),
        align_items: AlignItems::Center,
        justify_content: JustifyContent::Center,
        ..Node::default()
    };
    let panel = Node { row_gap: px(14), padding: UiRect::axes(px(48), px(28)), ..self::panel() };
    commands.spawn((Screen, screen)).with_children(|screen| {
        screen.spawn((Panel, panel, palette::panel(), Visibility::Hidden)).with_children(|panel| {
            line(panel, Line::Title, 52.0, palette::TEXT);
            line(panel, Line::Body, 22.0, palette::TEXT);
            line(panel, Line::Hint, 20.0, palette::ACCENT);
        });
    });
}

/// A panel in the centre of the window, with lines of text below each other.
pub fn panel() -> Node {
    Node {
        flex_direction: FlexDirection::Column,
        align_items: AlignItems::Center,
        border: UiRect::all(px(2)),
        border_radius: BorderRadius::all(px(10)),
        max_width: percent(96),
        ..Node::default()
    }
}

/// Adds a line to a panel, which is told from the others by a component.
pub fn line(panel: &mut ChildSpawnerCommands, line: impl Component, size: f32, color: Color) {
    let centered = TextLayout { justify: Justify::Center, ..TextLayout::default() };
    panel.spawn((line, Node::default(), Text::default(), font(size), TextColor(color), centered));
}

fn show(
    (state, invite, room): (Res<State<NetplayState>>, Res<Invite>, Res<CurrentRoom>),
    (round, rules, vote): (Res<Round>, Res<RoundRules>, Res<Vote>),
    (this_match, end_reason): (Option<Res<CurrentMatch>>, Res<LastEndReason>),
    (links, colors): (Res<PeerLinks>, Res<ShipColors>),
    ships: Query<(&Ship, &Score)>,
    mut panels: Query<&mut Visibility, With<Panel>>,
    mut lines: Query<(&Line, &mut Text, &mut TextColor, &mut Node)>,
) {
    let words = match state.get() {
        NetplayState::Offline => Words {
            title: "ARENA".into(),
            body: "You are not in a room.".into(),
            hint: JOIN_AGAIN.into(),
            color: None,
        },
        NetplayState::Connecting => Words {
            title: "CONNECTING".into(),
            body: format!("to {}", invite.server),
            ..Words::default()
        },
        // The list of members is there instead.
        NetplayState::Lobby if room.least.is_some() => Words::default(),
        NetplayState::Lobby => Words {
            title: "WAITING FOR PLAYERS".into(),
            body: format!(
                "Invite somebody to this room{}:\n\nserver  {}\nroom  {}",
                room.players.map(|players| format!(" of {players}")).unwrap_or_default(),
                invite.server,
                invite.room
            ),
            hint: invite.how_to_join.clone(),
            color: None,
        },
        NetplayState::Synchronizing => Words { title: "GET READY".into(), ..Words::default() },
        NetplayState::Playing => {
            let own = this_match.map(|this_match| this_match.local_player.0);
            let standings = ships.iter().map(|(ship, score)| (ship.player, score.0)).collect();
            let hint = match vote.0 {
                // The lobby comes next.
                _ if rules.ends_match => "",
                true => "waiting for the others",
                false => NEXT,
            };
            in_play(
                &round,
                (own, &standings, hint),
                |player| palette::player(colors.of(player)),
                |player| names::full(&links, PlayerHandle(player)),
                rules.frames,
            )
        }
        _ => Words {
            title: match end_reason.0 {
                Some(EndReason::Kicked { .. }) => "YOU WERE REMOVED".into(),
                _ => "THE MATCH HAS ENDED".into(),
            },
            body: end_reason.0.as_ref().map(ToString::to_string).unwrap_or_default(),
            hint: JOIN_AGAIN.into(),
            color: None,
        },
    };

    for mut visibility in &mut panels {
        let shown = !words.title.is_empty();
        visibility.set_if_neq(if shown { Visibility::Visible } else { Visibility::Hidden });
    }
    for (line, mut text, mut color, mut node) in &mut lines {
        let wanted = match line {
            Line::Title => &words.title,
            Line::Body => &words.body,
            Line::Hint => &words.hint,
        };
        if text.0 != *wanted {
            text.0.clone_from(wanted);
        }
        if let Line::Title = line {
            color.set_if_neq(TextColor(words.color.unwrap_or(palette::TEXT)));
        }
        let display = if wanted.is_empty() { Display::None } else { Display::Flex };
        if node.display != display {
            node.display = display;
        }
    }
}

fn in_play(
    round: &Round,
    (own, standings, hint): (Option<u8>, &Standings, &str),
    color_of: impl Fn(u8) -> Color,
    name_of: impl Fn(u8) -> String,
    frames: u16,
) -> Words {
    match round.phase {
        Phase::Countdown => Words {
            title: round.frames_left.div_ceil(40).to_string(),
            body: format!("Destroy the most ships in {} seconds to win", frames / 60),
            hint: KEYS.into(),
            color: own.map(color_of),
        },
        Phase::Fight => Words::default(),
        Phase::Result => {
            let table: Vec<_> = standings
                .iter()
                .map(|(player, score)| {
                    let name = if own == Some(player) { "you".into() } else { name_of(player) };
                    format!("{name:<12}{score:>3}")
                })
                .collect();
            Words {
                title: standings.title(own, &name_of),
                body: table.join("\n"),
                hint: hint.into(),
                color: standings.winner().map(color_of),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_covers_the_arena_during_the_fight() {
        let round = Round { phase: Phase::Fight, frames_left: 100 };
        let standings = [(0, 0)].into_iter().collect();
        let color_of = |_| palette::TEXT;
        let words = in_play(&round, (Some(0), &standings, ""), color_of, |_| "Ann".into(), 3600);
        assert!(words.title.is_empty());
    }
}
