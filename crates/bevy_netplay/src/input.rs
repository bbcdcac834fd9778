use std::fmt;
use std::marker::PhantomData;

use bevy::ecs::schedule::ScheduleLabel;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_ggrs::{LocalInputs, LocalPlayers, PlayerInputs, RollbackFrameCount};
use bytemuck::Pod;
use ggrs::PredictRepeatLast;
use netplay_protocol::PeerKey;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::session::Netplay;

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
    /// The input of a player, counted from 0. A player that does not exist, or is [gone](Self::is_gone),
    /// presses nothing.
    pub fn get(&self, player: usize) -> I {
        self.inputs.get(player).map(|(input, _)| input.input).unwrap_or_default()
    }

    /// Whether a player has been dropped from the match. It is so from the same frame on for everybody who
    /// plays on, and may decide what is simulated.
    pub fn is_gone(&self, player: usize) -> bool {
        self.inputs.get(player).is_some_and(|(input, _)| input.gone)
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
    type Input = SeatInput<I>;
    type InputPredictor = PredictRepeatLast;
    type State = u8;
    type Address = PeerKey;
}

/// The input of a seat as ggrs wants it: serialised as its bytes, always [`SeatInput::BYTES`] of them.
///
/// That a player is gone is part of its input: so it is rolled back to like any other change, and is so from
/// the same frame on for everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SeatInput<I> {
    /// What the player presses.
    pub input: I,
    /// The player has been dropped from the match.
    pub gone: bool,
}

impl<I> SeatInput<I> {
    /// The size of an input, in bytes.
    pub const BYTES: usize = size_of::<I>() + 1;
}

impl<I: NetplayInput> SeatInput<I> {
    /// The input with these bytes, if there are as many as there must be.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (gone, input) = bytes.split_last()?;
        let input = bytemuck::try_pod_read_unaligned(input).ok()?;
        Some(Self { input, gone: *gone != 0 })
    }
}

impl<I: NetplayInput> Serialize for SeatInput<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        // A tuple of bytes has no length prefix.
        let mut tuple = serializer.serialize_tuple(Self::BYTES)?;
        bytemuck::bytes_of(&self.input)
            .iter()
            .try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.serialize_element(&u8::from(self.gone))?;
        tuple.end()
    }
}

impl<'de, I: NetplayInput> Deserialize<'de> for SeatInput<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes<I>(PhantomData<I>);

        impl<'de, I: NetplayInput> Visitor<'de> for Bytes<I> {
            type Value = SeatInput<I>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} bytes of input", SeatInput::<I>::BYTES)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut sequence: A,
            ) -> Result<Self::Value, A::Error> {
                let mut next = |place| -> Result<u8, A::Error> {
                    let missing = || Error::invalid_length(place, &"more bytes of input");
                    sequence.next_element()?.ok_or_else(missing)
                };
                let mut input = I::default();
                for (place, byte) in bytemuck::bytes_of_mut(&mut input).iter_mut().enumerate() {
                    *byte = next(place)?;
                }
                Ok(SeatInput { input, gone: next(size_of::<I>())? != 0 })
            }
        }

        deserializer.deserialize_tuple(Self::BYTES, Bytes(PhantomData))
    }
}

/// The schedule in which a game writes [`LocalInput`]. It runs once before each new frame of a match, and
/// never for frames that are simulated again.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReadInputs;

/// Lets the game read its devices, then hands the input to ggrs. Of a match that is played again, the input is
/// known.
pub(crate) fn read_inputs<I: NetplayInput>(world: &mut World) {
    let frame = world.resource::<RollbackFrameCount>().0;
    let known = world.resource::<Netplay>().replayed(frame);
    let input = known.and_then(|bytes| SeatInput::from_bytes(&bytes)).unwrap_or_else(|| {
        world.run_schedule(ReadInputs);
        SeatInput { input: world.resource::<LocalInput<I>>().0, gone: false }
    });
    let players = &world.resource::<LocalPlayers>().0;
    let inputs = players.iter().map(|player| (*player, input)).collect();
    world.insert_resource(LocalInputs::<NetplayGgrs<I>>(inputs));
}

#[cfg(test)]
mod tests {
    use netplay_core::match_::disconnected_input;

    use super::*;

    #[test]
    fn an_input_travels_as_its_bytes_and_whether_the_player_is_gone() {
        let seat = SeatInput { input: [1u8, 2, 3], gone: false };
        let bytes = postcard::to_stdvec(&seat).unwrap();
        assert_eq!(bytes, [1, 2, 3, 0]);
        assert_eq!(postcard::from_bytes::<SeatInput<[u8; 3]>>(&bytes).unwrap(), seat);
        assert_eq!(SeatInput::from_bytes(&bytes), Some(seat));
        assert!(postcard::from_bytes::<SeatInput<[u8; 3]>>(&bytes[..3]).is_err());
        assert_eq!(SeatInput::<[u8; 3]>::from_bytes(&bytes[..3]), None);
        let gone = postcard::from_bytes::<SeatInput<[u8; 3]>>(&disconnected_input(4)).unwrap();
        assert_eq!(gone, SeatInput { input: [0; 3], gone: true });
    }
}
