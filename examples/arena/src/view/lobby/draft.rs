//! The line that is being typed. While it is open, keys are letters and nothing else.

use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::chat::{self, MAX_CHARACTERS, Say};
use crate::lobby::may_start;

/// The line that is being typed.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Whether keys are typed into it.
    pub open: bool,
    /// What was typed. It is kept when the line is closed without being sent.
    pub text: String,
}

/// What a key does with the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Goes,
    Sent,
    Closed,
}

impl Draft {
    fn handle_key(&mut self, key: &Key, text: Option<&str>) -> Outcome {
        match key {
            Key::Escape => return Outcome::Closed,
            Key::Enter => return Outcome::Sent,
            Key::Backspace => drop(self.text.pop()),
            _ => {
                let room = MAX_CHARACTERS.saturating_sub(self.text.chars().count());
                let letters = text.unwrap_or_default().chars();
                self.text.extend(letters.filter(|letter| !letter.is_control()).take(room));
            }
        }
        Outcome::Goes
    }
}

/// Types, opens and closes the line. It runs before everything else that reads keys, and lets through only those that
/// are pressed while the line is closed. Keys are taken in their order: within one frame a line may be opened, typed
/// and closed, and the key after that be a key again.
pub(super) fn type_text(
    mut typed: MessageReader<KeyboardInput>,
    mut keys: ResMut<ButtonInput<KeyCode>>,
    mut draft: ResMut<Draft>,
    mut said: MessageWriter<Say>,
    lobby: Res<CurrentLobby>,
) {
    // In the lobby Enter starts the match, for the one who may.
    let enter_opens = !may_start(&lobby);
    let mut takes_keys = draft.open;
    let mut let_through = Vec::new();
    let mut closed_by = None;
    for key in typed.read() {
        let is_pressed = key.state == ButtonState::Pressed;
        if !draft.open {
            let opens = match key.key_code {
                KeyCode::KeyT => true,
                KeyCode::Enter => enter_opens,
                _ => false,
            };
            if is_pressed && opens && !key.repeat {
                draft.open = true;
                takes_keys = true;
            } else {
                let_through.push(key);
            }
        } else if is_pressed {
            match draft.handle_key(&key.logical_key, key.text.as_deref()) {
                Outcome::Goes => continue,
                Outcome::Sent => drop(said.write(Say(std::mem::take(&mut draft.text)))),
                Outcome::Closed => {}
            }
            draft.open = false;
            closed_by = Some(key.key_code);
        }
    }
    if !takes_keys {
        return;
    }
    keys.reset_all();
    if draft.open {
        return;
    }
    if let Some(key) = closed_by {
        // It is still held, so that its repetitions are not pressed again.
        keys.press(key);
        keys.clear();
    }
    for key in let_through {
        match key.state {
            ButtonState::Pressed => keys.press(key.key_code),
            ButtonState::Released => keys.release(key.key_code),
        }
    }
}

/// A match begins, or the room has ended: keys are keys again.
pub(super) fn close(mut draft: ResMut<Draft>) {
    if draft.open {
        draft.open = false;
    }
}

