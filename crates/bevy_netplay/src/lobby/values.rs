//! [`LobbyState`]: a value of each player and one of the room, which all see, and [`MatchLobby`], what of them a match
//! started with.

use std::any::type_name;

use bevy::prelude::*;
use bevy::reflect::TypePath;
use netplay_core::room::LobbyOverview;
use netplay_protocol::limits::MAX_LOCAL_PLAYERS;
use netplay_protocol::{LobbyValues, PeerKey};
use serde::{Serialize, de::DeserializeOwned};

use super::LobbyOverviewSeen;
use crate::rollback::serde_shape;
use crate::session::Session;
use crate::{NetplayState, NetplaySystems, PlayerHandle};

/// What a value of the lobby can be. Its postcard encoding has at most 1,024 bytes.
pub trait LobbyValue:
    Serialize + DeserializeOwned + Clone + Default + PartialEq + TypePath + Send + Sync + 'static
{
}

impl<T> LobbyValue for T where
    T: Serialize
        + DeserializeOwned
        + Clone
        + Default
        + PartialEq
        + TypePath
        + Send
        + Sync
        + 'static
{
}

/// The values of the lobby: one of each player, which its own peer sets, and one of the room, which the room's first
/// player sets. All see them; who is ready is so for the values that it sees. Opaque to reflection.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Default, PartialEq, Serialize, Deserialize, Reflect)]
/// struct Choice { team: u8 }
///
/// #[derive(Clone, Default, PartialEq, Serialize, Deserialize, Reflect)]
/// struct Arena { map: u8 }
///
/// fn choose(mut lobby: ResMut<LobbyState<Choice, Arena>>) {
///     lobby.set_local(Choice { team: 1 });
/// }
///
/// fn set_up(lobby: Res<MatchLobby<Choice, Arena>>, this_match: Res<CurrentMatch>) {
///     for player in this_match.player_handles() {
///         println!("{player} is in team {}", lobby.player(player).team);
///     }
/// }
///
/// let mut app = App::new();
/// app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
///     .add_lobby_state::<Choice, Arena>()
///     .add_systems(Startup, choose)
///     .add_systems(StartMatch, set_up);
/// ```
#[derive(Resource, Clone, Default, Reflect)]
#[reflect(opaque)]
#[reflect(Resource, Default)]
pub struct LobbyState<P: LobbyValue, R: LobbyValue> {
    local: Vec<P>,
    default: P,
    room: R,
    members: Vec<Member<P>>,
}

/// What is known of a member of the room.
#[derive(Clone)]
struct Member<P> {
    peer: PeerKey,
    revision: u32,
    /// The values of its players; none as long as they are not known.
    values: Vec<P>,
}

impl<P: LobbyValue, R: LobbyValue> LobbyState<P, R> {
    /// Sets the value of this peer's player. It is kept when a room is left, for the next one.
    pub fn set_local(&mut self, value: P) {
        self.set_local_player(0, value);
    }

    /// The value of this peer's player.
    pub fn local(&self) -> &P {
        self.local_player(0)
    }

    /// Sets the value of one of the players that this peer [brings](crate::JoinRoom::local_players), counted from 0. There
    /// are at most four.
    pub fn set_local_player(&mut self, player: usize, value: P) {
        if player >= usize::from(MAX_LOCAL_PLAYERS) {
            return;
        }
        if self.local.len() <= player {
            self.local.resize(player + 1, P::default());
        }
        self.local[player] = value;
    }

    /// The value of one of the players that this peer brings, counted from 0.
    pub fn local_player(&self, player: usize) -> &P {
        self.local.get(player).unwrap_or(&self.default)
    }

    /// Sets the room's value. It counts if this peer is the room's [first player](crate::CurrentLobby::first), or is
    /// about to create the room.
    pub fn set_room(&mut self, value: R) {
        self.room = value;
    }

    /// The room's value.
    pub fn room(&self) -> &R {
        &self.room
    }

