//! Carries out what the doctor decides.

use std::pin::pin;
use std::time::Duration;

use futures::channel::mpsc;
use futures::future::{Either, select};
use futures_timer::Delay;
use netplay_core::doctor::DoctorRequest;
use netplay_protocol::signaling::Entry;
use netplay_protocol::{Identity, Secret};
use web_time::{SystemTime, UNIX_EPOCH};

use super::platform::Steps;
use super::{Doctor, DoctorEvent, DoctorOptions, platform};
use crate::JoinRequest;
use crate::rtc::real_time;

/// Takes every step. What is found goes to `events`.
pub(super) async fn examine(
    options: DoctorOptions,
    mut steps: Steps,
    events: mpsc::UnboundedSender<DoctorEvent>,
) {
    let Some(request) = request(options) else { return };
    let started = real_time();
    let clock = || real_time().saturating_duration_since(started);
    let mut doctor = Doctor::new(request, Duration::ZERO);
    loop {
        while let Some(command) = doctor.poll_command() {
            steps.handle_command(command).await;
        }
        while let Some(step) = doctor.poll_step() {
            // Who dropped the task does not want to know.
            let _ = events.unbounded_send(DoctorEvent::Step(step));
        }
        if let Some(report) = doctor.poll_report() {
            let _ = events.unbounded_send(DoctorEvent::Finished(report));
            return;
        }
        let wait = doctor.poll_timeout().unwrap_or_default().saturating_sub(clock());
        let evidence = match select(pin!(steps.next()), Delay::new(wait)).await {
            Either::Left((evidence, _)) => Some(evidence),
            Either::Right(_) => None,
        };
        match evidence {
            Some(evidence) => doctor.handle_evidence(clock(), evidence),
            None => doctor.handle_timeout(clock()),
        }
    }
}

/// A peer of its own that joins a new room. None where the system has no random numbers.
fn request(options: DoctorOptions) -> Option<DoctorRequest> {
    let (mut secret, mut password) = ([0; 32], [0; 16]);
    getrandom::fill(&mut secret).ok()?;
    getrandom::fill(&mut password).ok()?;
    let mut join = JoinRequest::new(Entry::New, 2, Identity::from_secret(&secret));
    join.servers = vec![options.server];
    join.game = options.game;
    join.token = options.token;
    join.options = options.transport.bounded();
    // Nobody enters the room, and servers that require a password open it.
    join.password = Some(Secret::from(hex::encode(password)));
    Some(DoctorRequest { join, surroundings: platform::surroundings(), unix_s: unix_s() })
}

/// What the clock of this machine says, in seconds since 1970.
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::disallowed_methods, reason = "it is compared with the clock of the server")
)]
fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
