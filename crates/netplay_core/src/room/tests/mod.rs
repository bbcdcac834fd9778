//! Whole rooms on virtual time, without a transport or a simulation that draws anything.

mod checks;
mod drops;
mod lobby;
mod network;
mod rejoins;
mod rematches;
mod simulation;
