//! Links on a virtual clock.

mod attempts;
mod beside;
mod congestion;
mod estimates;
mod failover;
mod goodbye;
mod messages;
mod network;
mod packets;
mod seeds;

use super::*;
use crate::path::Channel;
use crate::transport::TransportEvent;

const MS: Duration = Duration::from_millis(1);
const PATH: PathId = PathId(1);

/// A link of an incarnation with one path.
fn link_of(incarnation: u32) -> Link {
    let [local, peer] = [1, 2].map(|name| PeerKey::from_bytes([name; 16]));
    let (config, now) = (LinkConfig::default(), Duration::ZERO);
    let mut link = Link::new(config, PathPolicy::Direct, local, peer, incarnation, now);
    link.handle_event(now, &TransportEvent::PathUp { peer, path: PATH, kind: PathKind::Direct });
    link
}

/// A link with one path.
fn link() -> Link {
    let mut link = link_of(1);
    assert!(matches!(link.poll_event(), Some(LinkEvent::PathChanged(_))));
    link
}

/// What a link sends on a channel.
fn sent_on(link: &mut Link, channel: Channel) -> Vec<Vec<u8>> {
    let transmits = std::iter::from_fn(|| link.poll_transmit());
    transmits.filter(|transmit| transmit.channel == channel).map(|sent| sent.packet).collect()
}

/// The datagrams that a link sends.
fn sent(link: &mut Link) -> Vec<Vec<u8>> {
    sent_on(link, Channel::Datagram)
}

/// The reliable packets that a link sends.
fn sent_reliably(link: &mut Link) -> Vec<Vec<u8>> {
    sent_on(link, Channel::Reliable)
}
