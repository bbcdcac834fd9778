//! What the server counts, for Prometheus.
//!
//! Every server has its own registry, so that several in one process, as a game or a test may have, do
//! not count each other's players.

use netplay_protocol::RelayChannel;
use netplay_protocol::signaling::Refusal;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The counters and gauges. The names they are published under are in [`Metrics::new`].
#[derive(Default)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) connections: Gauge,
    pub(crate) matchbox_peers: Gauge,
    pub(crate) rooms: Gauge,
    pub(crate) queued: Gauge,
    pub(crate) joins: Counter,
    pub(crate) signals: Counter,
    pub(crate) away_signals_dropped: Counter,
    pub(crate) relay_dropped: Counter,
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
            "WebSockets that speak our own protocol",
            metrics.connections.clone(),
        );
        registry.register(
            "matchbox_peers",
            "WebSockets that speak matchbox's protocol",
            metrics.matchbox_peers.clone(),
        );
        registry.register("rooms", "Rooms that somebody has a seat in", metrics.rooms.clone());
        registry.register("queued", "Peers that wait to be matched", metrics.queued.clone());
        registry.register("joins", "Joins that were let in", metrics.joins.clone());
        registry.register("resumes", "Peers that came back", metrics.resumes.clone());
        registry.register("refusals", "Connections ended by the server", metrics.refusals.clone());
        registry.register("signals", "Signals passed on", metrics.signals.clone());
        registry.register(
            "away_signals_dropped",
            "Signals to peers who were away for which nothing more was kept",
            metrics.away_signals_dropped.clone(),
        );
        registry.register(
            "relay_dropped",
            "Relayed packets dropped: the receiver was slow or gone",
            metrics.relay_dropped.clone(),
        );
        let (packets, bytes) = <(Family<ChannelLabel, Counter>, Family<_, Counter>)>::default();
        registry.register("relayed_packets", "Relayed packets", packets.clone());
        registry.register("relayed_bytes", "Relayed bytes without headers", bytes.clone());
        // Looked up once: a look-up per packet would cost more than the rest of relaying it.
        let of = |channel| Relayed {
            packets: packets.get_or_create(&ChannelLabel { channel }).clone(),
            bytes: bytes.get_or_create(&ChannelLabel { channel }).clone(),
        };
        (metrics.datagrams, metrics.reliable) = (of("datagram"), of("reliable"));
        metrics.registry = registry;
        metrics
    }

    /// Counts a packet that is relayed.
    pub(crate) fn relayed(&self, channel: RelayChannel, bytes: usize) {
        let relayed = match channel {
            RelayChannel::Datagram => &self.datagrams,
            RelayChannel::Reliable => &self.reliable,
        };
        relayed.packets.inc();
        relayed.bytes.inc_by(bytes as u64);
    }

    /// Counts a peer that came back, or was not let.
    pub(crate) fn resumed(&self, resumed: bool) {
        let outcome = if resumed { "resumed" } else { "refused" };
        self.resumes.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Counts a connection that was ended, by the name its reason has on the wire.
    pub(crate) fn refused(&self, reason: &Refusal) {
        let json = serde_json::to_value(reason).unwrap_or_default();
        let reason = json["kind"].as_str().unwrap_or("unknown").to_owned();
        self.refusals.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Everything in the text format that Prometheus reads (OpenMetrics 1.0).
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
    fn what_was_counted_is_in_the_text() {
        let metrics = Metrics::new();
        metrics.joins.inc();
        metrics.connections.set(3);
        metrics.refused(&Refusal::RoomFull { size: 2 });
        metrics.relayed(RelayChannel::Datagram, 60);
        metrics.resumed(true);
        let text = metrics.text().unwrap();
        for line in [
            "netplay_joins_total 1",
            "netplay_connections 3",
            "netplay_refusals_total{reason=\"room_full\"} 1",
            "netplay_relayed_bytes_total{channel=\"datagram\"} 60",
            "netplay_relayed_packets_total{channel=\"reliable\"} 0",
            "netplay_resumes_total{outcome=\"resumed\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }
}
