//! Does to the world what the session decides.

use std::time::Duration;

use bevy::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount, Session};
use ggrs::GgrsEvent;
use netplay_protocol::{ControlMessage, PeerKey};
#[cfg(feature = "emulator")]
use netplay_transport::conditioned::ConditionedTransport;

use super::TransportFactory;
#[cfg(feature = "emulator")]
use super::entropy;
use super::netplay::{Asked, Message, Netplay, Step};
use crate::input::{GgrsInput, NetplayGgrs, NetplayInput};
use crate::messages::{DesyncDetected, MatchStarted, RoomEnded};
use crate::{
    Checksums, CurrentMatch, CurrentRoom, EndReason, JoinRoom, LastEndReason, NetplayConfig,
    NetplayState, PeerLinks, RollbackMetrics, RollbackRegistry, rollback,
};

/// How many frames of a match that is played again are played before the next picture is drawn.
const MOST_FRAMES_AT_ONCE: u32 = 120;

/// Does what the game asked for, takes in what has arrived, starts and ends matches.
pub(crate) fn receive<I: NetplayInput>(world: &mut World) {
    world.resource_scope(|world, mut netplay: Mut<Netplay>| {
        let now = world.resource::<Time<Real>>().elapsed();
        for asked in std::mem::take(&mut netplay.asked) {
            match asked {
                Asked::Join(room) => join::<I>(world, &mut netplay, now, &room),
                Asked::Leave => {
                    end::<I>(world, &mut netplay, now, "they left the room");
                    world.insert_resource(PeerLinks::default());
                    set_state(world, NetplayState::Offline);
                }
                Asked::Rematch => vote_for_rematch(&mut netplay, now),
            }
        }
        for step in netplay.receive(now) {
            match step {
                Step::State(state) => set_state(world, state),
                Step::Start(game) => start_match::<I>(world, &mut netplay, now, game),
                Step::End(reason) => end_with::<I>(world, &mut netplay, now, reason),
                Step::Room(room) => world.insert_resource(room),
                Step::Tell(message) => tell(world, message),
            }
        }
        fast_forward(world, &mut netplay);
    });
}

/// A session that catches up simulates many frames at a time: bevy_ggrs simulates as many as time has passed for.
fn fast_forward(world: &mut World, netplay: &mut Netplay) {
    let Some((room, playing)) =
        netplay.room.as_ref().and_then(|it| it.game.as_ref().map(|game| (it, game)))
    else {
        return;
    };
    let Some(behind) = playing.traffic.lock().frames_behind() else { return };
    let mut time: Time = Time::default();
    time.advance_by(room.config.frame_duration() * behind.min(MOST_FRAMES_AT_ONCE));
    netplay.real_time = Some(*world.resource::<Time>());
    world.insert_resource(time);
}

/// After ggrs has handled the frame: sends what is due and shows what is known.
///
/// Exclusive like [`receive`]: it takes a few microseconds, and to hand it to another thread would take
/// more.
pub(crate) fn send<I: NetplayInput>(world: &mut World) {
    let now = world.resource::<Time<Real>>().elapsed();
    if let Some(time) = world.resource_mut::<Netplay>().real_time.take() {
        world.insert_resource(time);
    }
    let frame = world.resource::<RollbackFrameCount>().0;
    let confirmed = world.resource::<ConfirmedFrameCount>().0;
    // Rollbacks for every confirmed input have been made, so every frame up to the confirmed one was
    // saved in its final form.
    world.resource_mut::<Checksums>().confirm(confirmed.min(frame - 1));
    world.resource_mut::<RollbackMetrics>().confirmed_lag = frame - confirmed;
    let desyncs = desyncs::<I>(world);
    world.resource_scope(|world, mut netplay: Mut<Netplay>| {
        let Some(room) = &mut netplay.room else { return };
        if room.game.is_some() && confirmed >= 0 {
            room.first_confirmed_after.get_or_insert(now.saturating_sub(room.joined_at));
        }
        for (peer, frame, local, remote) in desyncs {
            let player = room.seat(peer).into();
            let desync = DesyncDetected { player, peer, frame, local: Some(local), remote };
            tell(world, Message::Desync(desync));
            let epoch = room.game.as_ref().map_or(0, |playing| playing.game.epoch);
            room.say(now, peer, &ControlMessage::Desync { epoch, frame, checksum: local });
        }
        room.send(now, frame);
        world.resource_mut::<PeerLinks>().update(&netplay, now);
    });
}

