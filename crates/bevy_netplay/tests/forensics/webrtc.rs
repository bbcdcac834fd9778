//! The same over real data channels and the real server, on the machine's clock.

use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_netplay::messages::DesyncExplained;
use bevy_netplay::prelude::*;
use netplay_testkit::{Server, ServerConfig};

use super::game::{self, Plant};

/// The limit of the wait, in milliseconds. Only a hang reaches it.
const PATIENCE: u32 = 120_000;

/// What an App was told.
#[derive(Resource, Default)]
struct Told(Option<DesyncExplained>);

fn app(server: &Server, plant: Plant) -> App {
    let config = NetplayConfig { game: "desync 1".into(), server: server.url(), ..default() };
    let mut app = App::new();
    app.add_plugins(MinimalPlugins.build().disable::<ScheduleRunnerPlugin>());
    game::game(&mut app, config);
    app.insert_resource(plant)
        .init_resource::<Told>()
        .add_systems(Startup, |mut commands: Commands| {
            commands.join_room(JoinRoom::code("DESYNC").players(2));
        })
        .add_systems(
            Update,
            |mut explained: MessageReader<DesyncExplained>, mut told: ResMut<Told>| {
                told.0 = told.0.take().or_else(|| explained.read().next().cloned());
            },
        );
    app.finish();
    app.cleanup();
    app
}

#[test]
fn both_sides_travel_over_data_channels() {
    let listen = "127.0.0.1:0".parse().unwrap();
    let server = Server::start(ServerConfig { listen, ..ServerConfig::default() }).unwrap();
    let mut apps = [Plant::None, Plant::Reflected].map(|plant| app(&server, plant));
    let told = |app: &App| app.world().resource::<Told>().0.clone();
    for _ in 0..PATIENCE {
        apps.iter_mut().for_each(App::update);
        if apps.iter().all(|app| told(app).is_some()) {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let [here, there] = [&apps[0], &apps[1]].map(|app| told(app).unwrap());
    for said in [&here, &there] {
        assert_eq!(said.type_name.as_deref(), Some("Shield"), "{said:?}");
        assert_eq!(said.field, "layers[0].thickness", "{said:?}");
    }
    assert_eq!((here.local.as_deref(), here.remote.as_deref()), (Some("3"), Some("4")));
    assert_eq!((there.local, there.remote), (here.remote, here.local));
}
