//! How often saves and loads allocate memory.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::allocator;
use crate::apps::DrivenApp;
use crate::game::Game;
use crate::store::{self, DEPTH, Store};

#[derive(Args)]
pub struct Allocations {
    /// How many entities roll back
    #[arg(long)]
    entities: u32,
}

impl Allocations {
    pub fn measure(&self) -> Result<Value, String> {
        let game = Game { entities: self.entities, lifetime: None };
        let mut plain = DrivenApp::bevy_ggrs(game, false)?;
        let mut ours = DrivenApp::bevy_netplay(game)?;
        let stores: [&mut dyn Store; 2] = [&mut plain, &mut ours];
        let counts = stores.map(|store| {
            store::warm_up(store);
            (store.name().to_owned(), json!(in_rollback(store)))
        });
        Ok(Map::from_iter(counts).into())
    }
}

/// Allocations of the saves and the load of a rollback. Its simulated frames are not counted.
fn in_rollback(store: &mut dyn Store) -> u64 {
    let count = |run: &mut dyn FnMut()| allocator::count(run).1.count;
    let back = store.frame() - DEPTH;
    let mut allocations = count(&mut || store.save());
    allocations += count(&mut || store.load(back));
    for _ in 0..DEPTH {
        allocations += count(&mut || store.save());
        store.simulate();
    }
    allocations
}
