//! The panel in the centre: the invite in the lobby, the countdown, the result, and the reason for which a match ended.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::text::font;

use super::keys::Vote;
use super::{Invite, names, palette};
use crate::sim::{Phase, Round, Score, Ship};

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
    let panel = Node {
        flex_direction: FlexDirection::Column,
        align_items: AlignItems::Center,
        row_gap: px(14),
        padding: UiRect::axes(px(48), px(28)),
        border: UiRect::all(px(2)),
        border_radius: BorderRadius::all(px(10)),
        max_width: percent(96),
        ..Node::default()
    };
    let centered = TextLayout { justify: Justify::Center, ..TextLayout::default() };
    commands.spawn(screen).with_children(|screen| {
        let colors = (BackgroundColor(palette::PANEL), BorderColor::all(palette::WALL_EDGE));
        screen.spawn((Panel, panel, colors, Visibility::Hidden)).with_children(|panel| {
            let mut line = |line: Line, size: f32, color: Color| {
                panel.spawn((
                    line,
                    Node::default(),
                    Text::default(),
                    font(size),
                    TextColor(color),
                    centered,
                ));
            };
            line(Line::Title, 52.0, palette::TEXT);
            line(Line::Body, 22.0, palette::TEXT);
            line(Line::Hint, 20.0, palette::ACCENT);
        });
    });
}

fn show(
    (state, invite, room): (Res<State<NetplayState>>, Res<Invite>, Res<CurrentRoom>),
    (round, vote): (Res<Round>, Res<Vote>),
    (this_match, end_reason): (Option<Res<CurrentMatch>>, Res<LastEndReason>),
    links: Res<PeerLinks>,
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
            in_play(
                &round,
                own,
                vote.0,
                ships.iter().map(|(ship, score)| (ship.player, score.0)).collect(),
                |player| names::full(&links, PlayerHandle(player)),
            )
        }
        _ => Words {
            title: "THE MATCH HAS ENDED".into(),
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
    own: Option<u8>,
    voted: bool,
    mut scores: Vec<(u8, u16)>,
    name_of: impl Fn(u8) -> String,
) -> Words {
    match round.phase {
        Phase::Countdown => Words {
            title: round.frames_left.div_ceil(40).to_string(),
            body: "Destroy the most ships in a minute to win".into(),
            hint: KEYS.into(),
            color: own.map(palette::player),
        },
        Phase::Fight => Words::default(),
        Phase::Result => {
            // The best player first; equal ones in the order of the players.
            scores.sort_by_key(|&(player, score)| (std::cmp::Reverse(score), player));
            let draw = scores.len() > 1 && scores[0].1 == scores[1].1;
            let (title, color) = match scores.first() {
                Some(_) if draw => ("A DRAW".into(), None),
                Some(&(player, _)) if own == Some(player) => {
                    ("YOU WIN".into(), Some(palette::player(player)))
                }
                Some(&(winner, _)) => {
                    let title = format!("{} WINS", name_of(winner).to_uppercase());
                    (title, Some(palette::player(winner)))
                }
                None => ("THE ROUND IS OVER".into(), None),
            };
            let table: Vec<_> = scores
                .iter()
                .map(|&(player, score)| {
                    let name = if own == Some(player) { "you".into() } else { name_of(player) };
                    format!("{name:<12}{score:>3}")
                })
                .collect();
            let hint = if voted { "waiting for the others" } else { NEXT };
            Words { title, body: table.join("\n"), hint: hint.into(), color }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(player: u8) -> String {
        ["Ann", "player 2", "player 3"][usize::from(player)].into()
    }

    fn result(own: u8, scores: &[(u8, u16)]) -> String {
        let round = Round { phase: Phase::Result, frames_left: 0 };
        in_play(&round, Some(own), false, scores.to_vec(), name_of).title
    }

    #[test]
    fn the_result_names_the_winner_as_this_player_sees_it() {
        assert_eq!(result(0, &[(0, 1), (1, 4)]), "PLAYER 2 WINS");
        assert_eq!(result(1, &[(0, 1), (1, 4)]), "YOU WIN");
        assert_eq!(result(1, &[(0, 5), (1, 4)]), "ANN WINS");
        assert_eq!(result(1, &[(0, 4), (1, 4), (2, 1)]), "A DRAW");
    }

    #[test]
    fn nothing_covers_the_arena_during_the_fight() {
        let round = Round { phase: Phase::Fight, frames_left: 100 };
        assert!(in_play(&round, Some(0), false, vec![(0, 0)], name_of).title.is_empty());
    }
}
