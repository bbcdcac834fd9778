//! The socket that ggrs sees.
//!
//! It answers ggrs' synchronization itself. Before a match starts, every peer has voted for this epoch, which is all that
//! ggrs' five round trips would show. Inputs and their acknowledgements pass through
//! [`MatchTraffic`](netplay_core::match_::MatchTraffic).
//!
//! ggrs measures round trips and how far it is ahead by the machine's clock. Nothing may follow from that, or a match that
//! is simulated from a seed would depend on the speed of the machine. The link and `MatchTraffic` measure both, and ggrs is
//! told that every peer is far ahead of it: then it never runs slower by itself.

use bevy::log::error;
use ggrs::{Message, NonBlockingSocket};
use netplay_core::log_limiter::LogLimiter;
use netplay_core::match_::{EncodedInputs, SessionMessage, SharedTraffic};
use netplay_protocol::PeerKey;

use super::mirror::{self, Body, ConnectionStatus, Input};

/// What ggrs is told of every peer: how many frames it is behind.
const FAR_AHEAD: Body = Body::QualityReport { frame_advantage: i16::MIN, ping: 0 };

/// The socket that ggrs sees. See the [module](self).
pub(crate) struct GgrsBridge {
    traffic: SharedTraffic,
    /// What ggrs receives without any peer having sent it.
    replies: Vec<(PeerKey, Body)>,
    /// Each kind of failure is logged once in a match: any of them is a bug, and would come with every frame.
    logs: LogLimiter,
}

impl GgrsBridge {
    /// A socket over the traffic of a match.
    pub(crate) fn new(traffic: SharedTraffic) -> Self {
        Self { traffic, replies: Vec::new(), logs: LogLimiter::default() }
    }

    fn handle_body(&mut self, to: PeerKey, body: Body) {
        let message = match body {
            Body::SyncRequest { random } => {
                return self.replies.extend([(to, Body::SyncReply { random }), (to, FAR_AHEAD)]);
            }
            Body::Input(input) => SessionMessage::Inputs {
                ack_frame: input.ack_frame,
                last_frames: input.peer_connect_status.iter().map(|peer| peer.last_frame).collect(),
                inputs: EncodedInputs { start_frame: input.start_frame, bytes: input.bytes },
            },
            Body::InputAck { ack_frame } => SessionMessage::InputAck { ack_frame },
            // The replies are made here, the link keeps itself alive, and what the simulations tell each other of their
            // progress and their checksums is exchanged without ggrs.
            Body::SyncReply { .. }
            | Body::QualityReport { .. }
            | Body::QualityReply { .. }
            | Body::ChecksumReport { .. }
            | Body::KeepAlive => return,
        };
        self.traffic.lock().handle_message(to, message);
    }

    fn written(&mut self, body: Body) -> Option<Message> {
        match mirror::write(body) {
            Ok(message) => Some(message),
            Err(error) => {
                if self.logs.admit_once("a message could not be handed to ggrs", "") {
                    error!("a message could not be handed to ggrs: {error}");
                }
                None
            }
        }
    }
}

impl NonBlockingSocket<PeerKey> for GgrsBridge {
    fn send_to(&mut self, message: &Message, address: &PeerKey) {
        match mirror::read(message) {
            Ok(body) => self.handle_body(*address, body),
            Err(error) => {
                if self.logs.admit_once("a message of ggrs could not be read", "") {
                    error!("a message of ggrs could not be read: {error}");
                }
            }
        }
    }

    fn receive_all_messages(&mut self) -> Vec<(PeerKey, Message)> {
        let mut traffic = self.traffic.lock();
        let messages = std::iter::from_fn(|| traffic.poll_message());
        let messages = messages.map(|(from, message)| (from, body(message)));
        let bodies: Vec<_> = self.replies.drain(..).chain(messages).collect();
        drop(traffic);
        bodies.into_iter().filter_map(|(from, body)| Some((from, self.written(body)?))).collect()
    }
}

