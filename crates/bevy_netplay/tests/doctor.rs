//! The doctor of a game: its steps, its findings and its message.

use bevy::prelude::*;
use bevy_netplay::messages::DoctorFinished;
use bevy_netplay::prelude::*;
use bevy_netplay::{DoctorReport, DoctorSeverity, StepResult};

#[derive(Resource, Default)]
struct Told(Vec<DoctorFinished>);

fn tell(mut finished: MessageReader<DoctorFinished>, mut told: ResMut<Told>) {
    told.0.extend(finished.read().cloned());
}

#[test]
fn a_game_is_told_what_is_wrong_with_its_server() {
    let config = NetplayConfig { server: "nonsense".into(), ..default() };
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::new(config)))
        .init_resource::<Told>()
        .add_systems(Update, tell);
    app.world_mut().commands().run_doctor();
    // A text that is no address is refused without a network: the task ends at once.
    while app.world().resource::<Told>().0.is_empty() {
        app.update();
        std::thread::yield_now();
    }
    let report = app.world().resource::<DoctorReport>().clone();
    assert!(!report.is_running);
    assert_eq!(report.server, "nonsense");
    assert_eq!((&*report.steps[0].name, report.steps[0].result), ("address", StepResult::Failed));
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].code, "bad_address");
    assert_eq!(report.findings[0].severity, DoctorSeverity::Error);
    assert_eq!(app.world().resource::<Told>().0[0].findings, report.findings);
}
