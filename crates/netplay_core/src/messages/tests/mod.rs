//! Messages between two peers, on virtual time.

mod delivery;
mod ends;
mod hostile;
mod limits;

pub(crate) use ends::noise;
