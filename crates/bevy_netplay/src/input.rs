use std::fmt;
use std::marker::PhantomData;

use bevy::ecs::schedule::ScheduleLabel;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_ggrs::{LocalInputs, LocalPlayers, PlayerInputs};
use bytemuck::Pod;
use ggrs::PredictRepeatLast;
use netplay_protocol::PeerKey;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What one player presses in one frame: plain bytes, the same on every machine.
pub trait NetplayInput: Pod + Default + PartialEq + Send + Sync + 'static {}

impl<I: Pod + Default + PartialEq + Send + Sync + 'static> NetplayInput for I {}

/// The input of the local player. A system in [`ReadInputs`] writes it; it keeps its value until then.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct LocalInput<I: NetplayInput>(pub I);

/// Every player's input of the frame that is simulated, inside `RollbackUpdate`.
#[derive(SystemParam)]
pub struct Inputs<'w, I: NetplayInput> {
    inputs: Res<'w, PlayerInputs<NetplayGgrs<I>>>,
}

impl<I: NetplayInput> Inputs<'_, I> {
    /// The input of a player, counted from 0. A player that does not exist presses nothing.
    pub fn get(&self, player: usize) -> I {
        self.inputs.get(player).map(|(input, _)| input.0).unwrap_or_default()
    }
}

/// The ggrs types of a match: inputs are plain bytes, addresses are stable peer keys.
pub struct NetplayGgrs<I>(PhantomData<I>);

impl<I> fmt::Debug for NetplayGgrs<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NetplayGgrs")
    }
}

impl<I: NetplayInput> ggrs::Config for NetplayGgrs<I> {
    type Input = PodInput<I>;
    type InputPredictor = PredictRepeatLast;
    type State = u8;
    type Address = PeerKey;
}

/// An input as ggrs wants it: serialised as its bytes, always [`size_of::<I>()`](size_of) of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PodInput<I>(pub I);

impl<I: NetplayInput> Serialize for PodInput<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        // A tuple of bytes has no length prefix.
        let bytes = bytemuck::bytes_of(&self.0);
        let mut tuple = serializer.serialize_tuple(bytes.len())?;
        bytes.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}

impl<'de, I: NetplayInput> Deserialize<'de> for PodInput<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes<I>(PhantomData<I>);

        impl<'de, I: NetplayInput> Visitor<'de> for Bytes<I> {
            type Value = PodInput<I>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} bytes of input", size_of::<I>())
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut sequence: A,
            ) -> Result<Self::Value, A::Error> {
                let mut input = I::default();
                for (index, byte) in bytemuck::bytes_of_mut(&mut input).iter_mut().enumerate() {
                    *byte = sequence
                        .next_element()?
                        .ok_or_else(|| Error::invalid_length(index, &"more bytes of input"))?;
                }
                Ok(PodInput(input))
            }
        }

        deserializer.deserialize_tuple(size_of::<I>(), Bytes(PhantomData))
    }
}

/// The schedule in which a game writes [`LocalInput`]. It runs once before each new frame of a match, and
/// never for frames that are simulated again.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReadInputs;

/// Lets the game read its devices, then hands the input to ggrs.
pub(crate) fn read_inputs<I: NetplayInput>(world: &mut World) {
    world.run_schedule(ReadInputs);
    let input = PodInput(world.resource::<LocalInput<I>>().0);
    let players = &world.resource::<LocalPlayers>().0;
    let inputs = players.iter().map(|player| (*player, input)).collect();
    world.insert_resource(LocalInputs::<NetplayGgrs<I>>(inputs));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_travels_as_its_bytes_and_nothing_else() {
        let bytes = postcard::to_stdvec(&PodInput([1u8, 2, 3])).unwrap();
        assert_eq!(bytes, [1, 2, 3]);
        assert_eq!(postcard::from_bytes::<PodInput<[u8; 3]>>(&bytes).unwrap(), PodInput([1, 2, 3]));
        assert!(postcard::from_bytes::<PodInput<[u8; 3]>>(&[1, 2]).is_err());
    }
}
