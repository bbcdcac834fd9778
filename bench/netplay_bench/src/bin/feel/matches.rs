//! A match of two players on either stack, at the same time and over the same network.

use std::time::Duration;

use bevy_netplay::prelude::NetworkConditions;
use bevy_netplay::transport::memory::MemoryHub;
use clap::Args;
use serde_json::{Value, json};

use crate::drive::{Drive, DrivenApp, UpdatePace};
use crate::figures::{Counts, Figures};
use crate::game::Seed;
use crate::network::Network;
use crate::{ours, plain};

/// How often a display draws.
const RATE: f64 = 60.0;
/// A frame, rounded up so that every update contains one.
const FRAME: Duration = Duration::from_nanos(16_666_667);
/// How long matches have to start and to settle before anything is counted.
const SETTLE: Duration = Duration::from_secs(12);
/// How many frames they must have played by then.
const SETTLED: i32 = 5 * 60;

#[derive(Args)]
pub struct Matches {
    /// What the network and the inputs follow from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// For how long is counted
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

/// The machine of the first player.
const USUAL: UpdatePace = UpdatePace { interval: FRAME, uneven: 0.0, clock: 1.0 };

/// What the two players of a stack have counted.
type Pair = [Counts; 2];

impl Matches {
    pub fn jumps(&self) -> Result<Value, String> {
        let jump = |[first, second]: &Pair| first.longest_jump.max(second.longest_jump).into();
        self.measure(network(100, 0.03), USUAL, jump)
    }

    pub fn clocks(&self) -> Result<Value, String> {
        let fast = UpdatePace { clock: 1.005, ..USUAL };
        let repeated = |[_, leader]: &Pair| leader.repeated_per_second(RATE);
        self.measure(network(50, 0.01), fast, repeated)
    }

    pub fn slow(&self) -> Result<Value, String> {
        let interval = FRAME + Duration::from_millis(30);
        let slow = UpdatePace { interval, uneven: 0.1, ..USUAL };
        let apart = |[first, second]: &Pair| (first.mean_rollback() - second.mean_rollback()).abs();
        self.measure(network(50, 0.01), slow, apart)
    }

    /// A figure of either stack, and what each player has counted.
    fn measure(
        &self,
        network: NetworkConditions,
        second: UpdatePace,
        figure: impl Fn(&Pair) -> f64,
    ) -> Result<Value, String> {
        let [plain, ours] = self.play(network, second)?;
        let each = [&plain, &ours].map(|pair| pair.each_ref().map(Counts::json));
        Ok(json!({
            "plain": figure(&plain), "ours": figure(&ours),
            "plain_players": each[0], "our_players": each[1],
        }))
    }

    /// The plain stack, and ours.
    fn play(&self, conditions: NetworkConditions, second: UpdatePace) -> Result<[Pair; 2], String> {
        let seed = Seed(self.seed);
        let network = Network::new(&conditions, self.seed);
        let hub = MemoryHub::new(conditions, self.seed);
        let plain = |player| plain::app(player, seed, &network).map_err(|it| it.to_string());
        let mut drive = Drive::new(vec![
            DrivenApp::new(plain(0)?, USUAL),
            DrivenApp::new(plain(1)?, second),
            DrivenApp::new(ours::app(seed, &hub), USUAL),
            DrivenApp::new(ours::app(seed, &hub), second),
        ]);
        drive.run(SETTLE);
        for (stack, driven) in ["plain", "plain", "ours", "ours"].iter().zip(&mut drive.apps) {
            let mut figures = driven.app.world_mut().resource_mut::<Figures>();
            if figures.newest < SETTLED {
                return Err(format!("{stack}: {} frames after {SETTLE:?}", figures.newest));
            }
            figures.counts = Counts::default();
        }
        drive.run(Duration::from_secs(self.seconds));
        let counts = |index: usize| drive.apps[index].app.world().resource::<Figures>().counts;
        Ok([[counts(0), counts(1)], [counts(2), counts(3)]])
    }
}

/// A network of this latency, one way, and a tenth of it as jitter.
fn network(latency: u64, loss: f32) -> NetworkConditions {
    let latency = Duration::from_millis(latency);
    NetworkConditions { latency, jitter: latency / 10, loss, ..NetworkConditions::default() }
}
