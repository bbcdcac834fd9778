//! Whole rooms on virtual time, without a transport or a simulation that draws anything.

mod accusations;
mod away;
mod checks;
mod churn;
mod desyncs;
mod drops;
mod equivocation;
mod hitches;
mod hostile;
mod kicks;
mod lobby;
mod lobby_model;
mod losses;
mod messages;
mod network;
mod node;
mod ready;
mod rejoins;
mod rematches;
mod seed_deadlines;
mod seeds;
mod simulation;
mod stalls;
mod twin;
mod two_processes;
mod watch;
