//! Which messages can be sent to a peer: those of types that both know in the same version.

use netplay_protocol::MessageTypes;

use super::{MessageError, TypeMismatch};

/// What can be sent of the local types.
#[derive(Debug, Default)]
pub(super) struct Sendable {
    /// For each local type the longest message, or none if it cannot be sent. None before the peer has told its types.
    most: Option<Vec<Option<u32>>>,
}

impl Sendable {
    /// The peer has told its types. Returns those that are not the same.
    pub(super) fn set(&mut self, local: &MessageTypes, theirs: &MessageTypes) -> Vec<TypeMismatch> {
        let (mut most, mut mismatches) = (Vec::new(), Vec::new());
        for ours in local.iter() {
            let theirs = theirs.number(&ours.name).and_then(|number| theirs.get(number));
            let kind = (ours.version, ours.delivery);
            match theirs {
                Some(theirs) if (theirs.version, theirs.delivery) == kind => {
                    most.push(Some(ours.max_bytes.min(theirs.max_bytes)));
                }
                _ => {
                    most.push(None);
                    let peer = theirs.map(|theirs| (theirs.version, theirs.delivery));
                    mismatches.push(TypeMismatch { name: ours.name.clone(), local: kind, peer });
                }
            }
        }
        self.most = Some(most);
        mismatches
    }

    /// Whether the peer has told its types.
    pub(super) fn is_known(&self) -> bool {
        self.most.is_some()
    }

    /// The longest message of a type, as far as it is known.
    pub(super) fn max_bytes(&self, local: &MessageTypes, number: u8) -> Result<u32, MessageError> {
        let ours = local.get(number).ok_or(MessageError::NoSuchType)?.max_bytes;
        match &self.most {
            None => Ok(ours),
            Some(most) => {
                most.get(usize::from(number)).copied().flatten().ok_or(MessageError::NotKnown)
            }
        }
    }
}
