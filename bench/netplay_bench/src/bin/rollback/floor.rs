//! [`Floor`]: the least that a rollback can take, which is the simulation and a memory copy of each column.

use bevy::ecs::schedule::SingleThreadedExecutor;
use bevy::prelude::*;
use bevy_netplay::prelude::NetplayUpdate;

use crate::game::{Body, Game, Gun, Luck};
use crate::store::{DEPTH, Store};

/// The game in a world without any netcode. Nothing is spawned or despawned: its entities are in one table.
pub struct Floor {
    app: App,
    frame: i32,
    /// By frame, modulo their number.
    kept: Vec<Columns>,
    rows: QueryState<(&'static mut Body, &'static mut Gun, &'static mut Luck)>,
}

#[derive(Default)]
struct Columns {
    bodies: Vec<Body>,
    guns: Vec<Gun>,
    all_luck: Vec<Luck>,
}

impl Floor {
    pub fn new(entities: u32) -> Self {
        let game = Game { entities, lifetime: None };
        let mut app = App::new();
        game.add::<()>(&mut app);
        app.edit_schedule(NetplayUpdate, |schedule| {
            schedule.set_executor(SingleThreadedExecutor::new());
        });
        game.spawn::<()>(app.world_mut());
        let rows = app.world_mut().query();
        let kept = (0..=DEPTH).map(|_| Columns::default()).collect();
        Self { app, frame: 0, kept, rows }
    }

    fn slot(&self, frame: i32) -> usize {
        frame as usize % self.kept.len()
    }
}

impl Store for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn frame(&self) -> i32 {
        self.frame
    }

    fn save(&mut self) {
        let slot = self.slot(self.frame);
        let Columns { bodies, guns, all_luck } = &mut self.kept[slot];
        let Ok(tables) = self.rows.contiguous_iter(self.app.world()) else { return };
        bodies.clear();
        guns.clear();
        all_luck.clear();
        for (present_bodies, present_guns, present_luck) in tables {
            bodies.extend_from_slice(present_bodies);
            guns.extend_from_slice(present_guns);
            all_luck.extend_from_slice(present_luck);
        }
    }

    fn load(&mut self, frame: i32) {
        self.frame = frame;
        let slot = self.slot(frame);
        let Columns { bodies, guns, all_luck } = &self.kept[slot];
        let Ok(tables) = self.rows.contiguous_iter_mut(self.app.world_mut()) else { return };
        for (mut present_bodies, mut present_guns, mut present_luck) in tables {
            present_bodies.bypass_change_detection().copy_from_slice(bodies);
            present_guns.bypass_change_detection().copy_from_slice(guns);
            present_luck.bypass_change_detection().copy_from_slice(all_luck);
        }
    }

    fn simulate(&mut self) {
        self.frame += 1;
        self.app.world_mut().run_schedule(NetplayUpdate);
    }

    fn world(&mut self) -> &mut World {
        self.app.world_mut()
    }
}
