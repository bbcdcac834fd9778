//! Reflection of types that other crates own and that need no mirror.
//!
//! `netplay_core` and `netplay_protocol` do not know Bevy. What a game reads or shows is mirrored by types of this
//! crate ([`LinkPath`](crate::LinkPath), [`LinkQuality`](crate::LinkQuality) and so on). The rest is reflected
//! where it stands:
//!
//! * ids ([`PeerKey`], [`RoomCode`]) as opaque values with their debug text: they have no parts;
//! * configuration ([`NetworkEmulation`], [`PathPolicy`]) with its fields, [`LinkConfig`] and
//!   [`TransportOptions`] as opaque values.

#[cfg(feature = "emulator")]
use std::collections::BTreeMap;
#[cfg(feature = "emulator")]
use std::time::Duration;

use bevy::prelude::*;
use bevy::reflect::reflect_remote;
#[cfg(feature = "emulator")]
use netplay_core::emulator::{NetworkConditions, NetworkEmulation, PeerConditions};
use netplay_core::link::LinkConfig;
use netplay_core::path::PathPolicy;
use netplay_core::transport::TransportOptions;
use netplay_protocol::{PeerKey, RoomCode};

use crate::input::NetplayInput;
use crate::{
    Checksums, ConnectionNotices, CurrentLobby, CurrentMatch, CurrentRoom, DoctorReport, EffectId,
    EndReason, EntropySource, InputStatus, Interpolation, JoinRoom, LastEndReason, LastReport,
    LocalInput, MatchTimeline, NetplayConfig, NetplaySystems, OwnedBy, PeerIdentity, PeerLinks,
    ReadLocalInput, RollbackEntity, RollbackMetrics, RollbackRegistry, RoomList, Smoothing,
    SoundCommand, SpawnOrder, StartMatch, Teleported, TransportFactory,
};

#[reflect_remote(PeerKey)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(opaque)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) struct ReflectedPeerKey;

#[reflect_remote(Option<PeerKey>)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(opaque)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) struct OptionalPeerKey;

#[reflect_remote(RoomCode)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(opaque)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) struct ReflectedRoomCode;

#[reflect_remote(Option<RoomCode>)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(opaque)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) struct OptionalRoomCode;

#[reflect_remote(LinkConfig)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(opaque)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) struct ReflectedLinkConfig;

#[reflect_remote(TransportOptions)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(opaque)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) struct ReflectedTransportOptions;

#[reflect_remote(PathPolicy)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) enum ReflectedPathPolicy {
    Any,
    Direct,
    Turn,
    Relay,
}

#[cfg(feature = "emulator")]
#[reflect_remote(NetworkConditions)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) struct ReflectedNetworkConditions {
    pub latency: Duration,
    pub jitter: Duration,
    pub loss: f32,
    pub burst: f32,
    pub duplication: f32,
    pub reordering: f32,
    pub bandwidth: Option<u64>,
    pub queue: Duration,
}

#[cfg(feature = "emulator")]
#[reflect_remote(BTreeMap<PeerKey, PeerConditions>)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(opaque)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) struct ReflectedPeerConditions;

#[cfg(feature = "emulator")]
#[reflect_remote(NetworkEmulation)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) struct ReflectedNetworkEmulation {
    #[reflect(remote = ReflectedNetworkConditions)]
    pub outgoing: NetworkConditions,
    #[reflect(remote = ReflectedNetworkConditions)]
    pub incoming: NetworkConditions,
    #[reflect(remote = ReflectedPeerConditions)]
    pub peers: BTreeMap<PeerKey, PeerConditions>,
}

#[cfg(feature = "emulator")]
#[reflect_remote(Option<NetworkEmulation>)]
#[derive(Clone, Debug, PartialEq)]
#[reflect(Clone, Debug, PartialEq)]
pub(crate) enum OptionalNetworkEmulation {
    None,
    Some(#[reflect(remote = ReflectedNetworkEmulation)] NetworkEmulation),
}

/// Registers what this crate shows: resources, messages, components and the types in them.
pub(crate) fn register_types<I: NetplayInput>(app: &mut App) {
    app.register_type::<Checksums>()
        .register_type::<ConnectionNotices>()
        .register_type::<CurrentMatch>()
        .register_type::<CurrentLobby>()
        .register_type::<CurrentRoom>()
        .register_type::<DoctorReport>()
        .register_type::<EffectId>()
        .register_type::<EndReason>()
        .register_type::<EntropySource>()
        .register_type::<InputStatus>()
        .register_type::<Interpolation>()
        .register_type::<JoinRoom>()
        .register_type::<LastEndReason>()
        .register_type::<LocalInput<I>>()
        .register_type::<NetplayConfig>()
        .register_type::<NetplaySystems>()
        .register_type::<OwnedBy>()
        .register_type::<PeerIdentity>()
        .register_type::<PeerLinks>()
        .register_type::<ReadLocalInput>()
        .register_type::<RollbackEntity>()
        .register_type::<RollbackMetrics>()
        .register_type::<RollbackRegistry>()
        .register_type::<RoomList>()
        .register_type::<LastReport>()
        .register_type::<MatchTimeline>()
        .register_type::<Smoothing>()
        .register_type::<SoundCommand>()
        .register_type::<SpawnOrder>()
        .register_type::<StartMatch>()
        .register_type::<Teleported>()
        .register_type::<TransportFactory>();
    #[cfg(feature = "emulator")]
    app.register_type::<crate::CurrentEmulation>();
    #[cfg(feature = "overlay")]
    app.register_type::<crate::NetplayOverlay>().register_type::<crate::ConnectionIndicator>();
}
