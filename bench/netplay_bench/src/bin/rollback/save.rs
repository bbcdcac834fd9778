//! What a save takes.

use clap::Args;
use serde_json::Value;

use crate::apps::DrivenApp;
use crate::cycle::{medians, take_turns};
use crate::floor::Floor;
use crate::game::Game;
use crate::store::{self, Store};

#[derive(Args)]
pub struct Save {
    /// How many entities roll back
    #[arg(long)]
    entities: u32,
    /// How many saves are timed
    #[arg(long)]
    count: u32,
}

impl Save {
    pub fn measure(&self) -> Result<Value, String> {
        let game = Game { entities: self.entities, lifetime: None };
        let mut plain = DrivenApp::bevy_ggrs(game, false)?;
        let mut ours = DrivenApp::bevy_netplay(game)?;
        let mut floor = Floor::new(self.entities);
        let mut stores: [&mut dyn Store; 3] = [&mut plain, &mut ours, &mut floor];
        for store in &mut stores {
            store::warm_up(*store);
        }
        let times = take_turns(&mut stores, self.count, |store| {
            store.simulate();
            store::time(|| store.save())
        });
        Ok(medians(&stores, times))
    }
}
