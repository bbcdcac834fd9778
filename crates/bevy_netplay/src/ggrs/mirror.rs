//! ggrs' messages with public fields.
//!
//! [`ggrs::Message`] is opaque but serializes; a type of the same shape reads and writes what it serializes to.
//! `a_message_of_ggrs_reads_as_its_mirror` fails if the shapes differ.

use ggrs::Message;
use serde::{Deserialize, Serialize};

/// The number in every message of a peer, once ggrs has synchronized with it. It is the same for all peers here,
/// because the link knows which peer sent what.
const MAGIC: u16 = 1;

#[derive(Serialize, Deserialize)]
struct Mirror {
    magic: u16,
    body: Body,
}

/// The body of a message.
#[derive(Serialize, Deserialize, Debug, PartialEq)]
pub(super) enum Body {
    SyncRequest { random: u32 },
    SyncReply { random: u32 },
    Input(Input),
    InputAck { ack_frame: i32 },
    QualityReport { frame_advantage: i16, ping: u128 },
    QualityReply { pong: u128 },
    ChecksumReport { checksum: u128, frame: i32 },
    KeepAlive,
}

/// All inputs that the receiver has not acknowledged.
#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
pub(super) struct Input {
    pub(super) peer_connect_status: Vec<ConnectionStatus>,
    pub(super) disconnect_requested: bool,
    pub(super) start_frame: i32,
    pub(super) ack_frame: i32,
    pub(super) bytes: Vec<u8>,
}

/// The last frame whose input the sender has of a player.
#[derive(Serialize, Deserialize, Debug, PartialEq, Clone, Copy)]
pub(super) struct ConnectionStatus {
    pub(super) disconnected: bool,
    pub(super) last_frame: i32,
}

/// The body of a message that ggrs sends.
pub(super) fn read(message: &Message) -> Result<Body, postcard::Error> {
    let mirror: Mirror = postcard::from_bytes(&postcard::to_stdvec(message)?)?;
    Ok(mirror.body)
}

/// A message that ggrs receives.
pub(super) fn write(body: Body) -> Result<Message, postcard::Error> {
    postcard::from_bytes(&postcard::to_stdvec(&Mirror { magic: MAGIC, body })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_ggrs_reads_as_its_mirror() {
        let input = Input {
            peer_connect_status: vec![ConnectionStatus { disconnected: false, last_frame: 7 }; 2],
            disconnect_requested: false,
            start_frame: 5,
            ack_frame: -1,
            bytes: vec![1, 2, 3],
        };
        let bodies = || {
            [
                Body::SyncRequest { random: 1 },
                Body::SyncReply { random: 2 },
                Body::Input(input.clone()),
                Body::InputAck { ack_frame: 3 },
                Body::QualityReport { frame_advantage: -2, ping: 1 << 100 },
                Body::QualityReply { pong: 4 },
                Body::ChecksumReport { checksum: u128::MAX, frame: 5 },
                Body::KeepAlive,
            ]
        };
        for (body, again) in bodies().into_iter().zip(bodies()) {
            let message = write(body).unwrap();
            let shown = format!("{message:?}");
            let name = format!("{again:?}").split([' ', '(']).next().unwrap().to_owned();
            assert!(shown.contains(&name), "{shown} is not {name}");
            assert_eq!(read(&message).unwrap(), again);
        }
    }
}
