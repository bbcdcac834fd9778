//! Control messages that are longer than a packet.

use crate::control::{ControlError, ControlMessage};
use crate::limits::{MAX_FRAGMENTED_BYTES, SEAL_BYTES};

/// How many bytes of a message a fragment has, at most: what fits into a packet on every path, beside the variant, the
/// flag and the length.
const FRAGMENT_BYTES: usize = ControlMessage::MAX_BYTES - SEAL_BYTES - 8;

/// Puts the fragments that a peer sends together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragments {
    bytes: Vec<u8>,
}

impl ControlMessage {
    /// Encodes the message in as many packets as it takes. The receiver puts them together with [`Fragments`].
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the message is longer than [`MAX_FRAGMENTED_BYTES`].
    pub fn encode_fragments(&self) -> Result<Vec<Vec<u8>>, ControlError> {
        let bytes = postcard::to_stdvec(self).map_err(|_| ControlError(0))?;
        if bytes.len() <= FRAGMENT_BYTES {
            return Ok(vec![bytes]);
        }
        if bytes.len() > MAX_FRAGMENTED_BYTES {
            return Err(ControlError(bytes.len()));
        }
        let fragments = bytes.chunks(FRAGMENT_BYTES);
        let last = fragments.len() - 1;
        let fragment = |(place, part): (usize, &[u8])| {
            Self::Fragment { last: place == last, bytes: part.to_vec() }.encode()
        };
        fragments.enumerate().map(fragment).collect()
    }
}

impl Fragments {
    /// Takes a message of the peer, in the order in which the peer sent them. Returns it, or the message of which it is
    /// the last fragment.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the fragments are no message, or more than one may have. They are forgotten then.
    pub fn handle(
        &mut self,
        message: ControlMessage,
    ) -> Result<Option<ControlMessage>, ControlError> {
        let mut bytes = std::mem::take(&mut self.bytes);
        let ControlMessage::Fragment { last, bytes: part } = message else {
            return if bytes.is_empty() {
                Ok(Some(message))
            } else {
                Err(ControlError(bytes.len()))
            };
        };
        if part.is_empty() || bytes.len() + part.len() > MAX_FRAGMENTED_BYTES {
            return Err(ControlError(bytes.len() + part.len()));
        }
        bytes.extend_from_slice(&part);
        if !last {
            self.bytes = bytes;
            return Ok(None);
        }
        match ControlMessage::decode_checked(&bytes)? {
            ControlMessage::Fragment { .. } => Err(ControlError(bytes.len())),
            message => Ok(Some(message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DropProposal;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn proposal(bytes: usize) -> ControlMessage {
        ControlMessage::DropProposal(DropProposal {
            epoch: 1,
            player: 2,
            last_frame: 77,
            inputs: (0..bytes).map(|at| at as u8).collect(),
            statement: None,
            accusations: vec![],
            reason: "left".into(),
        })
    }

    #[test]
    fn a_long_message_comes_back_from_its_fragments_and_a_short_one_has_none() {
        for bytes in [0, 100, FRAGMENT_BYTES - 20, FRAGMENT_BYTES, 40_000, 110_000] {
            let message = proposal(bytes);
            let packets = message.encode_fragments().unwrap();
            assert_eq!(packets.len() > 1, bytes >= FRAGMENT_BYTES, "{bytes}");
            let mut fragments = Fragments::default();
            let received = packets.iter().map(|packet| {
                assert!(packet.len() <= ControlMessage::MAX_BYTES - SEAL_BYTES, "{bytes}");
                fragments.handle(ControlMessage::decode(packet).unwrap()).unwrap()
            });
            let received: Vec<_> = received.collect();
            let (last, before) = received.split_last().unwrap();
            assert_eq!(last.as_ref(), Some(&message));
            assert!(before.iter().all(Option::is_none));
        }
        assert!(proposal(MAX_FRAGMENTED_BYTES).encode_fragments().is_err());
    }

    #[test]
    fn fragments_that_are_no_message_are_refused_and_forgotten() {
        let fragment = |last, bytes: &[u8]| ControlMessage::Fragment { last, bytes: bytes.into() };
        let bye = ControlMessage::Bye { reason: "left".into() };
        let mut fragments = Fragments::default();
        let nested = fragment(true, &bye.encode().unwrap()).encode().unwrap();
        for refused in [fragment(true, &[]), fragment(true, &[99, 1]), fragment(true, &nested)] {
            assert!(fragments.handle(refused).is_err());
            assert_eq!(fragments, Fragments::default());
        }
        assert_eq!(fragments.handle(fragment(false, &[2])), Ok(None));
        assert!(fragments.handle(bye.clone()).is_err(), "in the middle of another one");
        assert_eq!(fragments.handle(bye.clone()), Ok(Some(bye)));
        let endless = fragment(false, &[0; 10_000]);
        let taken = (0..100).take_while(|_| fragments.handle(endless.clone()) == Ok(None)).count();
        assert_eq!(taken, MAX_FRAGMENTED_BYTES / 10_000);
        assert_eq!(fragments, Fragments::default());
    }
}
