//! What a peer gives in a frame: the inputs of its players, which travel together.
//!
//! For ggrs and for the room, a peer is one player, whose input has those of all players of the peer in it. So they have one
//! input delay, and arrive, are predicted and are dropped together.

use std::array;
use std::marker::PhantomData;

use netplay_protocol::limits::MAX_LOCAL_PLAYERS;

use super::encoding::private::Sealed;
use super::{InputEncoding, NetplayInput};

/// The inputs of a peer's players in a frame, in their order; the default input of those that it does not bring.
pub trait PlayerInputs<I>: NetplayInput {
    /// How many players a peer brings at most.
    #[doc(hidden)]
    const MAX_PLAYERS: usize;

    /// The inputs that a function gives, by their place.
    #[doc(hidden)]
    fn from_players(input: impl FnMut(usize) -> I) -> Self;

    /// The input of a player.
    #[doc(hidden)]
    fn player(&self, place: usize) -> I;
}

/// The inputs of a peer that brings up to `L` players.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeerInput<I, const L: usize>([I; L]);

impl<I: Default, const L: usize> Default for PeerInput<I, L> {
    fn default() -> Self {
        Self(array::from_fn(|_| I::default()))
    }
}

impl<I: NetplayInput, const L: usize> PlayerInputs<I> for PeerInput<I, L> {
    const MAX_PLAYERS: usize = {
        assert!(L >= 1 && L <= MAX_LOCAL_PLAYERS as usize, "a peer brings 1 to 4 players");
        L
    };

    fn from_players(input: impl FnMut(usize) -> I) -> Self {
        Self(array::from_fn(input))
    }

    fn player(&self, place: usize) -> I {
        self.0.get(place).copied().unwrap_or_default()
    }
}

/// The inputs of a peer's players, each encoded by `E`, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct PerPlayer<E>(PhantomData<E>);

impl<E> Sealed for PerPlayer<E> {}

impl<I, E, const L: usize> InputEncoding<PeerInput<I, L>> for PerPlayer<E>
where
    I: NetplayInput,
    E: InputEncoding<I>,
{
    fn len() -> Option<usize> {
        Some(E::len()? * L)
    }

    fn write(input: &PeerInput<I, L>, bytes: &mut Vec<u8>) {
        input.0.iter().for_each(|input| E::write(input, bytes));
    }

    fn read(bytes: &[u8]) -> PeerInput<I, L> {
        // Whole inputs only.
        let len = E::len().unwrap_or_default().max(1);
        PeerInput(array::from_fn(|place| {
            bytes.get(place * len..(place + 1) * len).map_or_else(I::default, E::read)
        }))
    }

    fn is_same(input: &PeerInput<I, L>, other: &PeerInput<I, L>) -> bool {
        input.0.iter().zip(&other.0).all(|(input, other)| E::is_same(input, other))
    }

    fn as_sent(input: PeerInput<I, L>) -> PeerInput<I, L> {
        PeerInput(input.0.map(E::as_sent))
    }

    fn shape() -> String {
        match L {
            1 => E::shape(),
            players => format!("{players} times {}", E::shape()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{AsBytes, AsSerde};

    type Two = PeerInput<u16, 2>;

    #[test]
    fn the_inputs_of_a_peer_travel_one_after_the_other() {
        let inputs = Two::from_players(|place| place as u16 + 1);
        let mut bytes = Vec::new();
        PerPlayer::<AsBytes>::write(&inputs, &mut bytes);
        assert_eq!(bytes, [1, 0, 2, 0]);
        assert_eq!(<PerPlayer<AsBytes> as InputEncoding<Two>>::len(), Some(4));
        assert_eq!(<PerPlayer<AsBytes> as InputEncoding<Two>>::read(&bytes), inputs);
        assert_eq!((inputs.player(1), inputs.player(2)), (2, 0));
    }

    #[test]
    fn bytes_that_are_too_few_are_default_inputs() {
        let read = <PerPlayer<AsSerde> as InputEncoding<PeerInput<u8, 3>>>::read;
        assert_eq!(read(&[1, 2]), PeerInput([1, 2, 0]));
        assert_eq!(read(&[]), PeerInput::default());
    }

    #[test]
    fn peers_that_bring_one_player_agree_with_those_that_never_bring_more() {
        let shape = |one: String, two: String| (one, two);
        let (one, two) = shape(
            <PerPlayer<AsBytes> as InputEncoding<PeerInput<u16, 1>>>::shape(),
            <PerPlayer<AsBytes> as InputEncoding<Two>>::shape(),
        );
        assert_eq!(one, <AsBytes as InputEncoding<u16>>::shape());
        assert_ne!(one, two);
    }
}