    /// The value of a member of the room; of its first player where it brings several. None as long as it is not known.
    pub fn get(&self, peer: PeerKey) -> Option<&P> {
        self.players_of(peer).first()
    }

    /// The values of the players that a member of the room brings. None as long as they are not known.
    pub fn players_of(&self, peer: PeerKey) -> &[P] {
        self.members.iter().find(|member| member.peer == peer).map_or(&[], |member| &member.values)
    }

    /// The members of the room, in the order in which they joined, with the values of their first players as far as they are
    /// known.
    pub fn iter(&self) -> impl Iterator<Item = (PeerKey, Option<&P>)> {
        self.members.iter().map(|member| (member.peer, member.values.first()))
    }

    /// Another number whenever a member changes what it sets, or its game restarts.
    pub fn revision(&self, peer: PeerKey) -> Option<u32> {
        self.members.iter().find(|member| member.peer == peer).map(|member| member.revision)
    }
}

/// The values of the lobby that the match has started with: the same on every peer, also on one that rejoins. There from
/// [`StartMatch`](crate::StartMatch) on. Where matches start when the room is full, and in a match that is played alone, all
/// are the default. Opaque to reflection.
#[derive(Resource, Clone, Default, Reflect)]
#[reflect(opaque)]
#[reflect(Resource, Default)]
pub struct MatchLobby<P: LobbyValue, R: LobbyValue> {
    players: Vec<P>,
    room: R,
    default: P,
}

impl<P: LobbyValue, R: LobbyValue> MatchLobby<P, R> {
    /// The value of a player of the match.
    pub fn player(&self, player: impl Into<PlayerHandle>) -> &P {
        self.players.get(player.into().index()).unwrap_or(&self.default)
    }

    /// The value of the room.
    pub fn room(&self) -> &R {
        &self.room
    }
}

/// The types of the lobby's values.
#[derive(Resource, Default)]
pub(crate) struct LobbyTypes {
    /// Their shapes, which peers compare.
    pub(crate) shape: String,
    set_match_lobby: Option<fn(&mut World, &LobbyValues, &[u8])>,
}

/// Gives [`MatchLobby`] what a match starts with, whose peers bring so many players.
pub(crate) fn set_match_lobby(world: &mut World, values: &LobbyValues, counts: &[u8]) {
    if let Some(set) = world.resource::<LobbyTypes>().set_match_lobby {
        set(world, values, counts);
    }
}

/// Registers what the players of a room share before a match.
pub trait NetplayLobbyApp {
    /// The values of the lobby: of each player and of the room. Peers with other types are refused, as for what rolls
    /// back.
    ///
    /// # Panics
    ///
    /// If it is called twice: there is one value of each player.
    fn add_lobby_state<P: LobbyValue, R: LobbyValue>(&mut self) -> &mut Self;
}

impl NetplayLobbyApp for App {
    fn add_lobby_state<P: LobbyValue, R: LobbyValue>(&mut self) -> &mut Self {
        let mut types = self.world_mut().get_resource_or_init::<LobbyTypes>();
        assert!(types.set_match_lobby.is_none(), "add_lobby_state is called twice: call it once");
        *types = LobbyTypes {
            shape: format!("{}; {}", serde_shape::<P>().text, serde_shape::<R>().text),
            set_match_lobby: Some(|world, values, counts| {
                let peers = values.players.iter().zip(counts);
                world.insert_resource(MatchLobby::<P, R> {
                    players: peers
                        .flat_map(|(bytes, count)| decode_players(bytes, *count))
                        .collect(),
                    room: decode(&values.room),
                    default: P::default(),
                });
            }),
        };
        self.init_resource::<LobbyState<P, R>>()
            .init_resource::<MatchLobby<P, R>>()
            .register_type::<LobbyState<P, R>>()
            .register_type::<MatchLobby<P, R>>()
            .add_systems(
                PreUpdate,
                (
                    write_values::<P, R>.before(NetplaySystems::Receive),
                    read_values::<P, R>
                        .after(NetplaySystems::Receive)
                        .before(NetplaySystems::Simulate)
                        .run_if(resource_exists_and_changed::<LobbyOverviewSeen>),
                ),
            )
    }
}

