//! The switch of the network that is emulated (feature `emulator`): it goes through the presets.

use bevy::prelude::*;
use netplay_core::emulator::{NetworkConditions, NetworkEmulation};

use super::buttons::{Action, Label};
use crate::{CurrentEmulation, CurrentRoom, NetplayConfig};

/// Emulates the next preset.
pub(super) fn switch(mut actions: MessageReader<Action>, mut config: ResMut<NetplayConfig>) {
    for _ in actions.read().filter(|action| **action == Action::SwitchNetwork) {
        config.emulate = next(config.emulate.as_ref());
    }
}

/// Says what is emulated in the room, or would be in one.
pub(super) fn write_label(
    (config, current): (Res<NetplayConfig>, Res<CurrentEmulation>),
    room: Res<CurrentRoom>,
    mut labels: Query<(&Label, &mut Text)>,
) {
    let emulation = if room.code.is_some() { &current.0 } else { &config.emulate };
    let name = name(emulation.as_ref());
    for (label, mut text) in &mut labels {
        // Compared without making the text.
        if *label == Label::Button(Action::SwitchNetwork)
            && text.0.strip_prefix(TITLE) != Some(name)
        {
            text.0 = format!("{TITLE}{name}");
        }
    }
}

const TITLE: &str = "net: ";

/// Which preset it is, and whether in both directions; none where it is something else.
fn preset(emulation: &NetworkEmulation) -> Option<(usize, bool)> {
    let is_both = emulation.incoming == emulation.outgoing;
    let is_preset = emulation.peers.is_empty() && (is_both || emulation.incoming.is_perfect());
    let presets = &NetworkConditions::PRESETS;
    let preset = presets.iter().position(|(_, preset)| *preset == emulation.outgoing)?;
    is_preset.then_some((preset, is_both))
}

fn name(emulation: Option<&NetworkEmulation>) -> &'static str {
    match emulation.map(preset) {
        None => NetworkConditions::PRESETS[0].0,
        Some(Some((preset, _))) => NetworkConditions::PRESETS[preset].0,
        Some(None) => "custom",
    }
}

/// The next preset: in both directions, unless another one was emulated in what this peer sends.
fn next(emulation: Option<&NetworkEmulation>) -> Option<NetworkEmulation> {
    let presets = &NetworkConditions::PRESETS;
    let (now, is_both) = match emulation.map(preset) {
        None => (0, true),
        Some(Some(preset)) => preset,
        // What the game has set is followed by a perfect network.
        Some(None) => return None,
    };
    let (_, conditions) = presets[(now + 1) % presets.len()].clone();
    match is_both {
        _ if conditions.is_perfect() => None,
        true => Some(NetworkEmulation::both(conditions)),
        false => Some(NetworkEmulation::outgoing(conditions)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of what follows, until it is perfect again.
    fn names(mut emulation: Option<NetworkEmulation>) -> Vec<&'static str> {
        let mut names = vec![name(emulation.as_ref())];
        loop {
            emulation = next(emulation.as_ref());
            names.push(name(emulation.as_ref()));
            if emulation.is_none() {
                return names;
            }
        }
    }

    #[test]
    fn it_goes_through_all_presets_and_back_to_a_perfect_network() {
        let expected = ["perfect", "wifi", "mobile", "intercontinental", "terrible", "perfect"];
        assert_eq!(names(None), expected);
        assert_eq!(next(None), Some(NetworkEmulation::both(NetworkConditions::wifi())));
    }

    #[test]
    fn the_direction_stays_and_what_is_no_preset_is_followed_by_a_perfect_network() {
        let mobile = NetworkEmulation::outgoing(NetworkConditions::mobile());
        let expected = NetworkEmulation::outgoing(NetworkConditions::intercontinental());
        assert_eq!(next(Some(&mobile)), Some(expected));
        let custom = NetworkEmulation::incoming(NetworkConditions::mobile());
        assert_eq!(names(Some(custom)), ["custom", "perfect"]);
    }
}
