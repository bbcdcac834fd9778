//! Applies the room's events to the world: state, resources, messages and matches.

use bevy::prelude::*;
use bevy_ggrs::Session as GgrsSession;
use netplay_core::agent;
use netplay_core::room::{MatchStart, RoomEvent};

use super::Session;
use super::start::{begin_match, ggrs_session};
use crate::desync::{self, Capture};
use crate::input::MatchTypes;
use crate::lobby::{LobbyOverviewSeen, MatchEnd, MatchResult, set_match_lobby};
use crate::messages::{
    CountdownCancelled, CountdownStarted, DesyncDetected, KickVotes, LinkDiagnosed, MatchEnded,
    PathChanged, PeerAway, PeerBack, PeerFastEnough, PeerInterrupted, PeerJoined, PeerKicked,
    PeerLeft, PeerRefused, PeerResumed, PeerStalled, PeerTooSlow, PeerUnstalled,
    PlayerDisconnected, PresenceChanged, QualityChanged, ReadyChanged, RematchWanted, RoomEnded,
};
use crate::{
    CurrentMatch, CurrentRoom, EndReason, LastEndReason, NetplayState, ResumeToken, RollbackMetrics,
};

/// A run condition: there are events of the room to apply.
pub(crate) fn has_events(session: Res<Session>) -> bool {
    !session.events.is_empty()
}

/// A run condition: something has happened to messages between peers.
pub(crate) fn has_message_events(session: Res<Session>) -> bool {
    !session.message_events.is_empty()
}

/// Applies the room's events to the world, oldest first.
///
/// Exclusive, because the start of a match runs the game's schedule [`StartMatch`](crate::StartMatch) between the
/// events before and after it. It runs only if [there are events](has_events), so in few updates.
pub(crate) fn apply_events<C: MatchTypes>(world: &mut World) {
    while let Some(event) = world.resource_mut::<Session>().events.pop_front() {
        apply::<C>(world, event);
    }
}

fn apply<C: MatchTypes>(world: &mut World, event: RoomEvent) {
    match event {
        RoomEvent::Queued { waiting } => {
            let local_peer = world.resource::<Session>().local_peer();
            let waiting = Some(waiting);
            world.insert_resource(CurrentRoom { local_peer, waiting, ..CurrentRoom::default() });
        }
        RoomEvent::Joined { room, size, least, resume_token } => {
            world.insert_resource(CurrentRoom {
                code: Some(room),
                local_peer: world.resource::<Session>().local_peer(),
                resume_token: resume_token.map(ResumeToken),
                players: Some(size),
                least,
                ..CurrentRoom::default()
            });
        }
        RoomEvent::Lobby => set_state(world, NetplayState::Lobby),
        RoomEvent::Synchronizing => set_state(world, NetplayState::Synchronizing),
        RoomEvent::StartMatch(start) => start_match::<C>(world, &start),
        RoomEvent::PeerJoined { peer } => tell(world, PeerJoined { peer }),
        RoomEvent::PeerLeft { peer, reason } => tell(world, PeerLeft { peer, reason }),
        RoomEvent::PeerRefused { peer, player, reason } => {
            let reason = reason.to_string();
            tell(world, PeerRefused { player: player.into(), peer, reason });
        }
        RoomEvent::PlayerDisconnected { peer, player, count, frame, reason } => {
            for player in player..player + usize::from(count) {
                let (player, reason) = (player.into(), reason.clone());
                tell(world, PlayerDisconnected { player, peer, frame, reason });
            }
        }
        RoomEvent::PeerInterrupted { peer, player, time_left } => {
            tell(world, PeerInterrupted { player: player.into(), peer, time_left });
        }
        RoomEvent::PeerResumed { peer, player, after } => {
            tell(world, PeerResumed { player: player.into(), peer, after });
        }
        RoomEvent::PeerAway { peer, player, time_left } => {
            tell(world, PeerAway { player: player.into(), peer, time_left });
        }
        RoomEvent::PeerBack { peer, player, after } => {
            tell(world, PeerBack { player: player.into(), peer, after });
        }
        RoomEvent::PeerStalled { peer, player, frame, time_left } => {
            tell(world, PeerStalled { player: player.into(), peer, frame, time_left });
        }
        RoomEvent::PeerUnstalled { peer, player, after } => {
            tell(world, PeerUnstalled { player: player.into(), peer, after });
        }
        RoomEvent::PeerTooSlow { peer, player, frame_rate } => {
            tell(world, PeerTooSlow { player: player.into(), peer, frame_rate });
        }
        RoomEvent::PeerFastEnough { peer, player } => {
            tell(world, PeerFastEnough { player: player.into(), peer });
        }
        RoomEvent::PresenceChanged { peer, presence } => {
            tell(world, PresenceChanged { peer, presence: presence.into() });
        }
        RoomEvent::PathChanged { peer, change } => {
            let agent::PathChange { from: Some(from), to, reason, .. } = change else { return };
            let (from, to, reason) = (from.into(), to.into(), reason.to_string());
            tell(world, PathChanged { peer, from, to, reason });
        }
        RoomEvent::LinkDiagnosed { peer, finding } => {
            tell(world, LinkDiagnosed { peer, finding: (&finding).into() });
        }
        RoomEvent::QualityChanged { peer, player, from, to } => {
            let (player, from, to) = (player.into(), from.into(), to.into());
            tell(world, QualityChanged { player, peer, from, to });
        }
        RoomEvent::Desync { peer, player, frame, local, remote, last_equal_frame } => {
            let player = player.into();
            world.resource_mut::<RollbackMetrics>().note_desync(player, frame, local, remote);
            tell(world, DesyncDetected { player, peer, frame, local, remote, last_equal_frame });
            desync::detected(world, peer, player, frame, last_equal_frame);
        }
        RoomEvent::RematchWanted { peer, player } => {
            tell(world, RematchWanted { player: player.into(), peer });
        }
        RoomEvent::StateChanged(state) => {
            let mut room = world.resource_mut::<CurrentRoom>();
            room.closed = !state.open;
            room.kick_rule = state.kick.into();
            room.public = state.public;
        }
        RoomEvent::PeerKicked { peer, banned } => tell(world, PeerKicked { peer, banned }),
        RoomEvent::KickVotes { peer, votes, needed } => {
            tell(world, KickVotes { peer, votes, needed });
        }
        RoomEvent::LobbyChanged => show_lobby(world),
        RoomEvent::ReadyChanged { peer, player, ready } => {
            show_lobby(world);
            tell(world, ReadyChanged { place: player.into(), peer, ready });
        }
        RoomEvent::CountdownStarted { players, length } => {
            tell(world, CountdownStarted { players, length });
        }
        RoomEvent::CountdownCancelled { reason } => tell(world, CountdownCancelled::from(reason)),
        RoomEvent::MatchEnded { epoch, frame } => {
            world.resource_mut::<Session>().stop_simulating();
            world.remove_resource::<GgrsSession<C>>();
            let result = world.resource_mut::<MatchEnd>().take_result();
            let result = if frame.is_some() { result } else { MatchResult::default() };
            show_lobby(world);
            tell(world, MatchEnded { epoch, frame, result });
        }
        RoomEvent::Ended(reason) => end::<C>(world, reason.into()),
    }
}

