//! The session: one room, the links in it, and the matches on them.
//!
//! ```text
//! join ──► Connecting ──► Lobby ──► Synchronizing ──► Playing ──► Ended
//!            server        links,      everybody       match,
//!                          hellos      is ready        rematches
//! ```
//!
//! [`Netplay`] decides and keeps state; it is driven once a frame and says what is to be done to the
//! world as [`Step`]s. [`systems`] does it. [`linking`] stands between the links and the transport.
//!
//! Two peers that are connected first say hello: which game, what it rolls back, which roster. When a
//! peer has heard every other's hello and agrees, it says that it is ready for the first epoch; when
//! everybody is ready, the match starts. A rematch is the same vote for the next epoch. A player who is
//! lost in a match is dropped from it, after the same frame for everybody else ([`dropping`]); one whose
//! process is started anew in time comes back to it ([`returning`]).

mod dropping;
mod linking;
mod lobby;
mod netplay;
mod peer;
mod playing;
mod returning;
mod systems;

use std::sync::Arc;

use bevy::prelude::*;
use netplay_transport::rtc::RtcTransport;
use netplay_transport::{JoinRequest, Transport};

pub(crate) use netplay::Netplay;
pub(crate) use systems::{receive, send};

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
}

impl Default for TransportFactory {
    fn default() -> Self {
        Self::new(|request| Box::new(RtcTransport::join(request.clone())))
    }
}

/// Randomness of the machine, for keys and codes. Nothing that is simulated depends on it.
pub(crate) fn entropy() -> u64 {
    getrandom::u64().unwrap_or_else(|error| {
        error!("the system gives no randomness ({error}): keys may collide");
        0
    })
}
