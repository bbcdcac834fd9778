//! Whole rooms on virtual time, without a transport or a simulation that draws anything.

mod checks;
mod desyncs;
mod drops;
mod lobby;
mod network;
mod node;
mod rejoins;
mod rematches;
mod seeds;
mod simulation;
mod stalls;
mod watch;