/// Where the line can be typed.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Draft>().add_systems(
        PreUpdate,
        (type_text.run_if(chat::is_open), close.run_if(not(chat::is_open)))
            .chain()
            .after(bevy::input::InputSystems)
            .before(NetplaySystems::Receive),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(text: &str) -> (Key, Option<&str>) {
        (Key::Character(text.into()), Some(text))
    }

    #[test]
    fn letters_are_typed_and_taken_back() {
        let mut draft = Draft { open: true, text: String::new() };
        for text in ["h", "í", "!"] {
            let (key, text) = letter(text);
            assert_eq!(draft.handle_key(&key, text), Outcome::Goes);
        }
        assert_eq!(draft.handle_key(&Key::Space, Some(" ")), Outcome::Goes);
        assert_eq!(draft.text, "hí! ");
        draft.handle_key(&Key::Backspace, Some("\u{8}"));
        draft.handle_key(&Key::Tab, Some("\t"));
        draft.handle_key(&Key::ArrowLeft, None);
        assert_eq!(draft.text, "hí!");
        assert_eq!(draft.handle_key(&Key::Enter, Some("\r")), Outcome::Sent);
        assert_eq!(draft.handle_key(&Key::Escape, None), Outcome::Closed);
        assert_eq!(draft.text, "hí!");
    }

    #[test]
    fn a_line_grows_no_longer_than_can_be_sent() {
        let mut draft = Draft { open: true, text: String::new() };
        for _ in 0..300 {
            let (key, text) = letter("xy");
            draft.handle_key(&key, text);
        }
        assert_eq!(draft.text.chars().count(), MAX_CHARACTERS);
    }

    /// An App that types, with what the run conditions read.
    fn app() -> App {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, bevy::state::app::StatesPlugin))
            .init_state::<NetplayState>()
            .init_resource::<CurrentLobby>()
            .init_resource::<crate::sim::Round>()
            .init_resource::<ButtonInput<KeyCode>>()
            .add_message::<KeyboardInput>()
            .add_message::<Say>()
            .add_plugins(plugin);
        app.world_mut().resource_mut::<NextState<NetplayState>>().set(NetplayState::Lobby);
        app.update();
        app
    }

    fn press(app: &mut App, key_code: KeyCode, logical_key: Key, text: Option<&str>) {
        hit(app, key_code, logical_key, text);
        app.update();
    }

    /// A key that is pressed before the next frame, after those that were pressed before.
    fn hit(app: &mut App, key_code: KeyCode, logical_key: Key, text: Option<&str>) {
        app.world_mut().resource_mut::<ButtonInput<KeyCode>>().press(key_code);
        app.world_mut().write_message(KeyboardInput {
            key_code,
            logical_key,
            state: ButtonState::Pressed,
            text: text.map(Into::into),
            repeat: false,
            window: Entity::PLACEHOLDER,
        });
    }

    #[test]
    fn while_the_line_is_open_keys_do_nothing_else() {
        let mut app = app();
        press(&mut app, KeyCode::KeyT, Key::Character("t".into()), Some("t"));
        assert_eq!(*app.world().resource::<Draft>(), Draft { open: true, text: String::new() });
        press(&mut app, KeyCode::Space, Key::Space, Some(" "));
        press(&mut app, KeyCode::KeyK, Key::Character("k".into()), Some("k"));
        let keys = app.world().resource::<ButtonInput<KeyCode>>();
        assert_eq!(keys.get_pressed().count() + keys.get_just_pressed().count(), 0);
        // The key that closes the line does not leave the room.
        press(&mut app, KeyCode::Escape, Key::Escape, None);
        let keys = app.world().resource::<ButtonInput<KeyCode>>();
        assert!(!keys.just_pressed(KeyCode::Escape));
        assert_eq!(*app.world().resource::<Draft>(), Draft { open: false, text: " k".into() });
        // What was typed is still there, and is sent.
        press(&mut app, KeyCode::Enter, Key::Enter, Some("\r"));
        press(&mut app, KeyCode::Enter, Key::Enter, Some("\r"));
        let said = app.world_mut().resource_mut::<Messages<Say>>().drain().collect::<Vec<_>>();
        assert_eq!(said, [Say(" k".into())]);
    }

    #[test]
    fn keys_within_one_frame_count_in_their_order() {
        let mut app = app();
        hit(&mut app, KeyCode::KeyK, Key::Character("k".into()), Some("k"));
        hit(&mut app, KeyCode::KeyT, Key::Character("t".into()), Some("t"));
        hit(&mut app, KeyCode::KeyL, Key::Character("l".into()), Some("l"));
        hit(&mut app, KeyCode::Escape, Key::Escape, None);
        hit(&mut app, KeyCode::Space, Key::Space, Some(" "));
        app.update();
        assert_eq!(*app.world().resource::<Draft>(), Draft { open: false, text: "l".into() });
        let keys = app.world().resource::<ButtonInput<KeyCode>>();
        for (key, is_pressed) in [
            (KeyCode::KeyK, true),
            (KeyCode::KeyT, false),
            (KeyCode::KeyL, false),
            (KeyCode::Escape, false),
            (KeyCode::Space, true),
        ] {
            assert_eq!(keys.just_pressed(key), is_pressed, "{key:?}");
        }
    }

    #[test]
    fn a_key_that_closes_the_line_and_is_held_is_not_pressed_again() {
        let mut app = app();
        press(&mut app, KeyCode::KeyT, Key::Character("t".into()), Some("t"));
        press(&mut app, KeyCode::Escape, Key::Escape, None);
        // What a window reports of a held key once more.
        app.world_mut().resource_mut::<ButtonInput<KeyCode>>().press(KeyCode::Escape);
        assert!(!app.world().resource::<ButtonInput<KeyCode>>().just_pressed(KeyCode::Escape));
    }

    #[test]
    fn nothing_is_typed_while_a_match_is_fought() {
        let mut app = app();
        press(&mut app, KeyCode::KeyT, Key::Character("t".into()), Some("t"));
        app.world_mut().resource_mut::<NextState<NetplayState>>().set(NetplayState::Playing);
        app.update();
        press(&mut app, KeyCode::Space, Key::Space, Some(" "));
        assert!(app.world().resource::<ButtonInput<KeyCode>>().pressed(KeyCode::Space));
        assert_eq!(*app.world().resource::<Draft>(), Draft::default());
    }
}