/// Tells the room the values that are set here.
fn write_values<P: LobbyValue, R: LobbyValue>(
    lobby: Res<LobbyState<P, R>>,
    state: Res<State<NetplayState>>,
    mut failed: Local<bool>,
    session: Res<Session>,
    time: Res<Time<Real>>,
) {
    // Before a match also where nothing has changed: the room may be another one.
    if *state.get() == NetplayState::Playing && !lobby.is_changed() {
        return;
    }
    let players = (0..session.local_players()).map(|player| lobby.local_player(player));
    let set = encode_players(players)
        .and_then(|local| Ok((local, encode(&lobby.room)?)))
        .and_then(|(local, room)| session.set_lobby_values(time.elapsed(), local, room));
    if let Err(error) = set
        && !std::mem::replace(&mut *failed, true)
    {
        error!("a value of the lobby is not shared: {error}");
    }
}

/// Takes in the values that the room has.
fn read_values<P: LobbyValue, R: LobbyValue>(
    overview: Res<LobbyOverviewSeen>,
    mut lobby: ResMut<LobbyState<P, R>>,
) {
    let Some(LobbyOverview { room, members, .. }) = &overview.0 else {
        lobby.members.clear();
        return;
    };
    if let Some(room) = room {
        lobby.room = decode(room);
    }
    let member = |it: &netplay_core::room::LobbyMember| Member {
        peer: it.peer,
        revision: it.revision,
        values: it.value.as_ref().map_or_else(Vec::new, |bytes| decode_players(bytes, it.players)),
    };
    lobby.members = members.iter().map(member).collect();
}

/// The values of the players of a peer, one after the other.
fn encode_players<'a, T: LobbyValue>(
    values: impl Iterator<Item = &'a T> + Clone,
) -> Result<Vec<u8>, String> {
    // What nobody has set is no byte long.
    if values.clone().all(|value| *value == T::default()) {
        return Ok(Vec::new());
    }
    let encoded = values.map(postcard::to_stdvec).collect::<Result<Vec<_>, _>>();
    encoded.map(|it| it.concat()).map_err(|error| format!("{}: {error}", type_name::<T>()))
}

/// The values of so many players of a peer that sent them. What cannot be decoded is the default, on every peer alike.
fn decode_players<T: LobbyValue>(bytes: &[u8], players: u8) -> Vec<T> {
    let mut rest = bytes;
    let next = |_| match postcard::take_from_bytes(rest) {
        Ok((value, after)) if !bytes.is_empty() => {
            rest = after;
            value
        }
        _ => {
            rest = &[];
            T::default()
        }
    };
    (0..players).map(next).collect()
}

fn encode<T: LobbyValue>(value: &T) -> Result<Vec<u8>, String> {
    encode_players(std::iter::once(value))
}

/// A value that a peer sent. What cannot be decoded is the default, on every peer alike.
fn decode<T: LobbyValue>(bytes: &[u8]) -> T {
    decode_players(bytes, 1).pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_peer_are_those_of_its_players() {
        let encoded = encode_players([5_u16, 300].iter()).unwrap();
        assert_eq!(decode_players::<u16>(&encoded, 2), [5, 300]);
        assert_eq!(decode_players::<u16>(&encoded, 3), [5, 300, 0], "it said nothing of the third");
        assert_eq!(encode_players([0_u16, 0].iter()), Ok(Vec::new()));
        assert_eq!(decode_players::<u16>(&[], 2), [0, 0]);
        assert_eq!(decode_players::<u16>(&[5, 0xff], 3), [5, 0, 0], "the second is none");
    }
}
