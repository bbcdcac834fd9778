//! Two channels, and somebody between them.

use std::sync::atomic::{AtomicU8, Ordering};

use netplay_protocol::RoomNonce;

use super::super::replay::REMEMBERED;
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ID: ConnectionId = ConnectionId(1);

fn identity(name: u8) -> Identity {
    Identity::from_secret(&[name; 32])
}

fn room(code: &str, nonce: u8) -> RoomScope {
    RoomScope::new(&code.parse().unwrap(), RoomNonce([nonce; 16]))
}

fn channel(local: u8, remote: u8) -> NoiseChannel {
    channel_in(room("ABC", 1), local, remote)
}

fn channel_in(room: RoomScope, local: u8, remote: u8) -> NoiseChannel {
    // No two have the same.
    static CHANNELS: AtomicU8 = AtomicU8::new(0);
    let random = StdRng::from_seed([CHANNELS.fetch_add(1, Ordering::Relaxed); 32]);
    NoiseChannel::new(identity(local), identity(remote).peer_key(), room, random)
}

fn agree(a: &mut NoiseChannel, b: &mut NoiseChannel, id: ConnectionId) {
    let first = a.begin(id).unwrap();
    let second = b.handshake(id, &first).unwrap().unwrap();
    let third = a.handshake(id, &second).unwrap().unwrap();
    assert_eq!(b.handshake(id, &third), Ok(None));
}

fn agreed() -> (NoiseChannel, NoiseChannel) {
    let (mut a, mut b) = (channel(1, 2), channel(2, 1));
    agree(&mut a, &mut b, ID);
    assert!(a.is_ready() && b.is_ready() && !a.is_under_way() && !b.is_under_way());
    (a, b)
}

#[test]
fn what_one_seals_the_other_opens_in_both_directions() {
    let (mut a, mut b) = agreed();
    for length in [0, 1, 1176, 16_000] {
        let packet = vec![7; length];
        let encrypted = a.encrypt(0, &packet).unwrap();
        assert_eq!(encrypted.len(), length + SEAL_BYTES);
        assert_eq!(b.decrypt(0, &encrypted), Ok(packet.clone()));
        let encrypted = b.encrypt(1, &packet).unwrap();
        assert_eq!(a.decrypt(1, &encrypted), Ok(packet));
    }
}

#[test]
fn nothing_can_be_read_changed_moved_or_replayed_on_the_way() {
    let (mut a, mut b) = agreed();
    let encrypted = a.encrypt(0, b"a secret of two").unwrap();
    assert!(!encrypted.windows(6).any(|bytes| bytes == b"secret"));
    for place in 0..encrypted.len() {
        let mut changed = encrypted.clone();
        changed[place] ^= 1;
        assert_eq!(b.decrypt(0, &changed), Err(NoiseError::Forged), "{place}");
    }
    for length in 0..encrypted.len() {
        assert_eq!(b.decrypt(0, &encrypted[..length]), Err(NoiseError::Forged));
    }
    assert_eq!(b.decrypt(1, &encrypted), Err(NoiseError::Forged), "another channel");
    assert_eq!(a.decrypt(0, &encrypted), Err(NoiseError::Forged), "back to its sender");
    assert!(b.decrypt(0, &encrypted).is_ok());
    assert_eq!(b.decrypt(0, &encrypted), Err(NoiseError::Replayed));
}

#[test]
fn packets_may_overtake_each_other_and_none_comes_twice() {
    let (mut a, mut b) = agreed();
    let encrypted: Vec<_> = (0..300).map(|_| a.encrypt(0, b"x").unwrap()).collect();
    let order = (0..300).filter(|n| n % 2 == 1).chain((0..300).filter(|n| n % 2 == 0));
    let opened = order.filter(|n| b.decrypt(0, &encrypted[*n]).is_ok()).count();
    // The odd ones, then those even ones that are not too far back to tell.
    assert_eq!(opened, 150 + REMEMBERED as usize / 2);
    assert!(encrypted.iter().all(|packet| b.decrypt(0, packet).is_err()));
}

#[test]
fn somebody_in_the_middle_is_found_out() {
    // The server speaks to each with keys of its own, and says that it is the other.
    let as_peer = |name, remote| {
        let local = identity(name).peer_key();
        NoiseChannel { local, ..channel(9, remote) }
    };
    let (mut a, mut middle) = (channel(1, 2), as_peer(2, 1));
    let first = a.begin(ID).unwrap();
    let second = middle.handshake(ID, &first).unwrap().unwrap();
    assert_eq!(a.handshake(ID, &second), Err(NoiseError::Stranger));
    assert!(!a.is_ready());
    let (mut b, mut middle) = (channel(2, 1), as_peer(1, 2));
    let second = b.handshake(ID, &middle.begin(ID).unwrap()).unwrap().unwrap();
    let third = middle.handshake(ID, &second).unwrap().unwrap();
    assert_eq!(b.handshake(ID, &third), Err(NoiseError::Stranger));
    assert!(!b.is_ready());
}

#[test]
fn a_handshake_of_another_room_or_with_another_peer_agrees_on_nothing() {
    for (room, remote) in [(room("ABD", 1), 1), (room("ABC", 2), 1), (room("ABC", 1), 3)] {
        let (mut a, mut b) = (channel(1, 2), channel_in(room, 2, remote));
        let second = b.handshake(ID, &a.begin(ID).unwrap()).unwrap().unwrap();
        assert_eq!(a.handshake(ID, &second), Err(NoiseError::Handshake));
        assert!(!a.is_ready() && !b.is_ready());
    }
}

#[test]
fn garbage_ends_no_session_and_a_new_handshake_replaces_it_when_it_is_complete() {
    let (mut a, mut b) = agreed();
    let old = a.encrypt(0, b"old").unwrap();
    for garbage in ["", "zz", "00", &"ab".repeat(400)] {
        assert!(b.handshake(ConnectionId(2), garbage).is_err());
    }
    // A first message, replayed: the session stays.
    let replayed = channel(1, 2).begin(ConnectionId(3)).unwrap();
    assert!(b.handshake(ConnectionId(3), &replayed).is_ok());
    assert_eq!(b.decrypt(0, &old), Ok(b"old".to_vec()));
    let mut restarted = channel(1, 2);
    agree(&mut restarted, &mut b, ConnectionId(4));
    let new = restarted.encrypt(0, b"new").unwrap();
    assert_eq!(b.decrypt(0, &new), Ok(b"new".to_vec()));
    // What was on its way is opened, until the keys change once more.
    let late = a.encrypt(0, b"late").unwrap();
    assert_eq!(b.decrypt(0, &late), Ok(b"late".to_vec()));
    assert_eq!(b.decrypt(0, &late), Err(NoiseError::Replayed));
    agree(&mut restarted, &mut b, ConnectionId(5));
    assert_eq!(b.decrypt(0, &a.encrypt(0, b"x").unwrap()), Err(NoiseError::Forged));
}

#[test]
fn before_the_handshake_nothing_is_encrypted_or_opened() {
    let mut a = channel(1, 2);
    assert_eq!(a.encrypt(0, b"x"), Err(NoiseError::NoKey));
    assert_eq!(a.decrypt(0, &[0; 40]), Err(NoiseError::NoKey));
}
