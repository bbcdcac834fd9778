//! Metrics for Prometheus.

use netplay_protocol::RelayChannel;
use netplay_protocol::signaling::{ConnectionType, Refusal};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The counters and gauges. [`Metrics::new`] has their names in Prometheus.
#[derive(Default)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) connections: Gauge,
    #[cfg(feature = "matchbox")]
    pub(crate) matchbox_peers: Gauge,
    pub(crate) rooms: Gauge,
    pub(crate) public_rooms: Gauge,
    pub(crate) queued: Gauge,
    pub(crate) joins: Counter,
    pub(crate) lists: Counter,
    pub(crate) signals: Counter,
    pub(crate) attempts: Counter,
    pub(crate) open_relays: Gauge,
    pub(crate) away_signals_dropped: Counter,
    pub(crate) relay_dropped: Counter,
    pub(crate) signals_dropped: Counter,
    pub(crate) turn_withheld: Counter,
    links: Family<PathLabel, Counter>,
    kicks: Family<OutcomeLabel, Counter>,
    resumes: Family<OutcomeLabel, Counter>,
    refusals: Family<ReasonLabel, Counter>,
    datagrams: Relayed,
    reliable: Relayed,
}

#[derive(Clone, Default)]
struct Relayed {
    packets: Counter,
    bytes: Counter,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PathLabel {
    path: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReasonLabel {
    reason: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ChannelLabel {
    channel: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self::default();
        let mut registry = Registry::with_prefix("netplay");
        registry.register(
            "connections",
            "WebSockets with the signaling of netplay_protocol",
            metrics.connections.clone(),
        );
        #[cfg(feature = "matchbox")]
        registry.register(
            "matchbox_peers",
            "WebSockets with the signaling of matchbox",
            metrics.matchbox_peers.clone(),
        );
        registry.register("rooms", "Rooms with members, connected or away", metrics.rooms.clone());
        registry.register(
            "public_rooms",
            "Rooms in the list of public rooms at present",
            metrics.public_rooms.clone(),
        );
        registry.register("lists", "Pages of the list of public rooms", metrics.lists.clone());
        registry.register("kicks", "Members removed by others", metrics.kicks.clone());
        registry.register("queued", "Peers in the matchmaking queue", metrics.queued.clone());
        registry.register("joins", "Joins that the server accepted", metrics.joins.clone());
        registry.register("resumes", "Attempts to resume", metrics.resumes.clone());
        registry.register("refusals", "Connections ended by the server", metrics.refusals.clone());
        registry.register("signals", "Forwarded signals", metrics.signals.clone());
        registry.register(
            "attempts",
            "Attempts at a connection between two peers",
            metrics.attempts.clone(),
        );
        registry.register(
            "links",
            "Pairs of peers that reached each other, by each type of connection they used",
            metrics.links.clone(),
        );
        for path in ConnectionType::ALL {
            metrics.links.get_or_create(&PathLabel { path: path.name() }).inc_by(0);
        }
        registry.register(
            "open_relays",
            "Relays that are open, each from one peer to another",
            metrics.open_relays.clone(),
        );
        registry.register(
            "away_signals_dropped",
            "Signals to peers that were away, dropped because their mailbox was full",
            metrics.away_signals_dropped.clone(),
        );
        registry.register(
            "relay_dropped",
            "Relayed packets dropped because the receiver was slow or disconnected",
            metrics.relay_dropped.clone(),
        );
        registry.register(
            "signals_dropped",
            "Signals dropped because their receiver had not read what waited from the same sender",
            metrics.signals_dropped.clone(),
        );
        registry.register(
            "turn_withheld",
            "Welcomes without TURN credentials, because the address had received as many as it may",
            metrics.turn_withheld.clone(),
        );
        let (packets, bytes) = <(Family<ChannelLabel, Counter>, Family<_, Counter>)>::default();
        registry.register("relayed_packets", "Relayed packets", packets.clone());
        registry.register("relayed_bytes", "Relayed bytes without headers", bytes.clone());
        // Looked up once: a lookup per packet would cost more than the rest of relaying it.
        let of = |channel| Relayed {
            packets: packets.get_or_create(&ChannelLabel { channel }).clone(),
            bytes: bytes.get_or_create(&ChannelLabel { channel }).clone(),
        };
        (metrics.datagrams, metrics.reliable) = (of("datagram"), of("reliable"));
        metrics.registry = registry;
        metrics
    }

    /// Counts a relayed packet.
    pub(crate) fn count_relayed(&self, channel: RelayChannel, bytes: usize) {
        let relayed = match channel {
            RelayChannel::Datagram => &self.datagrams,
            RelayChannel::Reliable => &self.reliable,
        };
        relayed.packets.inc();
        relayed.bytes.inc_by(bytes as u64);
    }

    /// Counts an attempt to resume.
    pub(crate) fn count_resume(&self, resumed: bool) {
        let outcome = if resumed { "resumed" } else { "refused" };
        self.resumes.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Counts a member that others removed.
    pub(crate) fn count_kick(&self, banned: bool) {
        let outcome = if banned { "banned" } else { "kicked" };
        self.kicks.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Counts two peers that reached each other by this type of connection.
    pub(crate) fn count_link(&self, path: ConnectionType) {
        self.links.get_or_create(&PathLabel { path: path.name() }).inc();
    }

    /// Counts a refused connection under the name of the reason in JSON.
    pub(crate) fn count_refusal(&self, reason: &Refusal) {
        let json = serde_json::to_value(reason).unwrap_or_default();
        let reason = json["kind"].as_str().unwrap_or("unknown").to_owned();
        self.refusals.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// The metrics in the text format of Prometheus (OpenMetrics 1.0).
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_what_was_counted() {
        let metrics = Metrics::new();
        metrics.joins.inc();
        metrics.connections.set(3);
        metrics.count_refusal(&Refusal::RoomFull { size: 2 });
        metrics.count_relayed(RelayChannel::Datagram, 60);
        metrics.count_resume(true);
        metrics.count_kick(true);
        metrics.count_link(ConnectionType::Turn);
        let text = metrics.text().unwrap();
        for line in [
            "netplay_joins_total 1",
            "netplay_connections 3",
            "netplay_refusals_total{reason=\"room_full\"} 1",
            "netplay_relayed_bytes_total{channel=\"datagram\"} 60",
            "netplay_relayed_packets_total{channel=\"reliable\"} 0",
            "netplay_links_total{path=\"turn\"} 1",
            "netplay_links_total{path=\"host\"} 0",
            "netplay_resumes_total{outcome=\"resumed\"} 1",
            "netplay_kicks_total{outcome=\"banned\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }
}
