//! Messages between peers, as a game sends and reads them.

use bevy::ecs::system::RunSystemOnce;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{
    PeerMessageDelivered, PeerMessageError, PeerMessageFailed, PeerMessageId, PeerTransfers,
};
use netplay_testkit::{TestApps, TestAppsBuilder};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Chat(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Level(Vec<u32>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cursor(i16, i16);

/// What an App has read.
#[derive(Resource, Default)]
struct Heard {
    chat: Vec<(Option<PlayerHandle>, PeerKey, String)>,
    levels: Vec<Level>,
    cursors: Vec<Cursor>,
    delivered: Vec<PeerMessageDelivered>,
    failed: Vec<PeerMessageFailed>,
}

fn hear(
    mut heard: ResMut<Heard>,
    mut chat: MessageReader<FromPeer<Chat>>,
    mut levels: MessageReader<FromPeer<Level>>,
    mut cursors: MessageReader<FromPeer<Cursor>>,
    mut delivered: MessageReader<PeerMessageDelivered>,
    mut failed: MessageReader<PeerMessageFailed>,
) {
    heard.chat.extend(chat.read().map(|it| (it.player, it.peer, it.message.0.clone())));
    heard.levels.extend(levels.read().map(|it| it.message.clone()));
    heard.cursors.extend(cursors.read().map(|it| it.message.clone()));
    heard.delivered.extend(delivered.read().cloned());
    heard.failed.extend(failed.read().cloned());
}

fn add_chat(app: &mut App) {
    app.add_peer_message::<Chat>(PeerMessageOptions::reliable("chat", 1).max_bytes(100));
}

fn add_level(app: &mut App, version: u16) {
    let options = PeerMessageOptions::reliable("level", version).max_bytes(16 << 20);
    app.add_peer_message::<Level>(options);
}

fn add_cursor(app: &mut App) {
    app.add_peer_message::<Cursor>(PeerMessageOptions::latest_only("cursor", 1));
}

/// Apps that know the same types, registered in orders of their own.
fn apps(seed: u64, players: usize) -> TestAppsBuilder {
    TestApps::builder(seed).players(players).extend(|index, app| {
        let mut add: Vec<fn(&mut App)> = vec![add_chat, |app| add_level(app, 1), add_cursor];
        add.rotate_left(index % 3);
        add.into_iter().for_each(|add| add(app));
        app.init_resource::<Heard>().add_systems(Update, hear);
    })
}

/// Has an App write something, as a system of it does.
fn write<T: bevy_netplay::PeerMessage + Clone>(
    apps: &mut TestApps,
    index: usize,
    to: Option<PeerKey>,
    message: &T,
) -> Result<PeerMessageId, PeerMessageError> {
    let message = message.clone();
    let system = move |mut writer: PeerMessageWriter<T>| match to {
        Some(to) => writer.write(to, &message),
        None => writer.write_to_all(&message),
    };
    apps.world_mut(index).run_system_once(system).unwrap()
}

/// An App joins a room for three.
fn join(apps: &mut TestApps, index: usize) {
    apps.join(index, JoinRoom::code(TestApps::ROOM).players(3));
    apps.run(2);
}

fn heard(apps: &TestApps, index: usize) -> &Heard {
    apps.world(index).resource()
}

fn level(length: u32) -> Level {
    Level((0..length).map(|number| number.wrapping_mul(0x9e37_79b9)).collect())
}

#[test]
fn chat_arrives_in_the_lobby_and_during_the_match_at_all_or_at_one() {
    let mut apps = apps(400, 3).build();
    join(&mut apps, 0);
    join(&mut apps, 1);
    apps.run_until("two are connected", 600, |apps| {
        [0, 1].iter().all(|index| apps.world(*index).resource::<PeerLinks>().len() == 1)
    });
    write(&mut apps, 0, None, &Chat("in the lobby".into())).unwrap();
    apps.run_until("it is heard", 600, |apps| !heard(apps, 1).chat.is_empty());
    let first = apps.key(0);
    let expected = (Some(PlayerHandle(0)), first, "in the lobby".to_owned());
    assert_eq!(heard(&apps, 1).chat, [expected]);
    join(&mut apps, 2);
    apps.run_until("all play", 1800, TestApps::all_playing);
    apps.run_until_confirmed(60, 600);
    let id = write(&mut apps, 1, None, &Chat("to all".into())).unwrap();
    write(&mut apps, 2, Some(first), &Chat("to one".into())).unwrap();
    apps.run(30);
    let said = |apps: &TestApps, index| -> Vec<String> {
        heard(apps, index).chat.iter().map(|(.., text)| text.clone()).collect()
    };
    // Messages of different peers come in any order.
    let mut heard_by_first = said(&apps, 0);
    heard_by_first.sort_unstable();
    assert_eq!(heard_by_first, ["to all", "to one"]);
    assert_eq!(said(&apps, 1), ["in the lobby"]);
    assert_eq!(said(&apps, 2), ["to all"]);
    let delivered: Vec<_> = heard(&apps, 1).delivered.iter().map(|it| (it.id, it.peer)).collect();
    assert_eq!(delivered.len(), 2);
    assert!([0, 2].map(|index| (id, apps.key(index))).iter().all(|it| delivered.contains(it)));
    apps.run_until_confirmed(200, 600);
    apps.assert_in_sync();
}

#[test]
fn a_long_message_is_streamed_with_progress_and_inputs_go_on() {
    let mut apps = apps(401, 2).conditions(NetworkConditions::wifi()).start();
    apps.run_until_confirmed(60, 600);
    let level = level(500_000);
    let id = write(&mut apps, 0, None, &level).unwrap();
    let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
    for _ in 0..7200 {
        apps.step();
        let [ours, theirs] = [0, 1].map(|index| apps.world(index).resource::<PeerTransfers>());
        outgoing.extend(ours.outgoing.iter().map(|it| (it.id, it.name.clone(), it.acknowledged)));
        incoming.extend(theirs.incoming.iter().map(|it| it.received));
        if !heard(&apps, 0).delivered.is_empty() {
            break;
        }
    }
    assert_eq!(heard(&apps, 1).levels, [level]);
    assert!(outgoing.iter().all(|(it, name, _)| *it == id && name == "level"));
    assert!(outgoing.iter().map(|(.., acknowledged)| acknowledged).is_sorted());
    assert!(incoming.len() > 10 && incoming.is_sorted(), "{incoming:?}");
    assert!(apps.take_longest_stall() < std::time::Duration::from_millis(300));
    let at = apps.confirmed();
    apps.run_until_confirmed(at + 100, 600);
    apps.assert_in_sync();
}

#[test]
fn of_a_latest_only_type_the_last_one_arrives() {
    let mut apps = apps(402, 2).conditions(NetworkConditions::mobile()).start();
    for x in 0..100 {
        write(&mut apps, 0, None, &Cursor(x, -x)).unwrap();
        apps.step();
    }
    apps.run(60);
    let cursors = &heard(&apps, 1).cursors;
    assert_eq!(cursors.last(), Some(&Cursor(99, -99)));
    assert!(cursors.is_sorted_by_key(|cursor| cursor.0) && cursors.len() > 20, "{cursors:?}");
    assert!(heard(&apps, 0).delivered.is_empty());
}

#[test]
fn another_version_is_refused_and_the_match_is_played() {
    let mut apps = TestApps::builder(403)
        .players(2)
        .extend(|index, app| {
            add_chat(app);
            add_level(app, index as u16 + 1);
            add_cursor(app);
            app.init_resource::<Heard>().add_systems(Update, hear);
        })
        .start();
    apps.run_until_confirmed(60, 600);
    let id = write(&mut apps, 0, None, &level(10)).unwrap();
    write(&mut apps, 0, None, &Chat("hello".into())).unwrap();
    apps.run(30);
    let peer = apps.key(1);
    let failed = &heard(&apps, 0).failed;
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].id, failed[0].peer), (id, peer));
    assert_eq!(failed[0].reason, PeerMessageError::NotKnown);
    assert_eq!((heard(&apps, 1).levels.len(), heard(&apps, 1).chat.len()), (0, 1));
    apps.assert_in_sync();
}

