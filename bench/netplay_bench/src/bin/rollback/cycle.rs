//! What a rollback takes.

use std::time::Duration;

use clap::Args;
use netplay_bench::percentile;
use serde_json::{Map, Value, json};

use crate::apps::DrivenApp;
use crate::floor::Floor;
use crate::game::Game;
use crate::store::{self, Store};

/// In a game where 1 % of the entities are replaced in every frame, each lives so many frames.
const CHURN_LIFETIME: u32 = 100;

#[derive(Args)]
pub struct Cycle {
    /// How many entities roll back
    #[arg(long)]
    entities: u32,
    /// In every frame, 1 % of them are despawned and as many spawned
    #[arg(long)]
    churn: bool,
    /// How many rollbacks are timed
    #[arg(long)]
    count: u32,
}

impl Cycle {
    pub fn measure(&self) -> Result<Value, String> {
        let game = Game { entities: self.entities, lifetime: self.churn.then_some(CHURN_LIFETIME) };
        let mut plain = DrivenApp::bevy_ggrs(game, false)?;
        let mut ours = DrivenApp::bevy_netplay(game)?;
        let mut floor = (!self.churn).then(|| Floor::new(self.entities));
        let mut stores: Vec<&mut dyn Store> = vec![&mut plain, &mut ours];
        stores.extend(floor.iter_mut().map(|floor| floor as &mut dyn Store));
        for store in &mut stores {
            store::warm_up(*store);
        }
        let times = take_turns(&mut stores, self.count, roll_back);
        store::check_same_state(&mut stores)?;
        Ok(medians(&stores, times))
    }
}

/// The time of a rollback after a frame without one.
fn roll_back(store: &mut dyn Store) -> Duration {
    store::advance(store);
    store::time(|| store::roll_back(store))
}

/// Measures each so many times, one after the other, and every second time in reverse: what one leaves in the
/// processor's caches falls on both of its neighbours.
pub fn take_turns(
    stores: &mut [&mut dyn Store],
    count: u32,
    measure: impl Fn(&mut dyn Store) -> Duration,
) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::new(); stores.len()];
    for turn in 0..count {
        for place in 0..stores.len() {
            let index = if turn % 2 == 0 { place } else { stores.len() - 1 - place };
            times[index].push(measure(&mut *stores[index]));
        }
    }
    times
}

/// The median of each, in µs.
pub fn medians(stores: &[&mut dyn Store], times: Vec<Vec<Duration>>) -> Value {
    let medians = stores.iter().zip(times).map(|(store, mut times)| {
        times.sort_unstable();
        (format!("{}_us", store.name()), json!(percentile(&times, 0.5)))
    });
    medians.collect::<Map<String, Value>>().into()
}
