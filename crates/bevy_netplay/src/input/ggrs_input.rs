//! The input as ggrs sees it, and the types of its session.

use std::fmt;
use std::marker::PhantomData;

use ggrs::InputPredictor;
use netplay_protocol::PeerKey;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{InputEncoding, NetplayInput, PeerInput, PerPlayer, PlayerInputs};

/// The types of a match: what an input is, how it travels and how it is predicted.
pub trait MatchTypes:
    ggrs::Config<
        Input = GgrsInput<Self::PeerInput, Self::PeerEncoding>,
        State = u8,
        Address = PeerKey,
    > + Send
    + Sync
{
    /// The input of the game.
    type Game: NetplayInput;
    /// How it is encoded.
    type Encoding: InputEncoding<Self::Game>;
    /// The inputs of all players of a peer.
    type PeerInput: PlayerInputs<Self::Game>;
    /// How they are encoded.
    type PeerEncoding: InputEncoding<Self::PeerInput>;
}

/// Marks a type that has none of these, and can be sent to other threads whatever they are.
pub(crate) type Types<I, E, P> = fn() -> (I, E, P);

/// The ggrs types of a match in which peers bring up to `L` players: addresses are stable peer keys.
pub struct NetplayGgrs<I, E, P, const L: usize = 1>(PhantomData<Types<I, E, P>>);

impl<I, E, P, const L: usize> fmt::Debug for NetplayGgrs<I, E, P, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NetplayGgrs")
    }
}

impl<I, E, P, const L: usize> ggrs::Config for NetplayGgrs<I, E, P, L>
where
    I: NetplayInput,
    E: InputEncoding<I>,
    P: InputPredictor<I> + 'static,
{
    type Input = GgrsInput<PeerInput<I, L>, PerPlayer<E>>;
    type InputPredictor = Predict<P>;
    type State = u8;
    type Address = PeerKey;
}

impl<I, E, P, const L: usize> MatchTypes for NetplayGgrs<I, E, P, L>
where
    I: NetplayInput,
    E: InputEncoding<I>,
    P: InputPredictor<I> + 'static,
{
    type Game = I;
    type Encoding = E;
    type PeerInput = PeerInput<I, L>;
    type PeerEncoding = PerPlayer<E>;
}

/// Predicts the input of each player by a predictor of the game, and that the peer stays as connected as it is.
#[derive(Debug)]
pub struct Predict<P>(PhantomData<fn() -> P>);

impl<I, E, P, const L: usize> InputPredictor<PlayersOf<I, E, L>> for Predict<P>
where
    I: NetplayInput,
    E: InputEncoding<I>,
    P: InputPredictor<I>,
{
    fn predict(previous: PlayersOf<I, E, L>) -> PlayersOf<I, E, L> {
        let predicted = |place| E::as_sent(P::predict(previous.input.player(place)));
        GgrsInput { input: PeerInput::from_players(predicted), ..previous }
    }
}

/// The inputs of the players of a peer, as ggrs wants them.
type PlayersOf<I, E, const L: usize> = GgrsInput<PeerInput<I, L>, PerPlayer<E>>;

/// The input of a peer as ggrs wants it: serialized always with as many bytes.
///
/// That a peer is disconnected is part of its input: so it rolls back like any other change of input, and is true
/// from the same frame on for every peer.
///
/// Two inputs are equal if their bytes are, whatever the type of the game says: a prediction is right only if it cannot
/// be told from what has arrived, as 0.0 can from -0.0.
pub struct GgrsInput<I, E> {
    /// The input.
    pub input: I,
    /// The peer has been dropped from the match.
    pub disconnected: bool,
    encoding: PhantomData<fn() -> E>,
}

impl<I: Copy, E> Copy for GgrsInput<I, E> {}

impl<I: Copy, E> Clone for GgrsInput<I, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I: NetplayInput, E: InputEncoding<I>> PartialEq for GgrsInput<I, E> {
    fn eq(&self, other: &Self) -> bool {
        self.disconnected == other.disconnected && E::is_same(&self.input, &other.input)
    }
}

impl<I: Default, E> Default for GgrsInput<I, E> {
    fn default() -> Self {
        Self::new(I::default())
    }
}

impl<I, E> GgrsInput<I, E> {
    /// The input of a peer that is connected.
    pub fn new(input: I) -> Self {
        Self { input, disconnected: false, encoding: PhantomData }
    }
}

