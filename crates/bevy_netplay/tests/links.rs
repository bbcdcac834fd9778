//! What a game sees of its links.

use bevy_netplay::core::path::PathKind;
use bevy_netplay::{InputsByPath, PeerLink, prelude::*};
use netplay_testkit::TestApps;

/// The link of an App to the other one.
fn link(apps: &TestApps, index: usize) -> &PeerLink {
    apps.world(index).resource::<PeerLinks>().iter().next().unwrap()
}

#[test]
fn inputs_by_path_and_failed_attempts_are_shown_and_reported() {
    const FRAME: i32 = 600;
    let mut apps = TestApps::builder(70).players(2).start();
    apps.run_until_confirmed(60, 1000);
    let [first, second] = [0, 1].map(|index| apps.key(index));
    // What travels inside the process is none of the three.
    assert_eq!(link(&apps, 0).inputs_by_path, InputsByPath::default(), "{apps}");
    for (from, to) in [(first, second), (second, first)] {
        apps.hub().cut_path(from, to, PathKind::Memory);
    }
    apps.run_until("the server relays", 300, |apps| {
        apps.indices().all(|index| link(apps, index).path == Some(LinkPath::Relay))
    });
    apps.run(60);
    let relayed = |apps: &TestApps| [0, 1].map(|index| link(apps, index).inputs_by_path.relay);
    let before = relayed(&apps);
    apps.run(300);
    for (before, after) in before.into_iter().zip(relayed(&apps)) {
        // Each input counts once, however often it is sent.
        assert!((290..=310).contains(&(after - before)), "{before} to {after}: {apps}");
    }
    apps.run_until_confirmed(FRAME, 3000);
    for index in 0..2 {
        let report = session_report_at(apps.world(index), FRAME).unwrap();
        let (link, reported) = (link(&apps, index), &report.links[0]);
        let inputs = link.inputs_by_path;
        assert_eq!((inputs.direct, inputs.turn), (0, 0), "{apps}");
        assert!(link.sent_by_path.relay > 0, "{apps}");
        let failures = &link.attempt_failures;
        assert!((1..=8).contains(&failures.len()), "{failures:?}");
        assert!(failures.iter().all(|failure| failure.reason == "nothing got through"));
        assert!(failures.is_sorted_by_key(|failure| failure.at), "{failures:?}");
        assert_eq!((reported.inputs_by_path, reported.sent_by_path), (inputs, link.sent_by_path));
        assert_eq!(reported.attempt_failures.len(), failures.len());
        assert_eq!(reported.attempt_failures[0].reason, failures[0].reason);
    }
    apps.hub().heal(first, second);
    apps.run_until("packets no longer travel through the server", 3000, |apps| {
        apps.indices().all(|index| link(apps, index).path == Some(LinkPath::Memory))
    });
    apps.run(120);
    let before = relayed(&apps);
    apps.run(300);
    assert_eq!(relayed(&apps), before, "{apps}");
    apps.assert_in_sync();
}
