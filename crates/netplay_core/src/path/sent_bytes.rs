//! How much was sent on a path lately.

use std::collections::VecDeque;
use std::time::Duration;

/// Bytes are added up over this long.
const SLICE: Duration = Duration::from_millis(20);
/// For how long they are remembered. What is under way for longer is not merely under way.
const KEPT: Duration = Duration::from_secs(1);

/// The bytes that were sent on a path within the last second.
#[derive(Debug, Default)]
pub(super) struct SentBytes {
    /// The start of each slice and the bytes that were sent in it, oldest first.
    slices: VecDeque<(Duration, usize)>,
}

impl SentBytes {
    pub(super) fn record(&mut self, now: Duration, bytes: usize) {
        match self.slices.back_mut() {
            Some((start, sum)) if now.saturating_sub(*start) < SLICE => *sum += bytes,
            _ => self.slices.push_back((now, bytes)),
        }
        while self.slices.front().is_some_and(|(start, _)| now.saturating_sub(*start) > KEPT) {
            self.slices.pop_front();
        }
    }

    /// How many bytes may be under way, if a round trip takes this long: those that were sent within it. The whole
    /// second if it is not known how long that is.
    pub(super) fn under_way(&self, now: Duration, round_trip: Option<Duration>) -> usize {
        let span = round_trip.unwrap_or(KEPT).min(KEPT) + SLICE;
        let recent = self.slices.iter().filter(|(start, _)| now.saturating_sub(*start) <= span);
        recent.map(|(_, bytes)| bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_was_sent_within_a_round_trip_is_under_way() {
        let mut sent = SentBytes::default();
        for frame in 0..200u32 {
            sent.record(MS * 16 * frame, 100);
        }
        let now = MS * 16 * 199;
        // 100 ms have six or seven frames, and a slice more.
        let under_way = sent.under_way(now, Some(MS * 100));
        assert!((600..=900).contains(&under_way), "{under_way}");
        let most = sent.under_way(now, None);
        assert!((6000..=6800).contains(&most), "{most}");
        assert_eq!(sent.under_way(now, Some(MS * 60_000)), most, "a second is remembered");
        assert_eq!(sent.under_way(now + MS * 2000, None), 0);
    }
}
