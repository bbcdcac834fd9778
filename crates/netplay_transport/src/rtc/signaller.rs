//! matchbox's view of signaling, for one attempt.
//!
//! matchbox asks its `Signaller` for events and gives it signals to send. This one tells matchbox two ids (its own and
//! the peer's), announces the peer to the offerer only, and reports local signals to the driver.
//!
//! An answer is held back until its host candidates are known, and then sent with the candidates inside. matchbox
//! itself sends the answer before its candidates. An ICE agent that finds no pair at its first check waits for its
//! next tick, 200 ms later; with the candidates inside the answer it finds one.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures::channel::mpsc;
use futures::future::{Either, pending};
use futures::{FutureExt, StreamExt, select_biased};
use futures_timer::Delay;
use matchbox_socket::{
    PeerEvent, PeerId, PeerRequest, PeerSignal, SignalingError, Signaller, SignallerBuilder,
};
use netplay_core::log_limiter::Level;
use netplay_core::negotiation::{AttemptSignal, Role, conceal, sdp};
use netplay_protocol::{ConnectionId, PeerKey};
use uuid::Uuid;

use super::logs;
use super::platform::Local;
use super::report::{AttemptEvent, AttemptReport};
use crate::{CandidateKind, PathPolicy};

/// How long an answer waits for its first candidate. Gathering takes a while on a busy machine; if there are no
/// candidates at all, waiting longer does not help.
const FIRST_CANDIDATE: Duration = Duration::from_millis(50);
/// How long an answer that has candidates waits for another one. Host candidates are found at about the same time.
const NEXT_CANDIDATE: Duration = Duration::from_millis(3);

/// matchbox's id of a peer, inside one attempt.
pub(super) fn peer_id(key: PeerKey) -> PeerId {
    PeerId(Uuid::from_bytes(key.to_bytes()))
}

/// The signaling of one attempt. See the [module](self).
pub(super) struct AttemptSignaller {
    pub(super) remote: PeerKey,
    pub(super) connection: ConnectionId,
    pub(super) policy: PathPolicy,
    /// Takes note of the local side.
    pub(super) noted: Local,
    pub(super) incoming: mpsc::UnboundedReceiver<PeerEvent>,
    pub(super) outgoing: mpsc::UnboundedSender<AttemptReport>,
    /// Local candidates that matchbox does not report.
    found: mpsc::UnboundedReceiver<String>,
    /// Local candidates found before the local description. None once the description is sent.
    early: Option<Vec<String>>,
    held: Option<HeldAnswer>,
}

/// What an attempt needs for signaling.
pub(super) struct Signaling {
    pub(super) policy: PathPolicy,
    pub(super) noted: Local,
    pub(super) found: mpsc::UnboundedReceiver<String>,
    pub(super) outgoing: mpsc::UnboundedSender<AttemptReport>,
}

/// An answer that waits for candidates, and the time it still has.
struct HeldAnswer {
    sdp: String,
    candidates: Vec<String>,
    release: Delay,
}

impl AttemptSignaller {
    pub(super) fn new(
        (local, remote): (PeerKey, PeerKey),
        role: Role,
        connection: ConnectionId,
        signaling: Signaling,
    ) -> (Self, mpsc::UnboundedSender<PeerEvent>) {
        let Signaling { policy, noted, found, outgoing } = signaling;
        let (events, incoming) = mpsc::unbounded();
        // The receiver still exists: sending cannot fail.
        let _ = events.unbounded_send(PeerEvent::IdAssigned(peer_id(local)));
        if role == Role::Offerer {
            let _ = events.unbounded_send(PeerEvent::NewPeer(peer_id(remote)));
        }
        let (early, held) = (Some(Vec::new()), None);
        let signaller =
            Self { remote, connection, policy, noted, incoming, outgoing, found, early, held };
        (signaller, events)
    }

    fn pass(&self, signal: AttemptSignal) {
        let (peer, connection, event) =
            (self.remote, self.connection, AttemptEvent::Signal(signal));
        // A driver that has ended needs no signals.
        let _ = self.outgoing.unbounded_send(AttemptReport { peer, connection, event });
    }

