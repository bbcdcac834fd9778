//! A peer that sends something else than what it had.

use bevy_netplay::DesyncBundles;
use bevy_netplay::core::messages::EncodedMessage;
use bevy_netplay::protocol::{MessageDelivery, MessageType};
use bevy_netplay::report_files::desync::{DesyncSide, MAX_SIDE_BYTES};
use netplay_testkit::TestApps;

use super::game::{self, Plant};
use super::{bundle, explained, planted};

#[test]
fn what_a_peer_sends_without_a_desync_is_not_read() {
    let mut apps = TestApps::builder(70).game(game::game).start();
    for _ in 0..5 {
        send(&apps, vec![0; 1000]);
        apps.run(20);
    }
    assert!(apps.messages(1).explained.is_empty(), "{apps}");
    assert_eq!(apps.world(1).resource::<DesyncBundles>().iter().count(), 0);
    // It is no message of the game either, nor a transfer that it sees.
    let transfers = apps.world(1).resource::<bevy_netplay::PeerTransfers>();
    assert!(transfers.incoming.is_empty() && transfers.undecodable == 0, "{transfers:?}");
    assert!(apps.indices().all(|index| apps.messages(index).desyncs.is_empty()), "{apps}");
}

#[test]
fn the_first_thing_that_a_peer_sends_counts_and_garbage_is_as_nothing() {
    let sent = |bytes: Vec<u8>| {
        let mut apps = TestApps::builder(71)
            .game(game::game)
            .extend(|index, app| {
                if index == 1 {
                    app.insert_resource(Plant::Value);
                }
            })
            .start();
        apps.run_until_confirmed(20, 600);
        // Before anybody knows of a desync.
        send(&apps, bytes);
        let explained = |apps: &TestApps| !apps.messages(1).explained.is_empty();
        apps.run_until("App 1 has said what differs", 2000, explained);
        apps
    };
    let apps = sent(vec![1, 2, 3]);
    // What App 0 sends later is the honest one.
    assert!(bundle(&apps, 1).theirs.is_some());
    assert_eq!(explained(&apps, 1).field, "at.y");

    let other_match = DesyncSide { epoch: 9, ..DesyncSide::default() };
    let apps = sent(other_match.to_message());
    assert_eq!(explained(&apps, 1).field, "at.y");

    let mut lie = DesyncSide { epoch: 1, frame: i32::MAX, ..DesyncSide::default() };
    lie.types = vec!["\u{1b}[31mShip\n".into()];
    let apps = sent(lie.to_message());
    let said = &explained(&apps, 1).sentence;
    assert!(said.chars().all(|letter| !letter.is_control()), "{said:?}");
    assert!(bundle(&apps, 1).theirs.as_ref().is_some_and(|theirs| theirs.frame == i32::MAX));
}

#[test]
fn a_peer_that_says_nothing_is_not_waited_for_forever() {
    let mut apps = TestApps::builder(72)
        .game(game::game)
        .extend(|index, app| {
            if index == 1 {
                app.insert_resource(Plant::Value);
            }
        })
        .start();
    let detected = |apps: &TestApps| !apps.messages(0).desyncs.is_empty();
    apps.run_until("App 0 has detected it", 2000, detected);
    // App 1 ends without a word.
    apps.pause(1);
    let explained = |apps: &TestApps| !apps.messages(0).explained.is_empty();
    apps.run_until("App 0 has said what it knows", 60 * 12, explained);
    assert!(bundle(&apps, 0).ours.frame == 105);
}

#[test]
fn the_log_and_the_message_have_no_more_than_a_line() {
    let apps = planted(73, Plant::Value, |_, _| {});
    let said = &explained(&apps, 0).sentence;
    assert!(said.len() < 1000 && !said.contains('\n'), "{said}");
}

/// App 0 sends App 1 these bytes as if they were its side.
fn send(apps: &TestApps, bytes: Vec<u8>) {
    let message_type = MessageType {
        name: "netplay.desync".into(),
        version: 1,
        delivery: MessageDelivery::Reliable,
        max_bytes: MAX_SIDE_BYTES as u32,
    };
    let message = EncodedMessage::new(&message_type, bytes).unwrap();
    bevy_netplay::bench::send_message(apps.world(0), apps.key(1), 0, &message);
}