/// What ggrs found: whose state differs from ours at which frame, our checksum and theirs. Everything
/// else that ggrs tells, the links know better.
fn desyncs<I: NetplayInput>(world: &mut World) -> Vec<(PeerKey, i32, u64, u64)> {
    let session = world.get_resource_mut::<Session<NetplayGgrs<I>>>();
    let Some(Session::P2P(session)) = session.map(Mut::into_inner) else { return Vec::new() };
    let found = session.events().filter_map(|event| match event {
        GgrsEvent::DesyncDetected { frame, local_checksum, remote_checksum, addr } => {
            Some((addr, frame, local_checksum as u64, remote_checksum as u64))
        }
        _ => None,
    });
    found.collect()
}

fn join<I: NetplayInput>(world: &mut World, netplay: &mut Netplay, now: Duration, room: &JoinRoom) {
    end::<I>(world, netplay, now, "they joined another room");
    let config = world.resource::<NetplayConfig>().clone();
    if let Some(identity) = &config.identity {
        netplay.identity = identity.0.clone();
    }
    let request = match netplay.request(room, &config) {
        Ok(request) => request,
        Err(reason) => return show_end(world, reason),
    };
    let transport = (world.resource::<TransportFactory>().0)(&request);
    #[cfg(feature = "emulator")]
    let transport = match &config.emulate {
        Some(conditions) => {
            Box::new(ConditionedTransport::new(transport, conditions.clone(), entropy()))
        }
        None => transport,
    };
    let registered = world.resource::<RollbackRegistry>().hash::<I>();
    netplay.enter(transport, config, room, (registered, GgrsInput::<I>::BYTES), now);
    world.insert_resource(PeerLinks::default());
    world.insert_resource(CurrentRoom::default());
    world.insert_resource(LastEndReason::default());
    set_state(world, NetplayState::Connecting);
}

fn vote_for_rematch(netplay: &mut Netplay, now: Duration) {
    let Some(room) = &mut netplay.room else { return };
    match &room.game {
        Some(playing) if room.ready == playing.game.epoch => {
            let next = playing.game.epoch.checked_add(1).unwrap_or(1);
            room.vote(now, next);
        }
        Some(_) => {}
        None => warn!("there is no match to play again"),
    }
}

fn start_match<I: NetplayInput>(
    world: &mut World,
    netplay: &mut Netplay,
    now: Duration,
    game: CurrentMatch,
) {
    let Some(room) = &mut netplay.room else { return };
    match room.start::<I>(now, &game) {
        Ok(session) => {
            let epoch = game.epoch;
            info!("match {epoch} starts with {} players", game.players);
            rollback::reset_world(world, game);
            world.insert_resource(Session::<NetplayGgrs<I>>::P2P(session));
            world.write_message(MatchStarted { epoch });
            set_state(world, NetplayState::Playing);
        }
        Err(reason) => end_with::<I>(world, netplay, now, reason),
    }
}

fn end_with<I: NetplayInput>(
    world: &mut World,
    netplay: &mut Netplay,
    now: Duration,
    reason: EndReason,
) {
    info!("the room ended: {reason}");
    end::<I>(world, netplay, now, "their game ended the match");
    show_end(world, reason);
}

fn show_end(world: &mut World, reason: EndReason) {
    world.insert_resource(LastEndReason(Some(reason.clone())));
    world.write_message(RoomEnded { reason });
    set_state(world, NetplayState::Ended);
}

/// Leaves the room and stops the match. What was played stays in the world, to be looked at.
fn end<I: NetplayInput>(world: &mut World, netplay: &mut Netplay, now: Duration, reason: &str) {
    netplay.depart(now, reason);
    world.remove_resource::<Session<NetplayGgrs<I>>>();
}

fn set_state(world: &mut World, state: NetplayState) {
    world.insert_resource(NextState::PendingIfNeq(state));
}

fn tell(world: &mut World, message: Message) {
    match message {
        Message::Joined(message) => drop(world.write_message(message)),
        Message::Left(message) => drop(world.write_message(message)),
        Message::Dropped(message) => drop(world.write_message(message)),
        Message::Interrupted(message) => drop(world.write_message(message)),
        Message::Resumed(message) => drop(world.write_message(message)),
        Message::Presence(message) => drop(world.write_message(message)),
        Message::Path(message) => drop(world.write_message(message)),
        Message::Quality(message) => drop(world.write_message(message)),
        Message::Rematch(message) => drop(world.write_message(message)),
        Message::Desync(message) => {
            let DesyncDetected { player, frame, local, remote, .. } = message;
            let mut metrics = world.resource_mut::<RollbackMetrics>();
            // Usually both sides notice; one report per frame and player is enough.
            if metrics.note_desync(player, frame, local, remote) {
                world.write_message(message);
            }
        }
    }
}
