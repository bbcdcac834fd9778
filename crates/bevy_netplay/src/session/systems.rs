//! Does to the world what the session decides.

use std::time::Duration;

use bevy::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount, Session};
use ggrs::GgrsEvent;
use netplay_protocol::ControlMessage;
use netplay_transport::conditioned::ConditionedTransport;

use super::netplay::{Asked, Message, Netplay, Step};
use super::{TransportFactory, entropy};
use crate::input::{NetplayGgrs, NetplayInput};
use crate::messages::{DesyncDetected, MatchStarted};
use crate::{
    EndReason, Match, NetplayConfig, NetplayState, PeerLinks, RollbackMetrics, RollbackRegistry,
    Room, start,
};

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
                Step::Tell(message) => tell(world, message),
            }
        }
    });
}

/// After ggrs has handled the frame: sends what is due and shows what is known.
pub(crate) fn send<I: NetplayInput>(
    mut netplay: ResMut<Netplay>,
    session: Option<ResMut<Session<NetplayGgrs<I>>>>,
    time: Res<Time<Real>>,
    (frame, confirmed): (Res<RollbackFrameCount>, Res<ConfirmedFrameCount>),
    mut links: ResMut<PeerLinks>,
    mut metrics: ResMut<RollbackMetrics>,
    mut desyncs: MessageWriter<DesyncDetected>,
) {
    let now = time.elapsed();
    let Some(room) = &mut netplay.room else { return };
    if let Some(Session::P2P(session)) = session.map(ResMut::into_inner) {
        for event in session.events() {
            // Interruptions and synchronization are the link's to tell.
            let GgrsEvent::DesyncDetected { frame, local_checksum, remote_checksum, addr } = event
            else {
                continue;
            };
            let player = room.seat(addr);
            let (local, remote) = (local_checksum as u64, remote_checksum as u64);
            desyncs.write(DesyncDetected { player, frame, local: Some(local), remote });
            metrics.note_desync(player, frame, Some(local), remote);
            let epoch = room.game.as_ref().map_or(0, |playing| playing.game.epoch);
            room.say(now, addr, &ControlMessage::Desync { epoch, frame, checksum: local });
        }
        if confirmed.0 >= 0 {
            room.first_confirmed_after.get_or_insert(now.saturating_sub(room.joined_at));
        }
    }
    room.send(now, frame.0);
    links.update(&netplay, now);
}

fn join<I: NetplayInput>(world: &mut World, netplay: &mut Netplay, now: Duration, room: &Room) {
    end::<I>(world, netplay, now, "they joined another room");
    let config = world.resource::<NetplayConfig>().clone();
    let request = match netplay.request(room, &config) {
        Ok(request) => request,
        Err(reason) => return set_state(world, NetplayState::Ended(reason)),
    };
    let transport = (world.resource::<TransportFactory>().0)(&request);
    let transport = match &config.emulate {
        Some(conditions) => {
            Box::new(ConditionedTransport::new(transport, conditions.clone(), entropy()))
        }
        None => transport,
    };
    let registered = world.resource::<RollbackRegistry>().hash::<I>();
    netplay.enter(transport, config, registered, now);
    world.insert_resource(PeerLinks::default());
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
    game: Match,
) {
    let Some(room) = &mut netplay.room else { return };
    match room.start::<I>(&game) {
        Ok(session) => {
            let epoch = game.epoch;
            info!("match {epoch} starts with {} players", game.players);
            start::prepare(world, game);
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
    set_state(world, NetplayState::Ended(reason));
}

/// Leaves the room and stops the match. What was played stays in the world, to be looked at.
fn end<I: NetplayInput>(world: &mut World, netplay: &mut Netplay, now: Duration, reason: &str) {
    netplay.depart(now, reason);
    world.remove_resource::<Session<NetplayGgrs<I>>>();
    world.remove_resource::<Match>();
}

fn set_state(world: &mut World, state: NetplayState) {
    world.insert_resource(NextState::PendingIfNeq(state));
}

fn tell(world: &mut World, message: Message) {
    match message {
        Message::Joined(message) => drop(world.write_message(message)),
        Message::Left(message) => drop(world.write_message(message)),
        Message::Interrupted(message) => drop(world.write_message(message)),
        Message::Resumed(message) => drop(world.write_message(message)),
        Message::Path(message) => drop(world.write_message(message)),
        Message::Quality(message) => drop(world.write_message(message)),
        Message::Rematch(message) => drop(world.write_message(message)),
        Message::Desync(message) => {
            let DesyncDetected { player, frame, local, remote } = message;
            let mut metrics = world.resource_mut::<RollbackMetrics>();
            // Usually both sides notice; one report per frame and player is enough.
            if metrics.note_desync(player, frame, local, remote) {
                world.write_message(message);
            }
        }
    }
}
