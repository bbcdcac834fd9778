//! Who may depend on what: arrows go down only.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::workspace::cargo;

/// The packages of the workspace that each published package may use. Tests may use more.
const PUBLISHED: [(&str, &[&str]); 7] = [
    ("netplay_protocol", &[]),
    ("netplay_core", &["netplay_protocol"]),
    ("netplay_transport", &["netplay_core", "netplay_protocol"]),
    ("netplay_server", &["netplay_protocol"]),
    ("netplay_report", &[]),
    ("netplay_tools", &["netplay_report"]),
    ("bevy_netplay", &["netplay_transport", "netplay_core", "netplay_protocol", "netplay_report"]),
];

/// The same of games and of what the benchmarks compare with. A game names bevy_netplay alone, and what is around the
/// examples.
const EXAMPLES: [(&str, &[&str]); 7] = [
    ("quickstart", &["bevy_netplay"]),
    ("example_runner", &["bevy_netplay", "netplay_server"]),
    ("arena", &["bevy_netplay", "example_runner"]),
    ("platformer", &["bevy_netplay", "example_runner"]),
    ("physics", &["bevy_netplay", "example_runner"]),
    ("gallery", &["bevy_netplay", "example_runner", "platformer", "physics"]),
    ("baseline", &["arena"]),
];

/// What `netplay_core` must not know: sockets, clocks, tasks, the system's randomness and Bevy. Seeded generators are
/// fine.
const NOT_IN_CORE: [&str; 13] = [
    "async-trait",
    "axum",
    "bevy",
    "bevy_ggrs",
    "futures",
    "futures-timer",
    "getrandom",
    "ggrs",
    "matchbox_socket",
    "smol",
    "tokio",
    "uuid",
    "web-time",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    /// `None`: anywhere; an empty list: nowhere.
    publish: Option<Vec<String>>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None` of an ordinary one, otherwise `dev` or `build`.
    kind: Option<String>,
}

/// What each package of the workspace names in its manifest, apart from what only its tests use.
fn dependencies() -> BTreeMap<String, (bool, BTreeSet<String>)> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .output()
        .unwrap();
    let metadata: Metadata = serde_json::from_slice(&output.stdout).unwrap();
    let of = |package: Package| {
        let published = package.publish.is_none();
        let ordinary =
            package.dependencies.into_iter().filter(|it| it.kind.as_deref() != Some("dev"));
        (package.name, (published, ordinary.map(|it| it.name).collect()))
    };
    metadata.packages.into_iter().map(of).collect()
}

#[test]
fn arrows_go_down_only() {
    let all = dependencies();
    for (name, allowed) in PUBLISHED.into_iter().chain(EXAMPLES) {
        let (_, dependencies) = &all[name];
        for dependency in dependencies.iter().filter(|it| all.contains_key(*it)) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} depends on {dependency}, and may depend on {allowed:?}"
            );
        }
    }
}

#[test]
fn what_is_published_is_what_the_layers_name() {
    let published: BTreeSet<_> = dependencies()
        .into_iter()
        .filter_map(|(name, (published, _))| published.then_some(name))
        .collect();
    assert_eq!(published, PUBLISHED.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn the_core_knows_no_socket_clock_task_chance_or_engine() {
    let all = dependencies();
    let (_, core) = &all["netplay_core"];
    let found: Vec<_> = core.iter().filter(|it| NOT_IN_CORE.contains(&it.as_str())).collect();
    assert!(found.is_empty(), "netplay_core depends on {found:?}");
}
