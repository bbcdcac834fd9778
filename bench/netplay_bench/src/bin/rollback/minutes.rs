//! How time and memory grow in a long match with short-lived entities: half a second each, 480 spawned a second.

use clap::Args;
use netplay_bench::percentile;
use serde_json::{Map, Value, json};

use crate::allocator;
use crate::apps::DrivenApp;
use crate::game::Game;
use crate::store::{self, Store};

/// 480 a second live half a second each.
const GAME: Game = Game { entities: 240, lifetime: Some(30) };
/// One frame in so many is one that a rollback ends with.
const FRAMES_PER_ROLLBACK: u32 = 10;

#[derive(Args)]
pub struct Minutes {
    /// How many minutes are played
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..))]
    minutes: u32,
    /// How many frames a minute has
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u32).range(60..))]
    frames: u32,
}

/// A store, and what it takes.
struct Track {
    store: DrivenApp,
    /// Allocated now, the App included.
    bytes: i64,
    /// At the end of each minute.
    bytes_by_minute: Vec<i64>,
    /// Of ten frames and a rollback, the median of each minute.
    us_by_minute: Vec<f64>,
}

impl Minutes {
    pub fn measure(&self) -> Result<Value, String> {
        let mut tracks = [
            Track::new(|| DrivenApp::bevy_ggrs(GAME, false))?,
            Track::new(|| DrivenApp::bevy_netplay(GAME))?,
        ];
        for _ in 0..self.minutes {
            for track in &mut tracks {
                track.play(self.frames);
            }
        }
        let [plain, ours] = &mut tracks;
        store::check_same_state(&mut [&mut plain.store, &mut ours.store])?;
        let of_each = tracks.iter().flat_map(Track::figures);
        Ok(of_each.collect::<Map<String, Value>>().into())
    }
}

impl Track {
    fn new(build: impl FnOnce() -> Result<DrivenApp, String>) -> Result<Self, String> {
        let (built, allocated) = allocator::count(|| {
            let mut store = build()?;
            store::warm_up(&mut store);
            Ok::<_, String>(store)
        });
        let (bytes_by_minute, us_by_minute) = (Vec::new(), Vec::new());
        Ok(Self { store: built?, bytes: allocated.bytes, bytes_by_minute, us_by_minute })
    }

    /// Plays a minute of so many frames.
    fn play(&mut self, frames: u32) {
        let mut times = Vec::with_capacity((frames / FRAMES_PER_ROLLBACK) as usize);
        let store = &mut self.store;
        let ((), allocated) = allocator::count(|| {
            for _ in 0..frames / FRAMES_PER_ROLLBACK {
                times.push(store::time(|| {
                    (0..FRAMES_PER_ROLLBACK).for_each(|_| store::advance(store));
                    store::roll_back(store);
                }));
            }
        });
        times.sort_unstable();
        self.bytes += allocated.bytes;
        self.bytes_by_minute.push(self.bytes);
        self.us_by_minute.push(percentile(&times, 0.5));
    }

    /// Of the last minute as a multiple of the first, and of all minutes.
    fn figures(&self) -> [(String, Value); 4] {
        let name = |figure: &str| format!("{}_{figure}", self.store.name());
        let bytes: Vec<f64> = self.bytes_by_minute.iter().map(|bytes| *bytes as f64).collect();
        [
            (name("time"), json!(growth(&self.us_by_minute))),
            (name("memory"), json!(growth(&bytes))),
            (name("us_by_minute"), json!(self.us_by_minute)),
            (name("bytes_by_minute"), json!(self.bytes_by_minute)),
        ]
    }
}

/// The last value as a multiple of the first.
fn growth(values: &[f64]) -> Option<f64> {
    Some(values.last()? / values.first()?)
}
