//! [`NetplayCommands`]: what a game asks for.

use bevy::prelude::*;
use netplay_protocol::PeerKey;
use serde::Serialize;

use crate::lobby::MatchEnd;
use crate::session::{Request, Session};
use crate::{JoinRoom, RoomList, report};

/// What a game asks for. The request is carried out in the next [`NetplaySystems::Receive`](crate::NetplaySystems);
/// its outcome shows in [`NetplayState`](crate::NetplayState) and in [messages](crate::messages).
pub trait NetplayCommands {
    /// Joins a room, leaving the current one.
    fn join_room(&mut self, room: JoinRoom);

    /// Leaves the room. The others play on without this player; a match of two ends.
    fn leave_room(&mut self);

    /// Votes for another match with the same players. It starts when all have voted. After the end of a match, the same as
    /// [`set_ready(true)`](Self::set_ready).
    fn rematch(&mut self);

    /// Removes a player from the room, or votes for it: the room's [`KickRule`](crate::KickRule) decides
    /// ([`CurrentRoom::kick_rule`](crate::CurrentRoom::kick_rule)). Without the right to it this changes nothing. The
    /// player's place is free at once, and in a match its player is dropped; it may join again. All read
    /// [`PeerKicked`](crate::messages::PeerKicked).
    fn kick(&mut self, peer: PeerKey);

    /// The same, and the player cannot come back to the room: its key and its address are kept out. Players behind one
    /// router, and the customers of some providers, share an address: none of them can join the room any more.
    fn ban(&mut self, peer: PeerKey);

    /// Opens or closes the room. Only its first player can. A closed room admits nobody but players who return after
    /// their connection was lost.
    fn set_room_open(&mut self, open: bool);

    /// Reads a page of the list of public rooms, in a room or not. The answer is
    /// [`RoomsListed`](crate::messages::RoomsListed) or [`RoomListFailed`](crate::messages::RoomListFailed). Asking
    /// again before it is there asks for the other page instead.
    fn list_rooms(&mut self, list: RoomList);

    /// Examines the connection to the server of [`NetplayConfig`](crate::NetplayConfig), in a room or not: every step to
    /// a match is tried in the background, in a new room that the doctor leaves at once, and STUN and TURN servers are
    /// asked. [`DoctorReport`](crate::DoctorReport) has each step when it ends, and
    /// [`DoctorFinished`](crate::messages::DoctorFinished) says what is wrong. Asking again begins again.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_netplay::messages::DoctorFinished;
    /// use bevy_netplay::prelude::*;
    ///
    /// fn examine(mut commands: Commands) {
    ///     commands.run_doctor();
    /// }
    ///
    /// fn show(mut finished: MessageReader<DoctorFinished>) {
    ///     for finding in finished.read().flat_map(|finished| &finished.findings) {
    ///         println!("{}", finding.sentence);
    ///     }
    /// }
    /// # App::new().add_systems(OnEnter(NetplayState::Ended), examine).add_systems(Update, show);
    /// ```
    fn run_doctor(&mut self);

    /// This player is ready for the next match, with all that it sees of the lobby, or no longer is. When something
    /// changes, as somebody joins or changes a value, it is ready no more
    /// ([`ReadyChanged`](crate::messages::ReadyChanged)). While somebody is still connecting, it becomes ready as soon as
    /// everybody is connected. In rooms of [`JoinRoom::players_between`], and after the end of a match.
    fn set_ready(&mut self, ready: bool);

    /// The room's first player starts a match with those who are connected, ready or not: a countdown begins. In rooms of
    /// [`JoinRoom::players_between`].
    fn start_match(&mut self);

    /// The room's first player takes [`start_match`](Self::start_match) back, while the countdown runs.
    fn cancel_start(&mut self);

    /// Ends the match, when it is called in [`NetplayUpdate`](crate::NetplayUpdate): everybody leaves it after this frame,
    /// once it is confirmed, and is in the lobby again. The value is in
    /// [`MatchEnded`](crate::messages::MatchEnded) then, the same on every peer, because it comes from the simulation. A
    /// call in a predicted frame that is simulated again without one counts for nothing. Of several calls the first counts.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_netplay::messages::MatchEnded;
    /// use bevy_netplay::prelude::*;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Resource, Clone, Default, Hash)]
    /// struct Score([u32; 2]);
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Winner(PlayerHandle);
    ///
    /// fn decide(score: Res<Score>, mut commands: Commands) {
    ///     if let Some(winner) = score.0.iter().position(|score| *score >= 5) {
    ///         commands.end_match(&Winner(winner.into()));
    ///     }
    /// }
    ///
    /// fn show(mut ended: MessageReader<MatchEnded>) {
    ///     for ended in ended.read() {
    ///         match ended.result.get::<Winner>() {
    ///             Some(Winner(player)) => println!("{player} wins"),
    ///             None => println!("nobody wins"),
    ///         }
    ///     }
    /// }
    ///
    /// let mut app = App::new();
    /// app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
    ///     .init_resource::<Score>()
    ///     .rollback_resource_by_hash::<Score>()
    ///     .add_systems(NetplayUpdate, decide)
    ///     .add_systems(Update, show);
    /// ```
    fn end_match<T: Serialize>(&mut self, result: &T);

