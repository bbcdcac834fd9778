//! Attempts leave no sockets, threads or memory behind.

use std::process::Command;

use netplay_transport::{
    Channel, JoinRequest, Transport, TransportEvent, TransportOptions, TransportRequest,
};

use crate::support::{Peer, key, request, server, until};

/// How many attempts each pair of peers makes.
const ATTEMPTS: usize = 25;
const PAIRS: u8 = 4;
/// Set in the process that runs only this test.
const ALONE: &str = "NETPLAY_TEST_ALONE";

/// Sockets and threads of this process.
fn held() -> (usize, usize) {
    let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

/// Memory of this process, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Runs a test in a process of its own, in which the resources of other tests are not counted. Returns whether this is
/// that process.
fn is_alone(name: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let alone = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("attempts::{name}"), "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&alone.stderr);
    assert!(alone.status.success(), "{said}");
    false
}

#[test]
#[cfg(target_os = "linux")]
fn what_leads_to_a_peer_that_is_forgotten_is_closed_and_nothing_opens_again() {
    if !is_alone("what_leads_to_a_peer_that_is_forgotten_is_closed_and_nothing_opens_again") {
        return;
    }
    let server = server();
    let attempt_deadline = std::time::Duration::from_secs(2);
    let options = TransportOptions { attempt_deadline, ..TransportOptions::default() };
    let mut pair = [1, 2].map(|n| {
        let options = options.clone();
        Peer::join_quietly(JoinRequest { options, ..request(&server.url(), n, 2) })
    });
    let [first, second] = &mut pair;
    until(&mut [first, second], |peers| {
        peers.iter().all(|peer| peer.roster().is_some_and(|roster| roster.is_complete()))
    });
    let before = held();
    for is_open in [true, false] {
        first.transport.request(TransportRequest::Attempt(key(2)));
        if is_open {
            until(&mut [first, second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
        } else {
            until(&mut [first, second], |_| held() > before);
        }
        first.transport.request(TransportRequest::Forget(key(2)));
        if is_open {
            // What is on its way is not heard any more.
            second.send(1, Channel::Datagram, b"are you there?");
        }
        until(&mut [first, second], |_| held() <= before);
        first.events.clear();
        second.events.clear();
        // It is not answered.
        second.transport.request(TransportRequest::Attempt(key(1)));
        let failed = |event: &TransportEvent| matches!(event, TransportEvent::AttemptFailed { .. });
        until(&mut [first, second], |peers| peers[1].count(failed) == 1);
        until(&mut [first, second], |_| held() <= before);
        assert!(first.events.is_empty(), "{:?}", first.events);
        second.events.clear();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_hundred_attempts_leave_no_sockets_threads_or_memory_behind() {
    if !is_alone("a_hundred_attempts_leave_no_sockets_threads_or_memory_behind") {
        return;
    }
    let server = server();
    let mut peers: Vec<Peer> = (0..2 * PAIRS)
        .map(|n| {
            let entry = netplay_protocol::signaling::Entry::Room(format!("PAIR{}", n / 2));
            let mut request = request(&server.url(), n, 2);
            request.entry = entry;
            Peer::join_quietly(request)
        })
        .collect();
    let in_room = |peer: &&mut Peer| peer.roster().is_some_and(|roster| roster.is_complete());
    until(&mut peers.iter_mut().collect::<Vec<_>>(), |peers| peers.iter().all(in_room));
    let before = held();
    let mut after_a_fifth = 0;
    for attempt in 0..ATTEMPTS {
        let up = |n: u8| n ^ 1;
        // In turn, because the rate of offers is limited.
        for n in (attempt as u8 % 2..2 * PAIRS).step_by(2) {
            peers[usize::from(n)].transport.request(TransportRequest::Attempt(key(up(n))));
        }
        until(&mut peers.iter_mut().collect::<Vec<_>>(), |peers| {
            (0..2 * PAIRS).all(|n| peers[usize::from(n)].is_up(up(n)))
        });
        for n in 0..2 * PAIRS {
            let path = peers[usize::from(n)].path(up(n)).unwrap();
            peers[usize::from(n)].transport.request(TransportRequest::Close(key(up(n)), path));
            peers[usize::from(n)].events.clear();
        }
        if attempt == ATTEMPTS / 5 {
            after_a_fifth = resident();
        }
    }
    // The last connections take a moment to close.
    until(&mut peers.iter_mut().collect::<Vec<_>>(), |_| held() <= before);
    let grown = resident().saturating_sub(after_a_fifth);
    assert!(grown < 16 * 1024, "{grown} KiB more after {} attempts", ATTEMPTS * 4 / 5);
    let failed = |event: &TransportEvent| matches!(event, TransportEvent::AttemptFailed { .. });
    assert!(peers.iter().all(|peer| peer.count(failed) == 0));
}
