//! When attempts are due beside a connection that works.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECOND: Duration = Duration::from_secs(1);

/// The seconds at which attempts begin, where something is lacking from 1 s on as `lack` says.
fn begins(seconds: u32, lack: impl Fn(u32) -> Option<Lack>) -> Vec<u32> {
    let (config, mut beside) = (AgentConfig::default(), Beside::default());
    let mut begins = Vec::new();
    for second in 1..=seconds {
        if beside.is_due(&config, SECOND * second, lack(second), false) {
            beside.handle_begun(SECOND * second);
            begins.push(second);
        }
    }
    begins
}

#[test]
fn attempts_at_a_healthier_connection_become_rare_while_the_network_stays_bad() {
    let begins = begins(3600, |_| Some(Lack::Health));
    assert_eq!(begins[..7], [2, 17, 47, 107, 227, 467, 767]);
    assert!(begins.windows(2).skip(5).all(|pair| pair[1] - pair[0] == 300), "{begins:?}");
    assert_eq!(begins.len(), 16, "in an hour");
}

#[test]
fn direct_is_tried_again_after_fifteen_seconds_on_turn() {
    assert_eq!(begins(100, |_| Some(Lack::Directness)), [16, 31, 61]);
}

#[test]
fn a_lack_that_does_not_last_begins_nothing() {
    assert_eq!(begins(100, |second| (second % 10 < 9).then_some(Lack::Directness)), [0; 0]);
}

#[test]
fn the_backoff_ends_after_a_minute_without_a_lack_and_not_before() {
    let after = |good: u32| {
        let begins = begins(300, |second| match second {
            ..120 => Some(Lack::Health),
            _ if second < 120 + good => None,
            _ => Some(Lack::Health),
        });
        begins.into_iter().find(|second| *second >= 120).unwrap()
    };
    assert_eq!(after(62), 183, "a second after it is bad again");
    assert_eq!(after(59), 227, "two minutes after the fourth");
}

#[test]
fn a_changed_network_is_tried_at_once() {
    let (config, mut beside) = (AgentConfig::default(), Beside::default());
    let due = |beside: &mut Beside, second: u32, urgent| {
        beside.is_due(&config, SECOND * second, Some(Lack::Directness), urgent)
    };
    assert!(!due(&mut beside, 1, false));
    (0..5).for_each(|_| beside.handle_begun(SECOND * 2));
    beside.reset_backoff();
    assert!(!due(&mut beside, 3, false), "it has lacked for two seconds only");
    assert!(due(&mut beside, 3, true));
}

#[test]
fn attempts_of_the_peer_count_as_the_local_ones() {
    let (config, mut beside) = (AgentConfig::default(), Beside::default());
    let due = |beside: &mut Beside, second| {
        beside.is_due(&config, SECOND * second, Some(Lack::Health), false)
    };
    due(&mut beside, 1);
    beside.handle_begun(SECOND);
    assert!(!due(&mut beside, 15));
    assert!(due(&mut beside, 16));
}
