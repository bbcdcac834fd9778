//! The messages of a game between two peers: their types, and the packets that they travel in.
//!
//! Both peers name the types that they know in a [`ControlMessage::MessageTypes`](crate::ControlMessage::MessageTypes).
//! What follows travels in [packets](MessagePacket) on the unreliable channel, with numbers and acknowledgements of its
//! own. `docs/PROTOCOL.md` has the layout.

mod packet;
mod types;

pub use packet::{
    AckRange, MAX_ACK_RANGES, MessageAck, MessageChunk, MessageFrame, MessageLatest, MessagePacket,
    MessagePacketError,
};
pub use types::{BadMessageTypes, MessageDelivery, MessageType, MessageTypes};
