//! Packets that the server carries.

use std::cell::RefCell;
use std::io::Result;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;
use netplay_bench::percentile;
use netplay_bench::process::cpu;
use netplay_protocol::{RelayChannel, RelayHeader};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::pair::{join, key, key_text};
use crate::websocket::binary;

/// How often every sender sends what is due.
const TICK: Duration = Duration::from_millis(1);
/// How long packets may take at the end before they count as lost.
const LINGER: Duration = Duration::from_secs(1);
/// A packet's payload, in bytes: what a match sends at 60 frames per second.
const PAYLOAD_BYTES: usize = 60;

#[derive(Args, Debug)]
pub struct Relay {
    /// Where the server listens
    #[arg(long)]
    addr: SocketAddr,
    /// Its process
    #[arg(long)]
    pid: u32,
    /// Where a pipe listens that is measured instead: the same bytes without a server
    #[arg(long)]
    pipe: bool,
    /// How many pairs of peers; both send
    #[arg(long, default_value_t = 32)]
    pairs: u64,
    /// Packets per second in all
    #[arg(long)]
    rate: f64,
    /// For how long
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

/// What the connections share.
#[derive(Default)]
struct Arrived {
    count: u64,
    latencies: Vec<Duration>,
}

impl Relay {
    pub async fn run(self) -> Result<Value> {
        LocalSet::new().run_until(self.measure()).await
    }

    async fn measure(self) -> Result<Value> {
        let mut streams = Vec::new();
        for pair in 0..self.pairs {
            streams.extend(self.pair(2 * pair).await?);
        }
        let epoch = Instant::now();
        let arrived = Rc::new(RefCell::new(Arrived::default()));
        let mut senders = Vec::new();
        for (to, stream) in streams {
            let (reader, writer) = stream.into_split();
            spawn_local(receive(reader, epoch, arrived.clone()));
            senders.push((frame(to), writer));
        }
        let before = cpu(self.pid)?;
        let sent = self.send(&mut senders, epoch).await?;
        sleep(LINGER).await;
        let used = cpu(self.pid)?.saturating_sub(before);
        let mut arrived = arrived.borrow_mut();
        arrived.latencies.sort();
        let latencies = &arrived.latencies;
        Ok(json!({
            "sent": sent, "arrived": arrived.count, "lost": sent.saturating_sub(arrived.count),
            "per_second": sent as f64 / self.seconds,
            "cpu_us_per_packet": used.as_secs_f64() * 1e6 / sent as f64,
            "latency_us_p50": percentile(latencies, 0.5),
            "latency_us_p99": percentile(latencies, 0.99),
        }))
    }

    /// Two connections that reach each other, each with the number of the other.
    async fn pair(&self, number: u64) -> Result<[(u64, TcpStream); 2]> {
        if self.pipe {
            let first = TcpStream::connect(self.addr).await?;
            let second = TcpStream::connect(self.addr).await?;
            first.set_nodelay(true)?;
            second.set_nodelay(true)?;
            return Ok([(number + 1, first), (number, second)]);
        }
        let mut first = join(self.addr, number, 2, number).await?;
        let mut second = join(self.addr, number, 2, number + 1).await?;
        first.until([b"\"roster\"", key_text(number + 1).as_bytes()]).await?;
        for (socket, to) in [(&mut first, number + 1), (&mut second, number)] {
            let open = json!({ "type": "relay", "to": key_text(to), "open": true });
            socket.text(&open.to_string()).await?;
        }
        first.until([b"\"relay\"", b"true"]).await?;
        second.until([b"\"relay\"", b"true"]).await?;
        Ok([(number + 1, first.stream), (number, second.stream)])
    }

    /// Sends at a steady rate. Every packet has the time at which it was sent, since `epoch`.
    async fn send(&self, senders: &mut [(Vec<u8>, OwnedWriteHalf)], epoch: Instant) -> Result<u64> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let started = Instant::now();
        let (mut sent, mut next) = (0u64, 0);
        let mut batch = Vec::new();
        loop {
            ticks.tick().await;
            let elapsed = started.elapsed().as_secs_f64().min(self.seconds);
            let due = (elapsed * self.rate) as u64 - sent;
            let count = senders.len() as u64;
            for place in 0..count.min(due) {
                // The client served last comes last: nobody gets more than others.
                let index = (next + place) % count;
                let packets = due / count + u64::from(place < due % count);
                let (frame, writer) = &mut senders[index as usize];
                let now = (epoch.elapsed().as_nanos() as u64).to_be_bytes();
                let stamp = frame.len() - PAYLOAD_BYTES;
                frame[stamp..stamp + 8].copy_from_slice(&now);
                batch.clear();
                (0..packets).for_each(|_| batch.extend_from_slice(frame));
                writer.write_all(&batch).await?;
                sent += packets;
            }
            next = (next + due) % count;
            if elapsed >= self.seconds {
                return Ok(sent);
            }
        }
    }
}

/// A packet for a peer, as it travels to the server. The last bytes are the payload.
fn frame(to: u64) -> Vec<u8> {
    let packet = RelayHeader::new(RelayChannel::Datagram, key(to)).frame(&[0; PAYLOAD_BYTES]);
    let mut frame = Vec::new();
    binary(&mut frame, &packet);
    frame
}

/// Counts what arrives. Frames from the server are not masked, those through a pipe are.
async fn receive(mut reader: OwnedReadHalf, epoch: Instant, arrived: Rc<RefCell<Arrived>>) {
    let mut inbox = Vec::with_capacity(64 * 1024);
    while let Ok(1..) = reader.read_buf(&mut inbox).await {
        let now = epoch.elapsed();
        let mut arrived = arrived.borrow_mut();
        let mut start = 0;
        while let [opcode, length, ..] = inbox[start..] {
            let mask = if length & 0x80 == 0 { 0 } else { 4 };
            let (head, length) = (2 + mask, usize::from(length & 0x7f));
            let Some(payload) = inbox.get(start + head..start + head + length) else { break };
            start += head + length;
            // Only what is as long as a packet: the server also pings.
            if opcode & 0x0f == 2 && length == RelayHeader::BYTES + PAYLOAD_BYTES {
                let stamp: [u8; 8] =
                    payload[RelayHeader::BYTES..][..8].try_into().unwrap_or_default();
                let sent = Duration::from_nanos(u64::from_be_bytes(stamp));
                arrived.count += 1;
                arrived.latencies.push(now.saturating_sub(sent));
            }
        }
        inbox.drain(..start);
    }
}
