//! Joins and leaves, and what they leave behind.

use std::cell::Cell;
use std::io::Result;
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;
use netplay_bench::process::resident;
use serde_json::{Value, json};
use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::Server;
use crate::pair::{join, leave};

#[derive(Args, Debug)]
pub struct Churn {
    #[command(flatten)]
    server: Server,
    /// How many joins and leaves
    #[arg(long)]
    joins: u64,
    /// How many before memory is looked at for the first time
    #[arg(long)]
    warm_up: u64,
    /// How many at a time
    #[arg(long, default_value_t = 64)]
    at_a_time: u64,
}

impl Churn {
    pub async fn run(self) -> Result<Value> {
        let pid = self.server.pid;
        self.play(0, self.warm_up).await?;
        sleep(Duration::from_secs(2)).await;
        let before = resident(pid)?;
        let started = Instant::now();
        self.play(self.warm_up, self.joins).await?;
        let elapsed = started.elapsed();
        sleep(Duration::from_secs(2)).await;
        let after = resident(pid)?;
        Ok(json!({
            "joins": self.joins, "joins_per_second": self.joins as f64 / elapsed.as_secs_f64(),
            "resident_before": before, "resident_after": after,
            "growth": after as f64 / before as f64 - 1.0,
        }))
    }

    /// Every room is another one, with two in it for a moment.
    async fn play(&self, from: u64, count: u64) -> Result<()> {
        let next = Rc::new(Cell::new(from));
        let (end, addr) = (from + count, self.server.addr);
        let local = LocalSet::new();
        let workers: Vec<_> = (0..self.at_a_time)
            .map(|_| {
                let next = next.clone();
                local.spawn_local(async move {
                    while next.get() < end {
                        let number = next.replace(next.get() + 2);
                        let first = join(addr, number, 2, number).await?;
                        let second = join(addr, number, 2, number + 1).await?;
                        leave(first).await?;
                        leave(second).await?;
                    }
                    Result::Ok(())
                })
            })
            .collect();
        local
            .run_until(async {
                for worker in workers {
                    worker.await.map_err(std::io::Error::other)??;
                }
                Ok(())
            })
            .await
    }
}
