//! The lobby and the chat of the page, which are in HTML.
//!
//! The game dispatches events of the type `game` whose details are `{lobby}` and `{chat}`, when something of them has
//! changed; the page calls [`wish`] and [`say`].

use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};

use arena::chat::{self, Author, ChatLog, Say};
use arena::lobby::{self, ArenaLobby, LastResult, LobbyWish, ShownMember, members};
use arena::sim::Round;
use arena::view::css_color;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::page::send;
use serde::Serialize;

static WISHES: Mutex<Vec<LobbyWish>> = Mutex::new(Vec::new());
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Queues an action of the page, about a peer where it concerns one. Unknown ones are ignored.
pub fn wish(what: &str, peer: &str) {
    let about = |wish: fn(PeerKey) -> LobbyWish| PeerKey::from_str(peer).ok().map(wish);
    let wish = match what {
        "ready" => Some(LobbyWish::Ready),
        "start" => Some(LobbyWish::Start),
        "color" => Some(LobbyWish::NextColor),
        "length" => Some(LobbyWish::NextLength),
        "kick" => about(LobbyWish::Kick),
        "ban" => about(LobbyWish::Ban),
        "mute" => about(LobbyWish::Mute),
        _ => None,
    };
    WISHES.lock().unwrap_or_else(PoisonError::into_inner).extend(wish);
}

/// Queues a line that the player has typed.
pub fn say(text: &str) {
    SAID.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
}

/// Tells the page of the lobby and the chat, and does what the page asks for.
pub fn plugin(app: &mut App) {
    app.add_systems(PreUpdate, ask).add_systems(Last, (tell_lobby, tell_chat));
}

fn ask(mut wishes: MessageWriter<LobbyWish>, mut said: MessageWriter<Say>) {
    wishes.write_batch(WISHES.lock().unwrap_or_else(PoisonError::into_inner).drain(..));
    said.write_batch(SAID.lock().unwrap_or_else(PoisonError::into_inner).drain(..).map(Say));
}

#[derive(Serialize)]
struct LobbyEvent {
    /// None where there is nothing to show.
    lobby: Option<ToldLobby>,
}

/// What the page shows of the lobby.
#[derive(Serialize, Clone, PartialEq)]
struct ToldLobby {
    members: Vec<ToldMember>,
    /// Whether the local player is the room's first one.
    first: bool,
    least: Option<u8>,
    /// How many players there are, and how many the room is for.
    there: usize,
    players: Option<u8>,
    /// How many seconds it takes until the match starts.
    countdown: Option<u64>,
    /// Others play, and the local player waits.
    waits: bool,
    /// The length of a round, in seconds.
    seconds: u16,
    result: Option<ToldResult>,
}

#[derive(Serialize, Clone, PartialEq)]
struct ToldMember {
    peer: String,
    name: String,
    color: String,
    status: &'static str,
    local: bool,
    ready: bool,
    first: bool,
    muted: bool,
}

#[derive(Serialize, Clone, PartialEq)]
struct ToldResult {
    title: String,
    /// That of the winner.
    color: Option<String>,
    scores: Vec<(String, u16)>,
}

fn tell_lobby(
    (state, room): (Res<State<NetplayState>>, Res<CurrentRoom>),
    (current, choices, last): (Res<CurrentLobby>, Res<ArenaLobby>, Res<LastResult>),
    (links, log): (Res<PeerLinks>, Res<ChatLog>),
    mut told: Local<Option<ToldLobby>>,
) {
    let players = room.players;
    let lobby = lobby::is_shown(state, room).then(|| ToldLobby {
        members: members(&current, &choices, &links, &log)
            .into_iter()
            .map(|member| ToldMember {
                peer: member.peer.to_string(),
                name: member.name,
                color: css_color(member.color),
                status: member.status,
                local: member.is_local,
                ready: member.ready,
                first: member.is_first,
                muted: member.muted,
            })
            .collect(),
        first: current.is_first(),
        least: current.least,
        there: current.players(),
        players,
        countdown: current.countdown.map(|left| left.as_millis().div_ceil(1000) as u64),
        waits: current.others_play(),
        seconds: choices.room().length.frames() / 60,
        result: last.0.clone().map(|result| ToldResult {
            title: result.title,
            color: result.color.map(css_color),
            scores: result.scores,
        }),
    });
    if *told != lobby {
        told.clone_from(&lobby);
        send(&LobbyEvent { lobby });
    }
}

#[derive(Serialize)]
struct ChatEvent {
    chat: ToldChat,
}

/// What the page shows of the chat.
#[derive(Serialize, Clone, PartialEq, Default)]
struct ToldChat {
    /// Whether players can talk now, and there is somebody to talk to.
    open: bool,
    lines: Vec<ToldLine>,
    /// Others whose lines can be hidden.
    others: Vec<ToldOther>,
}

#[derive(Serialize, Clone, PartialEq)]
struct ToldLine {
    number: u64,
    /// Empty where the game says something.
    name: String,
    color: Option<String>,
    text: String,
}

#[derive(Serialize, Clone, PartialEq)]
struct ToldOther {
    peer: String,
    name: String,
    muted: bool,
}

fn tell_chat(
    (state, round): (Res<State<NetplayState>>, Res<Round>),
    (current, choices): (Res<CurrentLobby>, Res<ArenaLobby>),
    (links, log): (Res<PeerLinks>, Res<ChatLog>),
    mut told: Local<ToldChat>,
) {
    if !chat::is_open(state, round) {
        // Nothing is put together in the middle of a match.
        if std::mem::take(&mut told.open) {
            send(&ChatEvent { chat: told.clone() });
        }
        return;
    }
    let members = members(&current, &choices, &links, &log);
    let others = members.iter().filter(|member| !member.is_local).map(|member| ToldOther {
        peer: member.peer.to_string(),
        name: member.name.clone(),
        muted: member.muted,
    });
    let color_of = |author: Author| {
        let is_author = |member: &&ShownMember| match author {
            Author::Local => member.is_local,
            Author::Peer(peer) => member.peer == peer,
            Author::Game => false,
        };
        members.iter().find(is_author).map(|member| css_color(member.color))
    };
    let lines = log.lines().map(|line| ToldLine {
        number: line.number,
        name: line.name.clone(),
        color: color_of(line.author),
        text: line.text.clone(),
    });
    let (lines, others): (Vec<_>, Vec<_>) = (lines.collect(), others.collect());
    let open = !(others.is_empty() && lines.is_empty());
    let chat = ToldChat { open, lines, others };
    if *told != chat {
        told.clone_from(&chat);
        send(&ChatEvent { chat });
    }
}
