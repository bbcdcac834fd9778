//! The socket that ggrs sees.
//!
//! It answers ggrs' synchronization and round-trip requests itself. Before a match starts, every peer has voted for
//! this epoch, which is all that ggrs' five round trips would show; and the link measures round trips better than
//! ggrs. Everything else passes through [`MatchTraffic`](netplay_core::match_::MatchTraffic).

use bevy::log::error;
use ggrs::{Message, NonBlockingSocket};
use netplay_core::match_::{EncodedInputs, SessionMessage, SharedTraffic};
use netplay_protocol::PeerKey;

use super::mirror::{self, Body, ConnectionStatus, Input};

/// The socket that ggrs sees. See the [module](self).
pub(crate) struct GgrsBridge {
    traffic: SharedTraffic,
    /// What ggrs receives without any peer having sent it.
    replies: Vec<(PeerKey, Body)>,
}

impl GgrsBridge {
    /// A socket over the traffic of a match.
    pub(crate) fn new(traffic: SharedTraffic) -> Self {
        Self { traffic, replies: Vec::new() }
    }

    fn handle_body(&mut self, to: PeerKey, body: Body) {
        let message = match body {
            Body::SyncRequest { random } => {
                return self.replies.push((to, Body::SyncReply { random }));
            }
            Body::QualityReport { frame_advantage, ping } => {
                // The reply to a request that was sent one round trip, as the link measured it, before this one.
                let rtt = self.traffic.lock().rtt(to);
                let pong = ping.saturating_sub(rtt.as_millis());
                self.replies.push((to, Body::QualityReply { pong }));
                SessionMessage::FrameAdvantage(frame_advantage)
            }
            Body::Input(input) => SessionMessage::Inputs {
                ack_frame: input.ack_frame,
                last_frames: input.peer_connect_status.iter().map(|peer| peer.last_frame).collect(),
                inputs: EncodedInputs { start_frame: input.start_frame, bytes: input.bytes },
            },
            Body::InputAck { ack_frame } => SessionMessage::InputAck { ack_frame },
            // The replies are made here, the link keeps itself alive, and checksums are exchanged without ggrs.
            Body::SyncReply { .. }
            | Body::QualityReply { .. }
            | Body::ChecksumReport { .. }
            | Body::KeepAlive => return,
        };
        self.traffic.lock().handle_message(to, message);
    }
}

impl NonBlockingSocket<PeerKey> for GgrsBridge {
    fn send_to(&mut self, message: &Message, address: &PeerKey) {
        match mirror::read(message) {
            Ok(body) => self.handle_body(*address, body),
            Err(error) => error!("a message of ggrs could not be read: {error}"),
        }
    }

    fn receive_all_messages(&mut self) -> Vec<(PeerKey, Message)> {
        let mut traffic = self.traffic.lock();
        let messages = std::iter::from_fn(|| traffic.poll_message());
        let messages = messages.map(|(from, message)| (from, body(message)));
        let bodies = self.replies.drain(..).chain(messages);
        bodies.filter_map(|(from, body)| Some((from, written(body)?))).collect()
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
        SessionMessage::FrameAdvantage(frame_advantage) => {
            Body::QualityReport { frame_advantage, ping: 0 }
        }
    }
}

fn written(body: Body) -> Option<Message> {
    mirror::write(body)
        .inspect_err(|error| error!("a message could not be handed to ggrs: {error}"))
        .ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use netplay_core::match_::{MatchConfig, MatchTraffic};

    use super::*;

    const PEER: PeerKey = PeerKey::from_bytes([7; 16]);

    fn bridge() -> GgrsBridge {
        let default_input = vec![0, 0];
        let config = MatchConfig { players: 2, default_input, input_delay: 2, max_prediction: 8 };
        GgrsBridge::new(SharedTraffic::new(MatchTraffic::new(config, [PEER])))
    }

    fn send(bridge: &mut GgrsBridge, body: Body) -> Vec<Body> {
        bridge.send_to(&mirror::write(body).unwrap(), &PEER);
        let received = bridge.receive_all_messages();
        received.iter().map(|(_, message)| mirror::read(message).unwrap()).collect()
    }

    #[test]
    fn synchronization_and_round_trips_are_answered_without_the_peer() {
        let mut bridge = bridge();
        let reply = send(&mut bridge, Body::SyncRequest { random: 5 });
        assert_eq!(reply, [Body::SyncReply { random: 5 }]);
        let report = || Body::QualityReport { frame_advantage: 0, ping: 1000 };
        assert_eq!(send(&mut bridge, report()), [Body::QualityReply { pong: 1000 }]);
        bridge.traffic.lock().handle_rtt(PEER, Some(Duration::from_millis(80)));
        assert_eq!(send(&mut bridge, report()), [Body::QualityReply { pong: 920 }]);
    }

    #[test]
    fn what_one_bridge_sends_another_one_receives() {
        let (mut local, mut remote) = (bridge(), bridge());
        let inputs = Input {
            peer_connect_status: vec![ConnectionStatus { disconnected: false, last_frame: 2 }; 2],
            disconnect_requested: false,
            start_frame: 2,
            ack_frame: -1,
            bytes: vec![8, 2, 0, 9, 0],
        };
        send(&mut local, Body::Input(inputs.clone()));
        send(&mut local, Body::QualityReport { frame_advantage: -3, ping: 0 });
        let frame = Duration::from_millis(16);
        let sent = local.traffic.lock().poll_transmit(frame, PEER, frame).unwrap();
        assert!(sent.has_inputs);
        remote.traffic.lock().handle_payload(PEER, &sent.payload).unwrap();
        let received = remote.receive_all_messages();
        let received: Vec<Body> =
            received.iter().map(|(_, message)| mirror::read(message).unwrap()).collect();
        let advantage = Body::QualityReport { frame_advantage: -3, ping: 0 };
        assert_eq!(received, [Body::Input(inputs), advantage]);
    }
}
