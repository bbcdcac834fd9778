//! How the network of a machine is emulated, as text.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn parsed(text: &str) -> NetworkEmulation {
    text.parse().unwrap()
}

#[test]
fn a_text_without_a_direction_is_about_what_this_machine_sends() {
    let latency = std::time::Duration::from_millis(50);
    let conditions = NetworkConditions { latency, ..Default::default() };
    assert_eq!(parsed("latency_ms=50"), NetworkEmulation::outgoing(conditions.clone()));
    assert_eq!(parsed("out:latency_ms=50"), conditions.clone().into());
    assert_eq!(parsed(" in : latency_ms=50 "), NetworkEmulation::incoming(conditions.clone()));
    assert_eq!(parsed("both:latency_ms=50"), NetworkEmulation::both(conditions));
    assert!(parsed("perfect").is_perfect());
    assert!(!parsed("in:loss=0.1").is_perfect());
}

#[test]
fn one_peer_can_have_conditions_of_its_own() {
    let [key, other] = [1, 2].map(|n| PeerKey::from_bytes([n; 16]));
    let emulation = parsed(&format!("wifi; out@{key}: mobile; in@{key}: loss=0.5"));
    assert_eq!(*emulation.to_peer(key), NetworkConditions::mobile());
    assert_eq!(emulation.from_peer(key).loss, 0.5);
    assert_eq!(*emulation.to_peer(other), NetworkConditions::wifi());
    assert_eq!(*emulation.from_peer(other), NetworkConditions::perfect());
    assert!(!parsed(&format!("perfect;both@{key}:wifi")).is_perfect());
}

#[test]
fn what_is_wrong_with_a_text_is_named() {
    let key = "ab".repeat(16);
    for (text, named) in [
        ("up:wifi", "\"up\" is not a direction"),
        ("out@12:wifi", "\"out@12\" is not a direction"),
        ("wifi;out:mobile", "\"out\" is set twice"),
        ("both:wifi;in:mobile", "\"in\" is set twice"),
        (&format!("in@{key}:wifi;both@{key}:wifi"), "is set twice"),
        ("in:", "\"\" is neither a preset"),
        ("wifi;", "\"\" is neither a preset"),
        ("in:lag=5", "no network condition \"lag\""),
    ] {
        let error = text.parse::<NetworkEmulation>().unwrap_err().to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::emulator::conditions::{BANDWIDTHS, MAX_BURST, MAX_DELAY};

    fn delay() -> impl Strategy<Value = Duration> {
        let most = MAX_DELAY.as_nanos() as u64;
        prop_oneof![Just(0_u64), 0..100_000_000_u64, 0..=most].prop_map(Duration::from_nanos)
    }

    fn fraction() -> impl Strategy<Value = f32> {
        prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0_f32]
    }

    prop_compose! {
        fn written_out()(
            (latency, jitter, queue) in (delay(), delay(), delay()),
            (loss, duplication, reordering) in (fraction(), fraction(), fraction()),
            burst in prop_oneof![Just(0.0), 0.0..=MAX_BURST],
            bandwidth in prop::option::of(BANDWIDTHS),
        ) -> NetworkConditions {
            NetworkConditions { latency, jitter, loss, burst, duplication, reordering, bandwidth, queue }
        }
    }

    fn conditions() -> impl Strategy<Value = NetworkConditions> {
        let preset = prop::sample::select(NetworkConditions::PRESETS.to_vec());
        prop_oneof![written_out(), preset.prop_map(|(_, conditions)| conditions)]
    }

    /// Without any conditions there is nothing to write about a peer.
    fn peer() -> impl Strategy<Value = PeerConditions> {
        (prop::option::of(conditions()), prop::option::of(conditions()))
            .prop_filter("none", |(outgoing, incoming)| outgoing.is_some() || incoming.is_some())
            .prop_map(|(outgoing, incoming)| PeerConditions { outgoing, incoming })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            outgoing in conditions(),
            incoming in conditions(),
            peers in prop::collection::btree_map(any::<[u8; 16]>().prop_map(PeerKey::from_bytes), peer(), 0..4),
        ) {
            let emulation = NetworkEmulation { outgoing, incoming, peers };
            let text = emulation.to_string();
            prop_assert_eq!(text.parse(), Ok(emulation), "{}", text);
        }

        #[test]
        fn any_text_is_read_or_refused_with_a_sentence(text in "[a-z_@:;,=.0-9 -]{0,60}|.{0,40}") {
            match text.parse::<NetworkEmulation>() {
                Ok(emulation) => prop_assert_eq!(emulation.to_string().parse(), Ok(emulation)),
                Err(error) => prop_assert!(error.to_string().contains("write"), "{}", error),
            }
        }
    }
}
