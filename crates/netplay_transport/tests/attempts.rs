//! Attempts leave no sockets, threads or memory behind.

use std::process::Command;

use netplay_transport::{Transport, TransportEvent, TransportRequest};

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

#[test]
#[cfg(target_os = "linux")]
fn a_hundred_attempts_leave_no_sockets_threads_or_memory_behind() {
    if std::env::var_os(ALONE).is_none() {
        // Otherwise the resources of other tests would be counted as well.
        let name = "attempts::a_hundred_attempts_leave_no_sockets_threads_or_memory_behind";
        let alone = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&alone.stderr);
        assert!(alone.status.success(), "{said}");
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