/// A message of a peer, as ggrs has it.
fn body(message: SessionMessage) -> Body {
    match message {
        SessionMessage::Inputs { ack_frame, last_frames, inputs } => {
            let connected = |last_frame| ConnectionStatus { disconnected: false, last_frame };
            Body::Input(Input {
                peer_connect_status: last_frames.into_iter().map(connected).collect(),
                disconnect_requested: false,
                start_frame: inputs.start_frame,
                ack_frame,
                bytes: inputs.bytes,
            })
        }
        SessionMessage::InputAck { ack_frame } => Body::InputAck { ack_frame },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use netplay_core::match_::{DelayBounds, MatchConfig, MatchTraffic, Signatures};
    use netplay_protocol::{Identity, MatchId, Roster};

    use super::*;

    fn identity(name: u8) -> Identity {
        Identity::from_secret(&[name; 32])
    }

    /// The bridge of one of two players.
    fn bridge(local: u8, remote: u8) -> GgrsBridge {
        let players = [1, 2].map(|name| identity(name).public()).to_vec();
        let members = players.iter().map(|key| key.peer_key()).collect();
        let id = MatchId::new(1, 1, &Roster::new(2, members));
        let signatures = Signatures { id, identity: identity(local), players };
        assert!(signatures.others().eq([identity(remote).peer_key()]));
        let default_input = vec![0, 0];
        let config = MatchConfig {
            players: 2,
            default_input,
            input_delay: 2,
            delay_bounds: DelayBounds::fixed(2),
            frame: Duration::from_millis(16),
            max_prediction: 8,
            input_redundancy: 3,
        };
        GgrsBridge::new(SharedTraffic::new(MatchTraffic::new(config, signatures)))
    }

    fn send(bridge: &mut GgrsBridge, to: PeerKey, body: Body) -> Vec<Body> {
        bridge.send_to(&mirror::write(body).unwrap(), &to);
        let received = bridge.receive_all_messages();
        received.iter().map(|(_, message)| mirror::read(message).unwrap()).collect()
    }

    #[test]
    fn synchronization_is_answered_without_the_peer_and_what_ggrs_measures_goes_nowhere() {
        let (mut bridge, peer) = (bridge(1, 2), identity(2).peer_key());
        let replies = send(&mut bridge, peer, Body::SyncRequest { random: 5 });
        assert_eq!(replies, [Body::SyncReply { random: 5 }, FAR_AHEAD]);
        let measured = [
            Body::QualityReport { frame_advantage: 3, ping: 1000 },
            Body::QualityReply { pong: 1000 },
            Body::KeepAlive,
        ];
        for body in measured {
            assert_eq!(send(&mut bridge, peer, body), []);
        }
        let frame = Duration::from_millis(16);
        let sent = bridge.traffic.lock().poll_transmit(frame, peer, frame);
        assert!(sent.is_none_or(|sent| !sent.has_inputs));
    }

    #[test]
    fn inputs_that_ggrs_repeats_are_not_sent_again_for_that() {
        let inputs = Input {
            peer_connect_status: vec![ConnectionStatus { disconnected: false, last_frame: 2 }; 2],
            disconnect_requested: false,
            start_frame: 2,
            ack_frame: -1,
            bytes: vec![8, 2, 0, 9, 0],
        };
        let frame = Duration::from_millis(16);
        let sends = |repeats: bool| {
            let (mut bridge, peer) = (self::bridge(1, 2), identity(2).peer_key());
            send(&mut bridge, peer, Body::Input(inputs.clone()));
            let sent = |at: &Duration| {
                if repeats {
                    send(&mut bridge, peer, Body::Input(inputs.clone()));
                }
                bridge.traffic.lock().poll_transmit(*at, peer, frame).is_some()
            };
            (1..=60).map(|step| frame * step).filter(sent).collect::<Vec<_>>()
        };
        let (once, again) = (sends(false), sends(true));
        assert!(once.len() > 5, "what is not acknowledged is repeated: {once:?}");
        assert_eq!(again, once);
    }

    #[test]
    fn what_one_bridge_sends_another_one_receives() {
        let (mut local, mut remote) = (bridge(1, 2), bridge(2, 1));
        let [from, to] = [1, 2].map(|name| identity(name).peer_key());
        let inputs = Input {
            peer_connect_status: vec![ConnectionStatus { disconnected: false, last_frame: 2 }; 2],
            disconnect_requested: false,
            start_frame: 2,
            ack_frame: -1,
            bytes: vec![2, 2, 5, 2, 9, 5],
        };
        send(&mut local, to, Body::Input(inputs.clone()));
        let frame = Duration::from_millis(16);
        let sent = local.traffic.lock().poll_transmit(frame, to, frame).unwrap();
        assert!(sent.has_inputs);
        remote.traffic.lock().handle_payload(from, &sent.payload).unwrap();
        let received = remote.receive_all_messages();
        let received: Vec<Body> =
            received.iter().map(|(_, message)| mirror::read(message).unwrap()).collect();
        assert_eq!(received, [Body::Input(inputs)]);
    }
}
