//! The queue for hashing passwords, on virtual time.

use futures::FutureExt;
use futures::channel::mpsc;
use netplay_protocol::signaling::{ClientMessage, Refusal};

use super::*;
use crate::connection::{End, read_messages};

fn hub(limits: LimitsConfig) -> Arc<Hub> {
    let config = ServerConfig { limits, ..Default::default() };
    Arc::new(Hub::new(config, Lifecycle::default()).unwrap())
}

fn connect(hub: &Arc<Hub>, from: u8) -> (Peer, SendQueueReader) {
    let permit = hub.limits.connect(ClientAddress::V4([127, 0, 0, from].into())).unwrap();
    let (queue, reader) = send_queue(hub.relay_bounds(&permit));
    (hub.connect(queue, permit, Some(HOST)), reader)
}

fn with_password(who: usize) -> Join {
    Join { password: Some("hunter2".into()), ..join(who, who) }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_the_place_of_one_that_goes_is_free() {
    let limits = LimitsConfig { hashes: 3, hashes_per_address: 2, ..Default::default() };
    let hub = hub(limits);
    let blocked = hub.hasher.block();
    let peers: Vec<_> = [1, 1, 1, 2, 2].map(|from| connect(&hub, from).0).into();
    let mut joining: Vec<_> = peers
        .iter()
        .enumerate()
        .map(|(who, peer)| Box::pin(peer.join(signed(peer, with_password(who)))))
        .collect();
    let refused: Vec<_> = joining.iter_mut().map(|join| join.now_or_never()).collect();
    let passwords = |refusal: &Refusal| matches!(refusal, Refusal::RateLimited { what, .. } if what == "passwords");
    let limited = |what: &Option<Result<(), Refusal>>| {
        what.as_ref().is_some_and(|joined| joined.as_ref().is_err_and(passwords))
    };
    assert_eq!(refused.iter().map(limited).collect::<Vec<_>>(), [false, false, true, false, true]);
    let mut waiting: Vec<_> =
        joining.into_iter().zip(refused).filter(|(_, refused)| refused.is_none()).collect();
    drop(waiting.remove(0));
    let again = connect(&hub, 2).0;
    let mut again = Box::pin(again.join(signed(&again, with_password(9))));
    assert_eq!((&mut again).now_or_never(), None);
    // Those that wait are served as soon as the queue moves.
    drop(blocked);
    let served = futures::future::join_all(waiting.into_iter().map(|(join, _)| join)).await;
    assert_eq!((served, again.await), (vec![Ok(()), Ok(())], Ok(())));
}

#[tokio::test(start_paused = true)]
async fn a_blocked_queue_blocks_no_clock_no_disconnect_and_no_other_room() {
    let hub = hub(LimitsConfig::default());
    let config = hub.config().clone();
    let _blocked = hub.hasher.block();
    let text = |join| Ok(Message::text(serde_json::to_string(&ClientMessage::Join(join)).unwrap()));
    let (goes, _goes_reader) = connect(&hub, 1);
    let (stays, _stays_reader) = connect(&hub, 2);
    let (sender_of_goes, mut goes_stream) = mpsc::unbounded();
    let (sender_of_stays, mut stays_stream) = mpsc::unbounded();
    sender_of_goes.unbounded_send(text(signed(&goes, with_password(1)))).unwrap();
    sender_of_stays.unbounded_send(text(signed(&stays, with_password(2)))).unwrap();
    let mut going = Box::pin(read_messages(&mut goes_stream, &goes, &config));
    let mut staying = Box::pin(read_messages(&mut stays_stream, &stays, &config));
    assert_eq!(((&mut going).now_or_never(), (&mut staying).now_or_never()), (None, None));
    // A peer without a password joins, signals and leaves meanwhile.
    let (other, _other_reader) = connect(&hub, 3);
    assert_eq!(other.join(join_on(&other, 7, 3)).now_or_never(), Some(Ok(())));
    let signal = Signal::Offer("v=0".into());
    assert_eq!(other.signal(key(4), ConnectionId(1), signal).now_or_never(), Some(Ok(())));
    assert_eq!(other.depart(Departure::Left).now_or_never(), Some(()));
    // One that closes its socket is gone at once.
    drop(sender_of_goes);
    assert_eq!((&mut going).now_or_never(), Some(End::Broken));
    // The deadline for joining holds for one that waits.
    tokio::time::advance(config.handshake_deadline).await;
    assert_eq!((&mut staying).now_or_never(), Some(End::Refused(Refusal::TimedOut)));
}
