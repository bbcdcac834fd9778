//! Every target takes inputs for about ten seconds.

use netplay_fuzz::{TARGETS, Target, run};

/// The seed of the inputs. `cargo xtask fuzz --seed` takes others.
const SEED: u64 = 0;

#[track_caller]
fn takes_its_inputs(name: &str) {
    let target = Target::named(name).expect("a test has the name of its target");
    if let Err(failure) = run(target, target.test_runs, SEED) {
        panic!("{failure}. To repeat this: cargo xtask fuzz {name}");
    }
}

/// One test for each target: they run side by side.
macro_rules! targets {
    ($($name:ident)*) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                takes_its_inputs(stringify!($name));
            }
        )*
    };
}

targets!(
    datagram control relay names client_message server_message description candidate payload traffic inputs link messages noise
    negotiator server config address token matchbox ice_server network desync_bundle desync_side session_report doctor
);

#[test]
fn every_target_has_a_test_and_a_program() {
    assert_eq!(TARGETS.map(|target| target.name), TESTED);
    for name in TESTED {
        let program = format!("{}/fuzz_targets/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&program).unwrap_or_default();
        assert!(text.contains(&format!("check(\"{name}\"")), "{program}");
    }
}
