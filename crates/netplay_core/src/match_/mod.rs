//! One match over the links of a room: what happens between the rollback session and the links.

mod drop_consensus;

pub use drop_consensus::{DropConsensus, DroppedPlayer};
