//! Which sequence numbers have arrived: tells new datagrams from duplicates and from garbage.

/// How many sequence numbers back a late datagram can still be told from a duplicate.
const WINDOW: u16 = 128;
/// How far ahead a sequence number may be: 17 s of silence at 60 datagrams a second.
const FARTHEST_AHEAD: u16 = 1024;

/// Which sequence numbers have arrived.
#[derive(Debug, Default)]
pub(crate) struct ReceiveWindow {
    newest: Option<u16>,
    /// Bit n: `newest - n` has arrived.
    arrived: u128,
    /// The last number that was rejected as implausible.
    rejected: Option<u16>,
}

/// What a sequence number means to the window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The newest so far; `advanced` numbers went by, this one included.
    Newest { advanced: u16 },
    /// Older than the newest, but not seen before.
    Late,
    /// Seen before, or too old to tell.
    Duplicate,
    /// Too far ahead to be plausible.
    Implausible,
}

impl ReceiveWindow {
    pub(crate) fn arrive(&mut self, sequence: u16) -> Arrival {
        let Some(newest) = self.newest else {
            self.newest = Some(sequence);
            self.arrived = 1;
            return Arrival::Newest { advanced: 1 };
        };
        let ahead = sequence.wrapping_sub(newest);
        let behind = newest.wrapping_sub(sequence);
        if ahead == 0 {
            Arrival::Duplicate
        } else if ahead <= FARTHEST_AHEAD {
            self.arrived = self.arrived.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.newest = Some(sequence);
            Arrival::Newest { advanced: ahead }
        } else if behind < WINDOW {
            let bit = 1 << behind;
            if self.arrived & bit != 0 {
                return Arrival::Duplicate;
            }
            self.arrived |= bit;
            Arrival::Late
        } else if behind <= FARTHEST_AHEAD {
            Arrival::Duplicate
        } else {
            self.arrive_implausible(sequence)
        }
    }

    /// An implausible number is rejected, unless it closely follows another rejected one: then so much was
    /// lost that the peer really is that far ahead.
    fn arrive_implausible(&mut self, sequence: u16) -> Arrival {
        let rejected = self.rejected.replace(sequence);
        let follows =
            rejected.is_some_and(|before| (1..=8).contains(&sequence.wrapping_sub(before)));
        if !follows {
            return Arrival::Implausible;
        }
        *self = Self { newest: Some(sequence), arrived: 1, rejected: None };
        Arrival::Newest { advanced: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn each_number_arrives_once_in_any_order_across_the_wrap() {
        let mut window = ReceiveWindow::default();
        assert_eq!(window.arrive(65_534), Arrival::Newest { advanced: 1 });
        assert_eq!(window.arrive(1), Arrival::Newest { advanced: 3 });
        assert_eq!(window.arrive(65_535), Arrival::Late);
        assert_eq!(window.arrive(65_535), Arrival::Duplicate);
        assert_eq!(window.arrive(65_534), Arrival::Duplicate);
        assert_eq!(window.arrive(0), Arrival::Late);
        assert_eq!(window.arrive(1), Arrival::Duplicate);
    }

    #[test]
    fn a_number_behind_the_window_is_a_duplicate_and_one_far_ahead_is_implausible() {
        let mut window = ReceiveWindow::default();
        window.arrive(1000);
        assert_eq!(window.arrive(1000 - WINDOW), Arrival::Duplicate);
        assert_eq!(window.arrive(1001 + FARTHEST_AHEAD), Arrival::Implausible);
        assert_eq!(
            window.arrive(1000 + FARTHEST_AHEAD),
            Arrival::Newest { advanced: FARTHEST_AHEAD }
        );
        assert_eq!(window.arrive(1000), Arrival::Duplicate);
    }

    #[test]
    fn after_a_loss_of_thousands_the_second_number_in_a_row_is_accepted() {
        let mut window = ReceiveWindow::default();
        window.arrive(0);
        assert_eq!(window.arrive(9000), Arrival::Implausible);
        assert_eq!(window.arrive(30_000), Arrival::Implausible);
        assert_eq!(window.arrive(30_002), Arrival::Newest { advanced: 1 });
        assert_eq!(window.arrive(30_003), Arrival::Newest { advanced: 1 });
    }
}
