//! Inputs that are several packets: of each the length and a byte that says what is done with it.

/// The most packets of one input.
const MAX_PACKETS: usize = 64;

/// One packet of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What is done with it.
    pub kind: u8,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Takes an input apart. Every input has some reading: a length that is too long ends with the input.
pub fn split(mut input: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let next = move || {
        let (&[kind, low, high], rest) = input.split_first_chunk()?;
        let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
        let (bytes, rest) = rest.split_at(length);
        input = rest;
        Some(Packet { kind, bytes })
    };
    std::iter::from_fn(next).take(MAX_PACKETS)
}

/// Appends a packet to an input.
pub fn push(input: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    input.push(kind);
    input.extend_from_slice(&length.to_le_bytes());
    input.extend_from_slice(&bytes[..usize::from(length)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pushed_is_split_again_and_a_cut_off_packet_is_shorter() {
        let mut input = Vec::new();
        push(&mut input, 7, b"one");
        push(&mut input, 8, b"");
        push(&mut input, 9, b"three");
        let packet = |kind, bytes| Packet { kind, bytes };
        let all = [packet(7, &b"one"[..]), packet(8, b""), packet(9, b"three")];
        assert_eq!(split(&input).collect::<Vec<_>>(), all);
        input.truncate(input.len() - 3);
        assert_eq!(split(&input).last(), Some(packet(9, b"th")));
    }
}
