//! [`CurrentLobby`]: the members of the room, who of them is ready, and the countdown to the next match.

use std::time::Duration;

use bevy::prelude::*;
use netplay_core::room::LobbyOverview;
use netplay_protocol::PeerKey;

use crate::reflect::{OptionalPeerKey, ReflectedPeerKey};
use crate::session::Session;
use crate::{CurrentRoom, PlayerHandle};

/// The members of the room, before, between and while matches are played.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// fn show(lobby: Res<CurrentLobby>) {
///     for member in &lobby.members {
///         println!("{}: {}", member.place, if member.ready { "ready" } else { "waits" });
///     }
///     if let Some(countdown) = lobby.countdown {
///         println!("starts in {} s", countdown.as_secs() + 1);
///     }
/// }
///
/// App::new().add_systems(Update, show.run_if(in_lobby));
/// ```
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Resource, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CurrentLobby {
    /// With how many players a match starts at least, once all are ready. None where the first match starts when the room
    /// is full.
    pub least: Option<u8>,
    /// The room's first player, who sets the room's value and can start a match with those who are there.
    #[reflect(remote = OptionalPeerKey)]
    pub first: Option<PeerKey>,
    /// The members of the room, in the order in which they joined.
    pub members: Vec<LobbyMember>,
    /// How long until the match starts, while a countdown runs. Zero while the players agree on its seed.
    pub countdown: Option<Duration>,
}

/// A member of the room.
#[derive(Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Debug, PartialEq)]
#[non_exhaustive]
pub struct LobbyMember {
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// The place of its first player in the room. In a match in which not all play, its player may be another one.
    pub place: PlayerHandle,
    /// How many players it brings: they have this place and those that follow.
    pub players: u8,
    /// Whether it is this peer.
    pub is_local: bool,
    /// Whether everything is known that it has to say: it is connected, or was.
    pub known: bool,
    /// Whether it is ready for the next match.
    pub ready: bool,
    /// Whether it plays a match. Not while it only comes to the end of one that is over here.
    pub playing: bool,
}

impl CurrentLobby {
    /// Whether this peer is the room's first player.
    pub fn is_first(&self) -> bool {
        self.local().is_some_and(|local| Some(local.peer) == self.first)
    }

    /// How many players the members bring.
    pub fn players(&self) -> usize {
        self.members.iter().map(|member| usize::from(member.players)).sum()
    }

    /// Whether others play a match, and this peer waits for the next one.
    pub fn others_play(&self) -> bool {
        self.local().is_some_and(|local| !local.playing)
            && self.members.iter().any(|member| member.playing)
    }

    /// This peer in the lobby.
    pub fn local(&self) -> Option<&LobbyMember> {
        self.members.iter().find(|member| member.is_local)
    }
}

/// What the room has shown of its lobby last.
#[derive(Resource, Debug, Default)]
pub(crate) struct LobbyOverviewSeen(pub(crate) Option<LobbyOverview>);

/// Shows what the room shows of its lobby.
pub(crate) fn update_lobby(
    overview: Res<LobbyOverviewSeen>,
    room: Res<CurrentRoom>,
    mut lobby: ResMut<CurrentLobby>,
) {
    let Some(overview) = &overview.0 else {
        lobby.set_if_neq(CurrentLobby::default());
        return;
    };
    let mut next = 0;
    let mut place = |players: u8| {
        let first = next;
        next += usize::from(players);
        PlayerHandle::from(first)
    };
    let member = |member: &netplay_core::room::LobbyMember| LobbyMember {
        peer: member.peer,
        place: place(member.players),
        players: member.players,
        is_local: room.local_peer == Some(member.peer),
        known: member.value.is_some(),
        ready: member.ready,
        playing: member.playing,
    };
    let countdown = lobby.countdown;
    lobby.set_if_neq(CurrentLobby {
        least: overview.least,
        first: overview.first,
        members: overview.members.iter().map(member).collect(),
        countdown,
    });
}

/// Shows how long it takes until the match starts.
pub(crate) fn update_countdown(
    session: Res<Session>,
    time: Res<Time<Real>>,
    mut lobby: ResMut<CurrentLobby>,
) {
    let countdown = session.time_to_start(time.elapsed());
    if lobby.countdown != countdown {
        lobby.countdown = countdown;
    }
}

/// A run condition: a countdown to a match runs.
pub fn in_countdown(lobby: Option<Res<CurrentLobby>>) -> bool {
    lobby.is_some_and(|lobby| lobby.countdown.is_some())
}

/// A run condition: others of the room play a match, and this peer waits for the next one.
pub fn others_play(lobby: Option<Res<CurrentLobby>>) -> bool {
    lobby.is_some_and(|lobby| lobby.others_play())
}
