//! The doctor: why connections do not work, in sentences.
//!
//! [`run_doctor`](crate::NetplayCommands::run_doctor) takes every step to a match, in the background and in a room or not;
//! [`DoctorReport`] has the steps as they end.

mod report;

use bevy::prelude::*;
use netplay_transport::doctor::{DoctorEvent, DoctorOptions, DoctorTask};

use crate::NetplayConfig;
use crate::messages::DoctorFinished;
use crate::session::Session;
pub use report::{DoctorFinding, DoctorReport, DoctorSeverity, DoctorStep, StepResult};

/// Begins an examination of the server in this configuration: of the first one where it names several.
pub(crate) fn start(config: &NetplayConfig) -> (DoctorTask, DoctorReport) {
    let server = config.server.split(',').next().unwrap_or_default().trim().to_owned();
    let game =
        netplay_protocol::signaling::GameInfo { game: config.game.clone(), ..Default::default() };
    let transport = config.transport.clone();
    let report = DoctorReport { is_running: true, server: server.clone(), ..default() };
    (DoctorTask::start(DoctorOptions { server, game, token: None, transport }), report)
}

/// A run condition: an examination is under way.
pub(crate) fn is_running(session: Res<Session>) -> bool {
    session.doctor.is_some()
}

/// Tells what has ended since the last update.
pub(crate) fn read_doctor(
    mut session: ResMut<Session>,
    mut report: ResMut<DoctorReport>,
    mut finished: MessageWriter<DoctorFinished>,
) {
    while let Some(event) = session.doctor.as_mut().and_then(DoctorTask::poll) {
        match event {
            DoctorEvent::Step(step) => {
                let step = DoctorStep::from(step);
                info!("doctor: {} ({} ms): {}", step.name, step.took.as_millis(), step.text);
                report.steps.push(step);
            }
            DoctorEvent::Finished(found) => {
                session.doctor = None;
                report.is_running = false;
                report.findings = found.findings.iter().map(Into::into).collect();
                for finding in &report.findings {
                    warn!("the doctor found: {}", finding.sentence);
                }
                if report.findings.is_empty() {
                    info!("the doctor found nothing wrong with {}", report.server);
                }
                finished.write(DoctorFinished { findings: report.findings.clone() });
            }
        }
    }
}
