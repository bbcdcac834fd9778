//! All targets, and what each is about.

mod address;
mod config;
mod control;
mod datagram;
mod description;
mod desync;
mod doctor;
mod ice;
mod inputs;
mod link;
mod matchbox;
mod messages;
mod names;
mod negotiator;
mod network;
mod noise;
mod payload;
mod relay;
mod report;
mod server;
mod signaling;
mod token;
mod traffic;

use crate::Target;

/// All targets.
pub const TARGETS: [Target; 26] = [
    datagram::DATAGRAM,
    control::CONTROL,
    relay::RELAY,
    names::NAMES,
    signaling::CLIENT_MESSAGE,
    signaling::SERVER_MESSAGE,
    description::DESCRIPTION,
    description::CANDIDATE,
    payload::PAYLOAD,
    traffic::TRAFFIC,
    inputs::INPUTS,
    link::LINK,
    messages::MESSAGES,
    noise::NOISE,
    negotiator::NEGOTIATOR,
    server::SERVER,
    config::CONFIG,
    address::ADDRESS,
    token::TOKEN,
    matchbox::MATCHBOX,
    ice::ICE_SERVER,
    network::NETWORK,
    desync::DESYNC_BUNDLE,
    desync::DESYNC_SIDE,
    report::SESSION_REPORT,
    doctor::DOCTOR,
];
