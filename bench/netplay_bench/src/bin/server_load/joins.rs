//! Joins into rooms of two, until both have exchanged an offer and an answer.
//!
//! Clients that have joined stay until the end: what leaving costs is not part of it.

use std::cell::{Cell, RefCell};
use std::io::{Error, Result};
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;
use netplay_bench::percentile;
use netplay_bench::process::cpu;
use serde_json::{Value, json};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{MissedTickBehavior, interval};

use crate::Server;
use crate::pair::{First, description, prepare};
use crate::websocket::WebSocket;

#[derive(Args, Clone, Debug)]
pub struct Joins {
    #[command(flatten)]
    server: Server,
    /// How many pairs
    #[arg(long)]
    pairs: u64,
    /// How many are on their way at a time, where there is no rate
    #[arg(long, default_value_t = 32)]
    at_a_time: u64,
    /// Pairs per second; without it as many as the server takes
    #[arg(long)]
    rate: Option<f64>,
    /// How many rooms are open before, each held by one connection
    #[arg(long, default_value_t = 0)]
    open_rooms: u64,
}

/// What the pairs share.
struct Shared {
    joins: Joins,
    sdp: String,
    next: Cell<u64>,
    took: RefCell<Vec<Duration>>,
    stay: RefCell<Vec<WebSocket>>,
}

impl Joins {
    pub async fn run(self) -> Result<Value> {
        LocalSet::new().run_until(self.measure()).await
    }

    async fn measure(self) -> Result<Value> {
        let Server { addr, pid, protocol } = self.server;
        let shared = Rc::new(Shared {
            sdp: description(),
            next: Cell::new(0),
            took: RefCell::default(),
            stay: RefCell::default(),
            joins: self.clone(),
        });
        for room in 0..self.open_rooms {
            // Far from the numbers of the pairs.
            let first = First::join(protocol, addr, (1 << 40) + 2 * room).await?;
            shared.stay.borrow_mut().push(first.socket);
        }
        prepare(0..2 * self.pairs);
        let (cpu_before, started) = (cpu(pid)?, Instant::now());
        match self.rate {
            Some(rate) => paced(&shared, rate).await?,
            None => at_once(&shared).await?,
        }
        let elapsed = started.elapsed();
        let used = cpu(pid)?.saturating_sub(cpu_before);
        let mut took = shared.took.borrow_mut();
        took.sort();
        let joins = self.pairs as f64 * 2.0;
        Ok(json!({
            "joins": joins, "seconds": elapsed.as_secs_f64(),
            "joins_per_second": joins / elapsed.as_secs_f64(),
            "cpu_us_per_join": used.as_secs_f64() * 1e6 / joins,
            "pair_ms_p50": percentile(&took, 0.5) / 1e3, "pair_ms_p99": percentile(&took, 0.99) / 1e3,
        }))
    }
}

/// Begins pairs at a steady rate, whatever becomes of those before.
async fn paced(shared: &Rc<Shared>, rate: f64) -> Result<()> {
    let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut begun = Vec::new();
    for _ in 0..shared.joins.pairs {
        ticks.tick().await;
        let shared = shared.clone();
        begun.push(spawn_local(async move { meet(&shared).await }));
    }
    for one in begun {
        one.await.map_err(Error::other)??;
    }
    Ok(())
}

/// Begins a pair whenever another one is done.
async fn at_once(shared: &Rc<Shared>) -> Result<()> {
    let workers: Vec<_> = (0..shared.joins.at_a_time)
        .map(|_| {
            let shared = shared.clone();
            spawn_local(async move {
                while shared.next.get() < 2 * shared.joins.pairs {
                    meet(&shared).await?;
                }
                Result::Ok(())
            })
        })
        .collect();
    for worker in workers {
        worker.await.map_err(Error::other)??;
    }
    Ok(())
}

/// One pair, from connecting to the answer.
async fn meet(shared: &Shared) -> Result<()> {
    let Server { addr, protocol, .. } = shared.joins.server;
    let number = shared.next.get();
    shared.next.set(number + 2);
    let started = Instant::now();
    let mut first = First::join(protocol, addr, number).await?;
    let second = first.meet(protocol, addr, &shared.sdp).await?;
    shared.took.borrow_mut().push(started.elapsed());
    shared.stay.borrow_mut().extend([first.socket, second]);
    Ok(())
}
