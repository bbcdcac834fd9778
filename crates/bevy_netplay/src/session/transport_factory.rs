//! [`TransportFactory`]: where the transport of a room comes from.

use std::sync::Arc;

use bevy::prelude::*;
use netplay_transport::rtc::RtcTransport;
use netplay_transport::{JoinRequest, Transport};

type MakeTransport = dyn Fn(&JoinRequest) -> Box<dyn Transport> + Send + Sync;

/// Makes the transport of a room. Replace it to play over another transport than WebRTC, such as
/// [`memory`](netplay_transport::memory) in tests.
#[derive(Resource, Clone, Reflect)]
#[reflect(opaque)]
#[reflect(Resource, Default)]
pub struct TransportFactory(Arc<MakeTransport>);

impl TransportFactory {
    /// A factory that calls this for every room that is joined.
    pub fn new(make: impl Fn(&JoinRequest) -> Box<dyn Transport> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// The transport of a room.
    pub(crate) fn make(&self, request: &JoinRequest) -> Box<dyn Transport> {
        (self.0)(request)
    }
}

impl Default for TransportFactory {
    fn default() -> Self {
        Self::new(|request| Box::new(RtcTransport::join(request.clone())))
    }
}