fn start_match<C: MatchTypes>(world: &mut World, start: &MatchStart) {
    let now = world.resource::<Time<Real>>().elapsed();
    let mut session = world.resource_mut::<Session>();
    // Where the match was begun again before it was set up, the later beginning counts.
    if session.events.iter().any(|event| matches!(event, RoomEvent::StartMatch(_))) {
        return;
    }
    let Some(joined) = &session.joined else { return };
    let mut driver = joined.room.lock();
    let Some(traffic) = driver.room().traffic().cloned() else { return };
    let simulation = joined.simulation;
    let ggrs = match ggrs_session::<C>(start, simulation, traffic.clone()) {
        Ok(ggrs) => ggrs,
        Err(error) => {
            let (room, now) = driver.room_at(now);
            room.handle_simulation_failed(now, error.to_string());
            driver.flush(now);
            drop(driver);
            return session.take_events();
        }
    };
    // Nothing is simulated in this update, and the game may take long to set the match up: the room goes on meanwhile.
    driver.end_update(now, None);
    drop(driver);
    session.simulate(traffic);
    let places = world.resource::<CurrentRoom>().players.unwrap_or(0);
    let current = CurrentMatch::of_room(start, places);
    set_match_lobby(world, &start.lobby, &start.player_counts);
    show_lobby(world);
    begin_match::<C>(world, ggrs, current, simulation);
    world.resource_mut::<Capture>().set_start(start.clone());
}

/// Shows the game what the room shows of its lobby.
fn show_lobby(world: &mut World) {
    let overview = world.resource::<Session>().lobby();
    world.insert_resource(LobbyOverviewSeen(overview));
}

/// The room ended, or a match without one. The entities of the match stay in the world, to be looked at.
pub(crate) fn end<C: MatchTypes>(world: &mut World, reason: EndReason) {
    let now = world.resource::<Time<Real>>().elapsed();
    world.resource_mut::<Session>().leave(now, "their game ended the match");
    world.remove_resource::<GgrsSession<C>>();
    world.insert_resource(LastEndReason(Some(reason.clone())));
    tell(world, RoomEnded { reason });
    set_state(world, NetplayState::Ended);
}

fn tell<M: Message>(world: &mut World, message: M) {
    world.write_message(message);
}

fn set_state(world: &mut World, state: NetplayState) {
    world.insert_resource(NextState::PendingIfNeq(state));
}
