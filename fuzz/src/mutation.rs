//! Mutations of inputs, for fuzzing without coverage.

use rand::RngExt;
use rand::seq::IndexedRandom;

use crate::Random;
use crate::examples::{self, NUMBERS};

/// The longest input that mutations make, in bytes: longer than any message may be.
pub const MAX_INPUT: usize = 160 * 1024;
/// What stands where a number is in a text.
const TEXT_NUMBERS: [&str; 10] =
    ["0", "-1", "1e999", "255", "65536", "4294967296", "18446744073709551616", "1.5", "-0", "00"];

/// Changes an input in a few places. `other` is another input, of which parts are taken.
pub fn mutate(random: &mut Random, input: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    for _ in 0..1 << random.random_range(0..4) {
        change(random, input, other, words);
        input.truncate(MAX_INPUT);
    }
}

fn change(random: &mut Random, input: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    let place = random.random_range(0..=input.len());
    match random.random_range(0..14) {
        0 | 1 => {
            if let Some(byte) = input.get_mut(place) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
        2 => {
            if let Some(byte) = input.get_mut(place) {
                *byte = random.random();
            }
        }
        3 => input.truncate(place),
        4 => drop(input.drain(part(random, input.len()))),
        5 => {
            let copied = input[part(random, input.len())].to_vec();
            insert(input, place, &copied);
        }
        6 => insert(input, place, &other[part(random, other.len())]),
        7 => {
            let new = examples::bytes(random, 40);
            insert(input, place, &new);
        }
        8 => overwrite(random, input, place),
        9 => insert_varint(random, input, place),
        10 => replace_number(random, input),
        11 => {
            // The same again, so many times that limits of numbers and sizes are reached.
            let copied = input[part(random, input.len())].to_vec();
            let most = if random.random_ratio(1, 16) { 4096 } else { 64 };
            let times = (random.random_range(1..most) / copied.len().max(1)).max(1);
            insert(input, place, &copied.repeat(times));
        }
        _ => {
            let word = words.choose(random).copied().unwrap_or("\0");
            insert(input, place, word.as_bytes());
        }
    }
}

/// A part of something of this length.
fn part(random: &mut Random, length: usize) -> std::ops::Range<usize> {
    let start = random.random_range(0..=length);
    let most = (length - start).min(if random.random_bool(0.8) { 16 } else { usize::MAX });
    start..start + random.random_range(0..=most)
}

fn insert(input: &mut Vec<u8>, place: usize, new: &[u8]) {
    input.splice(place..place, new.iter().copied());
}

/// Writes an integer of one of the usual sizes over what is there.
fn overwrite(random: &mut Random, input: &mut [u8], place: usize) {
    let number = *NUMBERS.choose(random).unwrap_or(&0);
    let number = number.wrapping_add(random.random_range(-2..=2)).to_le_bytes();
    let size = 1 << random.random_range(0..4);
    input[place..].iter_mut().zip(&number[..size]).for_each(|(old, new)| *old = *new);
}

/// Inserts an integer of variable length, as postcard and run-length encodings have them.
fn insert_varint(random: &mut Random, input: &mut Vec<u8>, place: usize) {
    let mut number = *NUMBERS.choose(random).unwrap_or(&0) as u64;
    let mut new = Vec::new();
    while number >= 0x80 {
        new.push(number as u8 | 0x80);
        number >>= 7;
    }
    new.push(number as u8);
    insert(input, place, &new);
}

/// Puts another number in the place of one in a text.
fn replace_number(random: &mut Random, input: &mut Vec<u8>) {
    let digit = |place: &usize| input[*place].is_ascii_digit();
    let starts: Vec<usize> = (0..input.len())
        .filter(digit)
        .filter(|place| *place == 0 || !input[place - 1].is_ascii_digit())
        .collect();
    let Some(start) = starts.choose(random).copied() else { return };
    let end = (start..input.len()).find(|place| !digit(place)).unwrap_or(input.len());
    let new = TEXT_NUMBERS.choose(random).copied().unwrap_or_default();
    input.splice(start..end, new.bytes());
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_seed_repeats_its_mutations() {
        let mutated = |seed| {
            let mut random = Random::seed_from_u64(seed);
            let mut input = b"{\"frame\":12,\"key\":\"00ff\"}".to_vec();
            for _ in 0..20 {
                mutate(&mut random, &mut input, b"another", &["word"]);
            }
            input
        };
        assert_eq!(mutated(1), mutated(1));
        assert_ne!(mutated(1), mutated(2));
    }

    #[test]
    fn mutations_of_nothing_and_of_the_longest_input_are_bounded() {
        let mut random = Random::seed_from_u64(0);
        for length in [0, 1, MAX_INPUT] {
            for _ in 0..200 {
                let mut input = vec![b'7'; length];
                mutate(&mut random, &mut input, &[], &[]);
                assert!(input.len() <= MAX_INPUT);
            }
        }
    }
}