    fn release_answer(&mut self) {
        if let Some(held) = self.held.take() {
            let sdp = sdp::with_candidates(&held.sdp, held.candidates.iter().map(String::as_str));
            self.pass(AttemptSignal::Answer(sdp));
        }
    }

    /// The local description is sent, or about to be: candidates may follow.
    fn described(&mut self) {
        for json in self.early.take().into_iter().flatten() {
            self.candidate(json);
        }
    }

    fn candidate(&mut self, json: String) {
        if let Some(early) = &mut self.early {
            return early.push(json);
        }
        if let Ok(Some((line, CandidateKind::Host))) = sdp::read_candidate(&json) {
            self.noted.host(&line);
        }
        match (conceal::candidate(&json, self.policy), &mut self.held) {
            (Ok(Some(candidate)), Some(held)) => {
                held.candidates.push(candidate.line);
                held.release.reset(NEXT_CANDIDATE);
            }
            (Ok(Some(candidate)), None) => self.pass(AttemptSignal::Candidate(candidate.json)),
            // The mark of the end is not sent: the peer does not need it.
            (Ok(None), _) => {}
            (Err(error), _) if logs::admits(Level::Warn, "not sending a local candidate", "") => {
                log::warn!("not sending a local candidate: {error}");
            }
            (Err(_), _) => {}
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl Signaller for AttemptSignaller {
    async fn send(&mut self, request: PeerRequest) -> Result<(), SignalingError> {
        match request {
            PeerRequest::KeepAlive => {}
            PeerRequest::Signal { data: PeerSignal::Offer(sdp), .. } => {
                self.noted.described(&sdp);
                self.pass(AttemptSignal::Offer(conceal::description(&sdp, self.policy)));
                self.described();
            }
            PeerRequest::Signal { data: PeerSignal::Answer(sdp), .. } => {
                self.noted.described(&sdp);
                let sdp = conceal::description(&sdp, self.policy);
                // With candidates inside already, there is nothing to wait for.
                let complete = sdp.contains("a=candidate:");
                let release = Delay::new(if complete { NEXT_CANDIDATE } else { FIRST_CANDIDATE });
                self.held = Some(HeldAnswer { sdp, candidates: Vec::new(), release });
                self.described();
            }
            PeerRequest::Signal { data: PeerSignal::IceCandidate(json), .. } => {
                self.candidate(json)
            }
        }
        Ok(())
    }

    /// Cancel-safe: what is waited for stays in `self`.
    async fn next_message(&mut self) -> Result<PeerEvent, SignalingError> {
        loop {
            let released = match &mut self.held {
                Some(held) => Either::Left(&mut held.release),
                None => Either::Right(pending()),
            };
            // The driver drops its end when the attempt is open or has ended. Returning an error then would end the
            // socket, and with it an open connection, so this waits forever instead.
            select_biased! {
                () = released.fuse() => self.release_answer(),
                event = self.incoming.select_next_some() => return Ok(event),
                json = self.found.select_next_some() => self.candidate(json),
            }
        }
    }
}

/// Gives matchbox the one signaller of its one attempt.
pub(super) struct OneSignaller(Mutex<Option<AttemptSignaller>>);

impl OneSignaller {
    pub(super) fn new(signaller: AttemptSignaller) -> Self {
        Self(Mutex::new(Some(signaller)))
    }
}

impl std::fmt::Debug for OneSignaller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneSignaller")
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl SignallerBuilder for OneSignaller {
    async fn new_signaller(
        &self,
        _attempts: Option<u16>,
        _room_url: String,
    ) -> Result<Box<dyn Signaller>, SignalingError> {
        let signaller = self.0.lock().ok().and_then(|mut slot| slot.take());
        let reason = || SignalingError::UserImplementationError("an attempt signals once".into());
        signaller.map(|signaller| Box::new(signaller) as Box<dyn Signaller>).ok_or_else(reason)
    }
}