impl<I: NetplayInput, E: InputEncoding<I>> GgrsInput<I, E> {
    /// How many bytes an input has: its encoding, and whether the player is disconnected.
    pub(crate) fn len() -> Option<usize> {
        Some(E::len()? + 1)
    }

    /// The bytes of the default input, if every input has as many.
    pub(crate) fn default_bytes() -> Option<Vec<u8>> {
        Self::len().map(|_| Self::default().to_bytes())
    }

    /// The bytes of the input.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        E::write(&self.input, &mut bytes);
        bytes.push(self.disconnected.into());
        bytes
    }

    /// The input with these bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        match bytes.split_last() {
            Some((disconnected, input)) => {
                Self { disconnected: *disconnected != 0, ..Self::new(E::read(input)) }
            }
            None => Self::default(),
        }
    }
}

impl<I: NetplayInput, E: InputEncoding<I>> Serialize for GgrsInput<I, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        let bytes = self.to_bytes();
        // A tuple of bytes has no length prefix.
        let mut tuple = serializer.serialize_tuple(bytes.len())?;
        bytes.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}

impl<'de, I: NetplayInput, E: InputEncoding<I>> Deserialize<'de> for GgrsInput<I, E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes(usize);

        impl<'de> Visitor<'de> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} bytes of input", self.0)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut sequence: A,
            ) -> Result<Vec<u8>, A::Error> {
                let mut bytes = Vec::with_capacity(self.0);
                while bytes.len() < self.0 {
                    let missing = || Error::invalid_length(bytes.len(), &self);
                    bytes.push(sequence.next_element()?.ok_or_else(missing)?);
                }
                Ok(bytes)
            }
        }

        let len = Self::len().unwrap_or_default();
        let bytes = deserializer.deserialize_tuple(len, Bytes(len))?;
        Ok(Self::from_bytes(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use ggrs::{PredictDefault, PredictRepeatLast};

    use super::*;
    use crate::input::{AsBytes, AsSerde};

    type Input = GgrsInput<[u8; 3], AsBytes>;

    /// What a player aims at, and what others need not know.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Aim {
        angle: u16,
        #[serde(skip)]
        cursor: u8,
    }

    #[test]
    fn an_input_travels_as_its_bytes_and_whether_the_player_is_disconnected() {
        let local = Input::new([1, 2, 3]);
        let bytes = postcard::to_stdvec(&local).unwrap();
        assert_eq!(bytes, [1, 2, 3, 0]);
        assert!(postcard::from_bytes::<Input>(&bytes).unwrap() == local);
        assert!(Input::from_bytes(&bytes) == local);
        assert!(postcard::from_bytes::<Input>(&bytes[..3]).is_err());
        let disconnected = postcard::from_bytes::<Input>(&[0, 0, 0, 1]).unwrap();
        assert!(disconnected == Input { disconnected: true, ..Input::default() });
    }

    #[test]
    fn what_a_game_predicts_is_the_input_and_not_whether_a_player_is_connected() {
        let default = PlayersOf::<u8, AsBytes, 2>::default();
        let gone =
            GgrsInput { disconnected: true, ..GgrsInput::new(PeerInput::from_players(|_| 5)) };
        let predicted = Predict::<PredictDefault>::predict(gone);
        assert!(predicted == GgrsInput { disconnected: true, ..default });
    }

    #[test]
    fn inputs_are_equal_if_their_bytes_are() {
        fn assert_bits_are_compared<E: InputEncoding<f32>>() {
            let input = GgrsInput::<f32, E>::new;
            assert!(input(0.0) == input(0.0) && input(f32::NAN) == input(f32::NAN));
            assert!(input(0.0) != input(-0.0));
        }
        assert_bits_are_compared::<AsBytes>();
        assert_bits_are_compared::<AsSerde>();
        let aim = |cursor| GgrsInput::<Aim, AsSerde>::new(Aim { angle: 7, cursor });
        assert!(aim(1) == aim(2));
    }

    #[test]
    fn what_is_not_sent_is_part_of_no_prediction() {
        let last = PeerInput::from_players(|place| Aim { angle: place as u16, cursor: 9 });
        let last = PlayersOf::<Aim, AsSerde, 2>::new(last);
        let predicted = Predict::<PredictRepeatLast>::predict(last);
        for place in [0, 1] {
            let sent = Aim { angle: place as u16, cursor: 0 };
            assert_eq!(predicted.input.player(place), sent);
            assert_eq!(AsSerde::as_sent(last.input.player(place)), sent);
        }
        assert_eq!(AsBytes::as_sent([1_u8, 2]), [1, 2]);
    }
}
