//! [`LocalInput`]: what the game writes, once per frame.

use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy_ggrs::{LocalInputs, Session as GgrsSession};

use super::ggrs_input::{GgrsInput, MatchTypes};
use super::{InputEncoding, NetplayInput, PlayerInputs};
use crate::session::Session;
use crate::{CurrentMatch, PlayerHandle};

/// The input of the local player, or of several. A system in [`ReadLocalInput`] writes it; it keeps its value until then.
///
/// Where this peer [brings several players](crate::JoinRoom::local_players), [`set`](Self::set) gives the input of each:
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// fn read(
///     keys: Res<ButtonInput<KeyCode>>,
///     this_match: Res<CurrentMatch>,
///     mut input: ResMut<LocalInput<u8>>,
/// ) {
///     let halves = [KeyCode::KeyW, KeyCode::ArrowUp];
///     for (player, up) in this_match.local_players.iter().zip(halves) {
///         input.set(*player, keys.pressed(up).into());
///     }
/// }
///
/// let mut app = App::new();
/// app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default().local_players::<2>()))
///     .add_systems(ReadLocalInput, read);
/// ```
///
/// Where a key counts only in the frame in which it is pressed, do not ask Bevy's `just_pressed` in [`ReadLocalInput`]:
/// there may be several updates between two frames, or several frames in one update. Collect presses in `PreUpdate`,
/// after Bevy's input, and take them in [`ReadLocalInput`]: each counts once.
///
/// ```
/// use bevy::input::InputSystems;
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// #[derive(Resource, Default)]
/// struct Presses { jump: bool }
///
/// fn collect(keys: Res<ButtonInput<KeyCode>>, mut presses: ResMut<Presses>) {
///     presses.jump |= keys.just_pressed(KeyCode::Space);
/// }
///
/// fn read(mut presses: ResMut<Presses>, mut input: ResMut<LocalInput<u8>>) {
///     input.0 = u8::from(std::mem::take(&mut presses.jump));
/// }
///
/// let mut app = App::new();
/// app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
///     .init_resource::<Presses>()
///     .add_systems(PreUpdate, collect.after(InputSystems).before(NetplaySystems::Simulate))
///     .add_systems(ReadLocalInput, read);
/// ```
///
/// Opaque to reflection: an input need not implement `Reflect`.
#[derive(Resource, Clone, Debug, Default, Reflect)]
#[reflect(opaque, type_path = false, where I: NetplayInput)]
#[reflect(Resource, Default)]
pub struct LocalInput<I: NetplayInput>(
    /// The input of the first local player. The game writes it.
    pub I,
    /// The inputs of local players that were set by their handles.
    Vec<(PlayerHandle, I)>,
);

impl<I: NetplayInput> LocalInput<I> {
    /// Sets the input of a local player by its handle: there are several where this peer [brings
    /// them](crate::JoinRoom::local_players), and in a match that is [played
    /// alone](crate::NetplayCommands::play_alone). It takes precedence over the input of the first one, and keeps its
    /// value until the next match begins.
    pub fn set(&mut self, player: impl Into<PlayerHandle>, input: I) {
        let player = player.into();
        self.1.retain(|(other, _)| *other != player);
        self.1.push((player, input));
    }

    /// A match begins: its players are others.
    pub(crate) fn clear_players(&mut self) {
        self.1.clear();
    }

    fn get(&self, player: PlayerHandle, is_first: bool) -> I {
        match self.1.iter().find(|(other, _)| *other == player) {
            Some((_, input)) => *input,
            None if is_first => self.0,
            None => I::default(),
        }
    }
}

impl<I: NetplayInput> TypePath for LocalInput<I> {
    fn type_path() -> &'static str {
        std::any::type_name::<Self>()
    }

    fn short_type_path() -> &'static str {
        "LocalInput"
    }
}

/// The schedule in which a game writes [`LocalInput`]. It runs once before each new frame of a match, and
/// never for frames that are simulated again or while the match waits for other players.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash, Reflect)]
pub struct ReadLocalInput;

/// The frame that the local inputs are for, and what they are, by peer.
#[derive(Resource)]
pub(crate) struct PendingInputs<I> {
    frame: i32,
    inputs: Vec<(usize, I)>,
}

impl<I> Default for PendingInputs<I> {
    fn default() -> Self {
        Self { frame: -1, inputs: Vec::new() }
    }
}

/// Before a frame: lets the game read its devices, unless it did for this frame, and hands the inputs to bevy_ggrs.
/// While this peer catches up with a match that it rejoined, its input is in the log.
///
/// Not in bevy_ggrs' `ReadInputs`: the session is out of reach there, and the input delay may have to change before it
/// is given the input.
pub(crate) fn give_inputs<C: MatchTypes>(world: &mut World) {
    let Some(GgrsSession::P2P(session)) = world.get_resource::<GgrsSession<C>>() else { return };
    // For ggrs, a peer is one player.
    let (frame, peers) = (session.current_frame(), session.local_player_handles());
    let session = world.resource::<Session>();
    let inputs: Vec<(usize, C::Input)> = match (&session.replayed, session.replayed_input(frame)) {
        (Some(bundle), _) => {
            let input = |peer| GgrsInput::from_bytes(bundle.given_at(peer, frame));
            peers.into_iter().map(|peer| (peer, input(peer))).collect()
        }
        (None, Some(bytes)) => {
            let input = GgrsInput::from_bytes(&bytes);
            peers.into_iter().map(|peer| (peer, input)).collect()
        }
        (None, None) => {
            let read = read_inputs::<C>(world, frame, peers);
            read.iter().map(|(peer, input)| (*peer, GgrsInput::new(*input))).collect()
        }
    };
    if let [(peer, input)] = inputs[..] {
        let delay = world.resource::<Session>().poll_input_delay(frame, &input.to_bytes());
        if let Some(delay) = delay
            && let Some(mut session) = world.get_resource_mut::<GgrsSession<C>>()
            && let GgrsSession::P2P(session) = &mut *session
            && let Err(error) = session.set_input_delay(peer, delay)
        {
            error!("the input delay stays as it is: {error}");
        }
    }
    world.insert_resource(LocalInputs::<C>(inputs.into_iter().collect()));
}

/// The inputs of the local peers for a frame, as the others receive them. There are several in a match without a room.
fn read_inputs<C: MatchTypes>(
    world: &mut World,
    frame: i32,
    peers: Vec<usize>,
) -> Vec<(usize, C::PeerInput)> {
    // ggrs asks again for the input of a frame that it waits with.
    if world.resource::<PendingInputs<C::PeerInput>>().frame != frame {
        world.run_schedule(ReadLocalInput);
        let local = world.resource::<LocalInput<C::Game>>();
        let this_match = world.get_resource::<CurrentMatch>();
        let players_of = |peer: usize| {
            this_match.map_or(peer..peer + 1, |this_match| this_match.players_of(peer))
        };
        let first = peers.iter().min().map(|peer| players_of(*peer).start);
        let inputs = peers.into_iter().map(|peer| {
            let players = players_of(peer);
            let input = C::PeerInput::from_players(|place| match players.clone().nth(place) {
                Some(player) => local.get(player.into(), Some(player) == first),
                None => C::Game::default(),
            });
            (peer, C::PeerEncoding::as_sent(input))
        });
        let inputs = inputs.collect();
        world.insert_resource(PendingInputs { frame, inputs });
    }
    world.resource::<PendingInputs<C::PeerInput>>().inputs.clone()
}
