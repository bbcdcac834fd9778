//! The chat: lines of text from player to player, in the lobby and after a match.

mod rules;

use std::collections::BTreeMap;

use bevy::prelude::*;
use bevy::time::Real;
use bevy_netplay::PeerMessageFailed;
use bevy_netplay::messages::{PeerKicked, PeerLeft};
use bevy_netplay::prelude::*;
use serde::{Deserialize, Serialize};

use crate::names;
use crate::sim::{Phase, Round};

pub use rules::{Author, ChatLine, ChatLog, MAX_CHARACTERS, MAX_LINES, NotSent};

/// The longest line as it is sent: four bytes a character, and its length.
const MAX_BYTES: u32 = 4 * MAX_CHARACTERS as u32 + 2;

/// A line of the chat, as it travels.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// The line. A peer can send any text: [`ChatLog`] makes it fit to be shown.
    pub text: String,
}

/// Something that the local player says.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct Say(pub String);

/// Registers the message. Every App of the game has it, so that nobody is refused one.
pub fn register(app: &mut App) {
    app.add_peer_message::<Chat>(PeerMessageOptions::reliable("chat", 1).max_bytes(MAX_BYTES));
}

/// Sends and receives lines. What shows them reads [`ChatLog`].
pub fn plugin(app: &mut App) {
    register(app);
    app.init_resource::<ChatLog>()
        .init_resource::<Present>()
        .add_message::<Say>()
        .add_systems(OnEnter(NetplayState::Connecting), |mut log: ResMut<ChatLog>| log.clear())
        .add_systems(
            Update,
            (send, learn_names, receive, note_failures, note_departures, forget_names).chain(),
        );
}

/// A run condition: players can talk. Not while they fight.
pub fn is_open(state: Res<State<NetplayState>>, round: Res<Round>) -> bool {
    match state.get() {
        NetplayState::Lobby => true,
        NetplayState::Playing => round.phase == Phase::Result,
        _ => false,
    }
}

/// The names of those who are in the room: one who has left has no link any more.
#[derive(Resource, Default)]
struct Present(BTreeMap<PeerKey, String>);

impl Present {
    fn name(&self, peer: PeerKey) -> &str {
        self.0.get(&peer).map_or("somebody", String::as_str)
    }
}

/// A name may come with the first line.
fn learn_names(links: Res<PeerLinks>, mut present: ResMut<Present>) {
    let name = |peer: PeerKey, player: Option<PlayerHandle>| {
        let number = || player.map(|player| player.to_string());
        names::of_peer(&links, peer).or_else(number).unwrap_or_else(|| "somebody".into())
    };
    for link in links.iter() {
        present.0.insert(link.peer, name(link.peer, link.player));
    }
}

/// Those who have left have no name from now on.
fn forget_names(links: Res<PeerLinks>, mut present: ResMut<Present>) {
    present.0.retain(|peer, _| links.iter().any(|link| link.peer == *peer));
}

fn send(
    mut said: MessageReader<Say>,
    mut log: ResMut<ChatLog>,
    mut chat: PeerMessageWriter<Chat>,
    time: Res<Time<Real>>,
) {
    for Say(text) in said.read() {
        let Ok(text) = log.handle_local(time.elapsed(), text) else { continue };
        if let Err(error) = chat.write_to_all(&Chat { text }) {
            log.note(&format!("not sent: {error}"));
        }
    }
}

fn receive(
    mut lines: MessageReader<FromPeer<Chat>>,
    mut log: ResMut<ChatLog>,
    present: Res<Present>,
    time: Res<Time<Real>>,
) {
    for FromPeer { peer, message, .. } in lines.read() {
        log.handle_line(time.elapsed(), *peer, present.name(*peer), &message.text);
    }
}

/// The chat is the only message of this game.
fn note_failures(
    mut failed: MessageReader<PeerMessageFailed>,
    mut log: ResMut<ChatLog>,
    present: Res<Present>,
) {
    for PeerMessageFailed { peer, reason, .. } in failed.read() {
        log.note(&format!("{} did not get your line: {reason}", present.name(*peer)));
    }
}

fn note_departures(
    (mut kicked, mut left): (MessageReader<PeerKicked>, MessageReader<PeerLeft>),
    mut log: ResMut<ChatLog>,
    present: Res<Present>,
) {
    let mut removed = Vec::new();
    for PeerKicked { peer, banned, .. } in kicked.read() {
        let for_good = if *banned { " for good" } else { "" };
        log.note(&format!("{} was removed from the room{for_good}", present.name(*peer)));
        removed.push(*peer);
    }
    for PeerLeft { peer, .. } in left.read() {
        if !removed.contains(peer) && present.0.contains_key(peer) {
            log.note(&format!("{} left", present.name(*peer)));
        }
    }
}