#[test]
fn what_cannot_be_sent_is_refused_where_it_is_written() {
    let mut apps = apps(404, 2).build();
    let hello = Chat("hello".into());
    assert_eq!(write(&mut apps, 0, None, &hello), Err(PeerMessageError::NotInRoom));
    apps.join_all();
    apps.run_until("all play", 1800, TestApps::all_playing);
    let long = Chat("x".repeat(99));
    assert!(write(&mut apps, 0, None, &long).is_ok());
    let long = Chat("x".repeat(100));
    let refused = Err(PeerMessageError::TooLong { bytes: 101, most: 100 });
    assert_eq!(write(&mut apps, 0, None, &long), refused);
    assert_eq!(write(&mut apps, 0, None, &7_u8), Err(PeerMessageError::NotRegistered));
    let nobody = PeerKey::from_bytes([9; 16]);
    write(&mut apps, 0, Some(nobody), &hello).unwrap();
    apps.run(2);
    assert_eq!(heard(&apps, 0).failed[0].reason, PeerMessageError::NoSuchPeer);
}

/// What a system of the simulation was told.
#[derive(Resource, Default)]
struct Told(Vec<PeerMessageError>);

#[test]
fn a_message_that_is_written_in_the_simulation_is_refused() {
    let mut apps = TestApps::builder(405)
        .players(2)
        .extend(|_, app| {
            add_chat(app);
            app.init_resource::<Told>().add_systems(
                NetplayUpdate,
                |mut chat: PeerMessageWriter<Chat>, mut told: ResMut<Told>| {
                    told.0.extend(chat.write_to_all(&Chat("again".into())).err());
                },
            );
        })
        .start();
    apps.run_until_confirmed(60, 600);
    for index in 0..2 {
        let told = &apps.world(index).resource::<Told>().0;
        assert!(told.len() >= 60 && told.iter().all(|it| *it == PeerMessageError::InSimulation));
    }
    apps.assert_in_sync();
}

#[test]
fn a_transfer_to_a_process_that_restarts_fails_and_can_be_sent_again() {
    let mut apps = apps(406, 2).conditions(NetworkConditions::wifi()).start();
    apps.run_until_confirmed(60, 600);
    let level = level(1_000_000);
    let id = write(&mut apps, 0, None, &level).unwrap();
    apps.run(10);
    apps.restart(1);
    apps.run_until("it is told", 1200, |apps| !heard(apps, 0).failed.is_empty());
    let failed = &heard(&apps, 0).failed[0];
    assert_eq!((failed.id, &failed.reason), (id, &PeerMessageError::PeerRestarted));
    write(&mut apps, 0, None, &level).unwrap();
    apps.run_until("it has arrived", 7200, |apps| !heard(apps, 1).levels.is_empty());
    assert_eq!(heard(&apps, 1).levels, [level]);
}
