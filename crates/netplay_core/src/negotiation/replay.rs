//! Which packet numbers came before.

/// How far back a number is told from one that came before.
pub(super) const REMEMBERED: u64 = 128;

/// A sliding window of packet numbers (RFC 6479 does the same for IPsec).
#[derive(Debug, Default)]
pub(super) struct ReplayWindow {
    /// One more than the highest.
    next: u64,
    /// Bit n: `next - 1 - n` has come.
    seen: u128,
}

impl ReplayWindow {
    /// Whether a number has not come before. From now on it has.
    pub(super) fn is_new(&mut self, number: u64) -> bool {
        if number >= self.next {
            let ahead = number - self.next + 1;
            let shift = u32::try_from(ahead).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
            self.next = number.saturating_add(1);
            return true;
        }
        let behind = self.next - 1 - number;
        let bit = if behind < REMEMBERED { 1 << behind } else { return false };
        let new = self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}
