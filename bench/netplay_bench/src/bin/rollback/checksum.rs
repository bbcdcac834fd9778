//! What the checksum of a frame takes.
//!
//! bevy_ggrs makes it in every save: there it is what a save takes longer with it than without. bevy_netplay makes it
//! of compared frames alone, once these are confirmed, and keeps a copy of these frames to explain a desync.

use std::hint::black_box;
use std::time::Duration;

use clap::Args;
use netplay_bench::percentile;
use serde_json::{Value, json};

use crate::apps::{self, DrivenApp};
use crate::game::Game;
use crate::store::{self, Store};

#[derive(Args)]
pub struct Checksum {
    /// How many entities roll back
    #[arg(long)]
    entities: u32,
    /// How many checksums are timed
    #[arg(long)]
    count: u32,
}

impl Checksum {
    pub fn measure(&self) -> Result<Value, String> {
        let game = Game { entities: self.entities, lifetime: None };
        let mut without = DrivenApp::bevy_ggrs(game, false)?;
        let mut with = DrivenApp::bevy_ggrs(game, true)?;
        let mut ours = DrivenApp::bevy_netplay(game)?;
        for store in [&mut without, &mut with, &mut ours] {
            store::warm_up(store);
        }
        let (mut times, mut kept): ([Vec<Duration>; 3], _) = (Default::default(), Vec::new());
        for _ in 0..self.count {
            for (store, times) in [&mut without, &mut with].into_iter().zip(&mut times) {
                store.simulate();
                times.push(store::time(|| store.save()));
            }
            ours.simulate();
            ours.save();
            let mut checksum = Ok(0);
            times[2].push(store::time(|| checksum = apps::checksum(&ours, ours.frame())));
            black_box(checksum).map_err(|error| error.to_string())?;
            let frame = ours.frame();
            kept.push(store::time(|| apps::keep(&mut ours, frame)));
        }
        let [without, with, ours] = times.map(|mut times| {
            times.sort_unstable();
            percentile(&times, 0.5)
        });
        kept.sort_unstable();
        let kept = percentile(&kept, 0.5);
        Ok(json!({ "bevy_ggrs_us": with - without, "bevy_netplay_us": ours, "kept_us": kept }))
    }
}
