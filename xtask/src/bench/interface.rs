//! The counters of the loopback interface.
//!
//! A packet on loopback is counted once as sent and once as received. What was received is used, so that
//! every packet counts once.

use std::ops::Sub;

/// What has passed an interface since it came up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Packets, of every protocol.
    pub packets: u64,
    /// Bytes with the headers of IP and above.
    pub bytes: u64,
}

impl Sub for Passed {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { packets: self.packets - earlier.packets, bytes: self.bytes - earlier.bytes }
    }
}

/// What has passed loopback in the network of this process; `None` on systems without `/proc/net/dev`.
pub fn loopback() -> Option<Passed> {
    parse(&std::fs::read_to_string("/proc/net/dev").ok()?)
}

fn parse(table: &str) -> Option<Passed> {
    let counters = table.lines().find_map(|line| line.trim_start().strip_prefix("lo:"))?;
    let mut counters = counters.split_whitespace().map_while(|counter| counter.parse().ok());
    Some(Passed { bytes: counters.next()?, packets: counters.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
  eth0:     999      88    0    0    0     0          0         0        7       6    0    0
    lo:  123456     789    0    0    0     0          0         0   123456     789    0    0
";

    #[test]
    fn loopback_counts_each_packet_once() {
        assert_eq!(parse(TABLE), Some(Passed { packets: 789, bytes: 123_456 }));
    }

    #[test]
    fn a_table_without_loopback_counts_nothing() {
        assert_eq!(parse("eth0: 1 2"), None);
        assert_eq!(parse("lo: many"), None);
    }
}
