//! Everything public can be reflected: editors and inspectors see it whole, secrets excepted.

use std::collections::BTreeSet;
use std::path::Path;

use bevy::ecs::reflect::{ReflectMessage, ReflectResource};
use bevy::prelude::*;
use bevy::reflect::TypeInfo;
use bevy_netplay::messages::PeerJoined;
use bevy_netplay::prelude::*;

/// Public types that need not be in the type registry: they are never a value in the world.
const NO_VALUES: [&str; 32] = [
    // Plugins.
    "NetplayPlugins",
    "NetplayPlugin",
    "NetplayMetricsPlugin",
    "NetplayDiagnosticsPlugin",
    "NetplayOverlayPlugin",
    "NetplayAudioPlugin",
    "ConnectionIndicatorPlugin",
    // What a type of messages is called, what writes it, and what is as reflected as the game's own type.
    "PeerMessageOptions",
    "PeerMessageWriter",
    "FromPeer",
    "EffectMessage",
    "EffectWriter",
    // System parameters, the types of ggrs' session and of its inputs.
    "Inputs",
    "BotInputs",
    "NetplayGgrs",
    "GgrsInput",
    "PeerInput",
    "PerPlayer",
    "AsBytes",
    "AsSerde",
    "Predict",
    // What functions return, a test, and how components are overwritten.
    "Access",
    "DesyncFileError",
    "DesyncReplay",
    "ReplayError",
    "ReplayVerdict",
    "ShrunkDesync",
    "DecodeError",
    "EncodeError",
    "SyncTest",
    "SyncTestError",
    "SyncTestReport",
];

fn app() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default())).add_lobby_state::<u8, u8>();
    app
}

/// The source files of the crate.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

fn all_sources() -> Vec<String> {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found
}

/// What there is only with the feature `overlay`.
#[cfg(not(feature = "overlay"))]
const OF_OVERLAY: [&str; 3] = ["NetplayOverlay", "OverlayCorner", "ConnectionIndicator"];
#[cfg(feature = "overlay")]
const OF_OVERLAY: [&str; 0] = [];

#[test]
fn every_public_type_is_registered() {
    let app = app();
    let registry = app.world().resource::<AppTypeRegistry>().read();
    let registered: BTreeSet<String> = registry
        .iter()
        .map(|registration| registration.type_info().type_path_table())
        .filter(|table| table.path().starts_with("bevy_netplay::"))
        .map(|table| table.short_path().split('<').next().unwrap_or_default().to_owned())
        .collect();
    let public = |line: &str| {
        let name = line.strip_prefix("pub struct ").or(line.strip_prefix("pub enum "))?;
        name.split(|c: char| !c.is_alphanumeric()).next().map(str::to_owned)
    };
    let sources = all_sources();
    let names: BTreeSet<String> =
        sources.iter().flat_map(|source| source.lines().filter_map(public)).collect();
    assert!(names.contains("PeerLinks") && names.len() > 40, "{names:?}");
    for name in names.iter().filter(|name| !OF_OVERLAY.contains(&name.as_str())) {
        let known = registered.contains(name) != NO_VALUES.contains(&name.as_str());
        assert!(known, "{name} is not registered, or need not be an exception any more");
    }
}

#[test]
fn no_field_is_ignored() {
    for source in all_sources() {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for ignored in ["reflect(ignore", "reflect(skip"] {
            assert!(!source.contains(ignored), "{ignored} in\n{source}");
        }
    }
}

#[test]
fn resources_and_messages_carry_their_type_data() {
    let app = app();
    let registry = app.world().resource::<AppTypeRegistry>().read();
    for resource in [
        std::any::TypeId::of::<PeerLinks>(),
        std::any::TypeId::of::<RollbackMetrics>(),
        std::any::TypeId::of::<CurrentRoom>(),
        std::any::TypeId::of::<CurrentMatch>(),
        std::any::TypeId::of::<LastEndReason>(),
        std::any::TypeId::of::<NetplayConfig>(),
        std::any::TypeId::of::<LocalInput<u8>>(),
    ] {
        assert!(registry.get_type_data::<ReflectResource>(resource).is_some());
    }
    let message = std::any::TypeId::of::<PeerJoined>();
    assert!(registry.get_type_data::<ReflectMessage>(message).is_some());
}

#[test]
fn secrets_are_opaque_and_their_debug_text_does_not_show_them() {
    let app = app();
    let registry = app.world().resource::<AppTypeRegistry>().read();
    for secret in [std::any::TypeId::of::<PeerIdentity>(), std::any::TypeId::of::<ResumeToken>()] {
        let info = registry.get(secret).unwrap().type_info();
        assert!(matches!(info, TypeInfo::Opaque(_)), "{info:?}");
    }
    let room =
        JoinRoom::code("ABC").password("swordfish").token("swordfish").resume_token("swordfish");
    let identity = PeerIdentity::from_secret(&[0xab; 32]);
    for shown in [format!("{room:?}"), format!("{:?}", room.as_reflect()), format!("{identity:?}")]
    {
        assert!(!shown.contains("swordfish") && !shown.contains("abab"), "{shown}");
    }
}
