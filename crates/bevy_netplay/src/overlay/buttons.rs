//! The keys and buttons of the overlay, and what they say.

use std::time::Duration;

use bevy::prelude::*;

use super::NetplayOverlay;
use crate::NetplayCommands;
use crate::messages::{ReportNotSaved, ReportSaved};

/// For how long is shown whether the report is saved.
const STATUS: Duration = Duration::from_secs(5);

/// What a button or key does, and that it was pressed.
#[derive(Component, Message, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Freeze,
    Save,
    /// The next preset of the network that is emulated.
    #[cfg(feature = "emulator")]
    SwitchNetwork,
    Close,
}

impl Action {
    #[cfg(feature = "emulator")]
    pub(super) const ALL: [Self; 4] = [Self::Freeze, Self::Save, Self::SwitchNetwork, Self::Close];
    #[cfg(not(feature = "emulator"))]
    pub(super) const ALL: [Self; 3] = [Self::Freeze, Self::Save, Self::Close];

    fn key(self, overlay: &NetplayOverlay) -> Option<KeyCode> {
        match self {
            Self::Freeze => overlay.freeze_key,
            Self::Save => overlay.save_key,
            #[cfg(feature = "emulator")]
            Self::SwitchNetwork => overlay.network_key,
            // It is looked at while the overlay is hidden, too.
            Self::Close => None,
        }
    }
}

/// A text about buttons.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Button(Action),
    /// Whether the report is saved.
    Status,
}

/// Shows and hides the overlay with its key.
pub(super) fn toggle(keys: Option<Res<ButtonInput<KeyCode>>>, mut overlay: ResMut<NetplayOverlay>) {
    if keys.is_some_and(|keys| overlay.key.is_some_and(|key| keys.just_pressed(key))) {
        overlay.visible ^= true;
    }
}

pub(super) fn read_keys(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    overlay: Res<NetplayOverlay>,
    mut actions: MessageWriter<Action>,
) {
    let Some(keys) = keys else { return };
    let is_pressed = |action: &Action| action.key(&overlay).is_some_and(|it| keys.just_pressed(it));
    actions.write_batch(Action::ALL.into_iter().filter(is_pressed));
}

pub(super) fn read_presses(
    buttons: Query<(&Interaction, &Action), Changed<Interaction>>,
    mut actions: MessageWriter<Action>,
) {
    let pressed = buttons.iter().filter(|(interaction, _)| **interaction == Interaction::Pressed);
    actions.write_batch(pressed.map(|(_, action)| *action));
}

pub(super) fn carry_out(
    mut actions: MessageReader<Action>,
    mut overlay: ResMut<NetplayOverlay>,
    mut commands: Commands,
) {
    for action in actions.read() {
        match action {
            Action::Freeze => overlay.frozen ^= true,
            Action::Save => commands.save_report(overlay.report.clone()),
            #[cfg(feature = "emulator")]
            Action::SwitchNetwork => {}
            Action::Close => overlay.visible = false,
        }
    }
}

/// Writes what the buttons do.
pub(super) fn write_labels(overlay: Res<NetplayOverlay>, mut labels: Query<(&Label, &mut Text)>) {
    for (label, mut text) in &mut labels {
        let wanted = match label {
            Label::Button(Action::Freeze) if overlay.frozen => "go on",
            Label::Button(Action::Freeze) => "freeze",
            Label::Button(Action::Save) => "save",
            Label::Button(Action::Close) => "close",
            #[cfg(feature = "emulator")]
            Label::Button(Action::SwitchNetwork) => continue,
            Label::Status => continue,
        };
        if text.0 != wanted {
            text.0 = wanted.to_owned();
        }
    }
}

/// Says for a while whether the report is saved.
pub(super) fn write_status(
    mut saved: MessageReader<ReportSaved>,
    mut not_saved: MessageReader<ReportNotSaved>,
    time: Res<Time<Real>>,
    mut labels: Query<(&Label, &mut Text)>,
    mut until: Local<Option<Duration>>,
) {
    let saved = saved.read().map(|report| format!("saved {}", report.files.join(", ")));
    let not_saved = not_saved.read().map(|report| format!("not saved: {}", report.reason));
    let status = match saved.chain(not_saved).last() {
        Some(status) => {
            *until = Some(time.elapsed() + STATUS);
            status
        }
        None if until.take_if(|until| *until <= time.elapsed()).is_some() => String::new(),
        None => return,
    };
    for (label, mut text) in &mut labels {
        if *label == Label::Status {
            text.0.clone_from(&status);
        }
    }
}
