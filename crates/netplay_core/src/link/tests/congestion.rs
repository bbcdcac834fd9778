//! Congestion that no transport tells of: what is not acknowledged piles up.

use std::collections::VecDeque;

use super::*;
use crate::path::UnhealthyReason;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TICK: Duration = Duration::from_millis(16);
/// What is sent in a tick: 440 KB a second.
const DATAGRAMS: usize = 6;
const PAYLOAD: [u8; 1150] = [7; 1150];
/// What waits at a bottleneck at most. The rest is lost.
const QUEUE: usize = 64 * 1024;

/// One end sends much, through a bottleneck that takes `rate` bytes a tick; each way takes `delay` besides. Returns why
/// the path is not healthy in the end.
fn after_four_seconds(rate: usize, delay: Duration) -> Option<UnhealthyReason> {
    let (mut sender, mut receiver) = (link(), link());
    let mut queue: VecDeque<Vec<u8>> = VecDeque::new();
    let (mut credit, mut there, mut back) = (0, Vec::new(), Vec::new());
    let mut now = Duration::ZERO;
    for _ in 0..250 {
        now += TICK;
        for _ in 0..DATAGRAMS {
            sender.send(now, 1, &PAYLOAD, true).unwrap();
        }
        for datagram in sent(&mut sender) {
            // The transport does not know that anything waits.
            sender.handle_sent(now, PATH, Ok(0));
            if queue.iter().map(Vec::len).sum::<usize>() + datagram.len() <= QUEUE {
                queue.push_back(datagram);
            }
        }
        credit = (credit + rate).min(2 * rate);
        while let Some(datagram) = queue.pop_front_if(|it| it.len() <= credit) {
            credit -= datagram.len();
            there.push((now + delay, datagram));
        }
        receiver.send(now, 1, b"input", true).unwrap();
        back.extend(sent(&mut receiver).into_iter().map(|it| (now + delay, it)));
        for (way, end) in [(&mut there, &mut receiver), (&mut back, &mut sender)] {
            for (at, datagram) in way.extract_if(.., |(at, _)| *at <= now) {
                end.handle_datagram(at, PATH, &datagram).unwrap();
            }
            end.handle_timeout(now);
        }
    }
    sender.agent.path_mut(PATH).unwrap().health.unhealthy_reason()
}

#[test]
fn a_path_that_takes_less_than_is_sent_is_impaired_though_it_is_neither_slow_nor_lossy() {
    assert_eq!(after_four_seconds(6400, 20 * MS), Some(UnhealthyReason::Congested));
}

#[test]
fn what_is_on_its_way_on_a_long_path_does_not_wait() {
    assert_eq!(after_four_seconds(usize::MAX / 4, 110 * MS), None);
    assert_eq!(after_four_seconds(usize::MAX / 4, 5 * MS), None);
}
