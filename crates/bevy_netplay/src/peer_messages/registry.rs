//! [`PeerMessageApp`]: registering the types of messages.

use std::any::{TypeId, type_name};
use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;
use netplay_protocol::{MessageType, MessageTypes, PeerKey};

use super::{FromPeer, PeerMessage, PeerMessageOptions};
use crate::PlayerHandle;

/// Registers the types of messages that peers send each other.
pub trait PeerMessageApp {
    /// Registers a type of messages. Written with a [`PeerMessageWriter`](super::PeerMessageWriter), read as
    /// [`FromPeer`]. The order of calls does not matter; rooms that were joined before do not know the type.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_netplay::prelude::*;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Chat(String);
    ///
    /// fn say_hello(mut chat: PeerMessageWriter<Chat>) -> Result {
    ///     chat.write_to_all(&Chat("hello".into()))?;
    ///     Ok(())
    /// }
    ///
    /// fn show(mut chat: MessageReader<FromPeer<Chat>>) {
    ///     for FromPeer { player, message, .. } in chat.read() {
    ///         info!("{player:?} says {}", message.0);
    ///     }
    /// }
    ///
    /// App::new()
    ///     .add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
    ///     .add_peer_message::<Chat>(PeerMessageOptions::reliable("chat", 1).max_bytes(1024))
    ///     .add_systems(OnEnter(NetplayState::Lobby), say_hello)
    ///     .add_systems(Update, show);
    /// ```
    ///
    /// # Panics
    ///
    /// If the type is registered already, or the options are none: a name that another type has or that is too long, a
    /// limit out of its bounds, or more than 63 types.
    fn add_peer_message<T: PeerMessage>(&mut self, options: PeerMessageOptions) -> &mut Self;
}

impl PeerMessageApp for App {
    fn add_peer_message<T: PeerMessage>(&mut self, options: PeerMessageOptions) -> &mut Self {
        self.add_message::<FromPeer<T>>();
        let mut registry = self.world_mut().get_resource_or_init::<PeerMessageRegistry>();
        if let Err(problem) = registry.add::<T>(options.0) {
            panic!("{} cannot be registered as a message of peers: {problem}", type_name::<T>());
        }
        self
    }
}

/// What the names of messages begin with that bevy_netplay itself sends.
pub(super) const INTERNAL_PREFIX: &str = "netplay.";

/// Writes a message of a peer for the game to read. False if it is none of its type.
pub(super) type Dispatch = fn(&mut World, PeerKey, Option<PlayerHandle>, &[u8]) -> bool;

/// The types of messages, in the order of their names, which is that of their numbers.
#[derive(Resource, Default)]
pub(crate) struct PeerMessageRegistry {
    types: BTreeMap<String, Registered>,
    names: BTreeMap<TypeId, String>,
}

struct Registered {
    message_type: MessageType,
    dispatch: Dispatch,
}

impl PeerMessageRegistry {
    /// Adds what bevy_netplay itself sends: a game can neither write nor read it.
    pub(super) fn add_internal(&mut self, message_type: MessageType, dispatch: Dispatch) {
        let name = message_type.name.clone();
        self.types.insert(name, Registered { message_type, dispatch });
    }

    /// The number of what bevy_netplay itself sends, and what it is.
    pub(crate) fn find_named(&self, name: &str) -> Option<(u8, &MessageType)> {
        let number = self.types.keys().position(|it| it == name)?;
        Some((u8::try_from(number).ok()?, &self.types.get(name)?.message_type))
    }

    fn add<T: PeerMessage>(&mut self, message_type: MessageType) -> Result<(), String> {
        if message_type.name.starts_with(INTERNAL_PREFIX) {
            return Err(format!(
                "names that begin with {INTERNAL_PREFIX:?} are those of bevy_netplay"
            ));
        }
        let name = message_type.name.clone();
        if self.types.contains_key(&name) {
            return Err(format!("the name {name:?} is taken"));
        }
        if self.names.insert(TypeId::of::<T>(), name.clone()).is_some() {
            return Err("it is registered already".into());
        }
        self.types.insert(name, Registered { message_type, dispatch: dispatch::<T> });
        let types = self.types.values().map(|it| it.message_type.clone()).collect();
        MessageTypes::new(types).map(drop).map_err(|error| error.to_string())
    }

    /// What rooms are told of the types.
    pub(crate) fn types(&self) -> Arc<MessageTypes> {
        let types = self.types.values().map(|it| it.message_type.clone()).collect();
        // They were checked when they were added.
        Arc::new(MessageTypes::new(types).unwrap_or_default())
    }

    /// The number of a type and what it is.
    pub(super) fn find<T: PeerMessage>(&self) -> Option<(u8, &MessageType)> {
        let name = self.names.get(&TypeId::of::<T>())?;
        let number = self.types.keys().position(|it| it == name)?;
        Some((u8::try_from(number).ok()?, &self.types.get(name)?.message_type))
    }

    /// The name of the type with this number, and what writes its messages.
    pub(super) fn get(&self, number: u8) -> Option<(&str, Dispatch)> {
        let (name, registered) = self.types.iter().nth(number.into())?;
        Some((name, registered.dispatch))
    }
}

fn dispatch<T: PeerMessage>(
    world: &mut World,
    peer: PeerKey,
    player: Option<PlayerHandle>,
    bytes: &[u8],
) -> bool {
    // What follows the message is no part of it.
    let Ok((message, [])) = postcard::take_from_bytes::<T>(bytes) else { return false };
    world.write_message(FromPeer { peer, player, message });
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(names: &[&str]) -> App {
        let mut app = App::new();
        for name in names {
            match *name {
                "one" => app.add_peer_message::<u8>(PeerMessageOptions::reliable("one", 1)),
                "two" => app.add_peer_message::<String>(PeerMessageOptions::latest_only("two", 3)),
                _ => app.add_peer_message::<u16>(PeerMessageOptions::reliable(*name, 1)),
            };
        }
        app
    }

    #[test]
    fn numbers_do_not_depend_on_the_order_of_registration() {
        for names in [["one", "two"], ["two", "one"]] {
            let app = registered(&names);
            let registry = app.world().resource::<PeerMessageRegistry>();
            assert_eq!(registry.find::<u8>().map(|(number, _)| number), Some(0));
            assert_eq!(
                registry.find::<String>().map(|(number, it)| (number, it.version)),
                Some((1, 3))
            );
            assert_eq!(registry.get(1).map(|(name, _)| name), Some("two"));
            assert!(registry.find::<u16>().is_none() && registry.get(2).is_none());
            assert_eq!(registry.types().number("two"), Some(1));
        }
    }

    #[test]
    #[should_panic(expected = "is taken")]
    fn a_name_is_of_one_type_only() {
        registered(&["one"]).add_peer_message::<u16>(PeerMessageOptions::reliable("one", 2));
    }

    #[test]
    #[should_panic(expected = "it has 1 to 64 bytes")]
    fn a_type_has_a_name() {
        let _ = registered(&[""]);
    }

    #[test]
    #[should_panic(expected = "may not have 1025 bytes")]
    fn a_limit_has_bounds() {
        let options = PeerMessageOptions::latest_only("x", 1).max_bytes(1025);
        App::new().add_peer_message::<u8>(options);
    }
}