    /// Plays a match of so many players without a server or another peer, leaving the current room: to develop a game,
    /// for its tutorial and for practice. The first player has [`LocalInput`](crate::LocalInput), and what the game
    /// [sets](crate::LocalInput::set) for them the others. It lasts until the room is left or another is joined; asking
    /// again starts another match. There are 1 to 8 players; what cannot be played ends with
    /// [`EndReason::BadRequest`](crate::EndReason::BadRequest).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_netplay::prelude::*;
    ///
    /// fn practice(mut commands: Commands) {
    ///     commands.play_alone(2);
    /// }
    ///
    /// /// The other player repeats what the first one does.
    /// fn mimic(mut input: ResMut<LocalInput<u8>>) {
    ///     let first = input.0;
    ///     input.set(1, first);
    /// }
    ///
    /// App::new().add_systems(Startup, practice).add_systems(ReadLocalInput, mimic);
    /// ```
    fn play_alone(&mut self, players: usize);

    /// Saves the [report](crate::session_report) of the match that is played, or was played last. The extension of the
    /// file says the format: `.csv` for two tables, the second one with `-events` in its name, `.html` for a page with
    /// charts (feature `report_html`), and anything else for JSON, which `netplay-tools report` draws together with the
    /// reports of other peers. A file that is there is replaced. In a browser the files are downloaded under the last part
    /// of the path.
    ///
    /// [`ReportSaved`](crate::messages::ReportSaved) or [`ReportNotSaved`](crate::messages::ReportNotSaved) follows, and
    /// a line in the log.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_netplay::prelude::*;
    ///
    /// fn save_on_f9(keys: Res<ButtonInput<KeyCode>>, mut commands: Commands) {
    ///     if keys.just_pressed(KeyCode::F9) {
    ///         commands.save_report("match.json");
    ///     }
    /// }
    ///
    /// App::new().add_systems(Update, save_on_f9);
    /// ```
    fn save_report(&mut self, path: impl Into<String>);
}

impl NetplayCommands for Commands<'_, '_> {
    fn join_room(&mut self, room: JoinRoom) {
        self.queue(move |world: &mut World| {
            world.resource_mut::<Session>().request(Request::Join(room))
        });
    }

    fn leave_room(&mut self) {
        self.queue(|world: &mut World| world.resource_mut::<Session>().request(Request::Leave));
    }

    fn kick(&mut self, peer: PeerKey) {
        request(self, Request::Kick { peer, ban: false });
    }

    fn ban(&mut self, peer: PeerKey) {
        request(self, Request::Kick { peer, ban: true });
    }

    fn set_room_open(&mut self, open: bool) {
        request(self, Request::Open(open));
    }

    fn list_rooms(&mut self, list: RoomList) {
        request(self, Request::ListRooms(list));
    }

    fn run_doctor(&mut self) {
        request(self, Request::RunDoctor);
    }

    fn play_alone(&mut self, players: usize) {
        self.queue(move |world: &mut World| {
            world.resource_mut::<Session>().request(Request::PlayAlone { players })
        });
    }

    fn save_report(&mut self, path: impl Into<String>) {
        let path = path.into();
        self.queue(move |world: &mut World| report::save_report(world, &path));
    }

    fn set_ready(&mut self, ready: bool) {
        self.queue(move |world: &mut World| {
            world.resource_mut::<Session>().request(Request::Ready(ready))
        });
    }

    fn start_match(&mut self) {
        self.queue(|world: &mut World| world.resource_mut::<Session>().request(Request::Start));
    }

    fn cancel_start(&mut self) {
        self.queue(|world: &mut World| {
            world.resource_mut::<Session>().request(Request::CancelStart)
        });
    }

    fn end_match<T: Serialize>(&mut self, result: &T) {
        let result = MatchEnd::encode(result);
        self.queue(move |world: &mut World| MatchEnd::call(world, result));
    }

    fn rematch(&mut self) {
        self.queue(|world: &mut World| world.resource_mut::<Session>().request(Request::Rematch));
    }
}

fn request(commands: &mut Commands<'_, '_>, request: Request) {
    commands.queue(move |world: &mut World| world.resource_mut::<Session>().request(request));
}
