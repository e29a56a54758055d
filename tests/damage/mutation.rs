//! Ways to break a file.

use crate::corpus::File;
use crate::random::Random;

/// Changes that one file gets at most.
const CHANGES_MAX: usize = 4;
/// Bytes that a piece has at most.
const PIECE_MAX: usize = 64;

/// The broken file of a number, and what it was made from. Each file has its turn.
pub(crate) fn mutated(files: &[File], seed: u64, index: u64) -> (String, Vec<u8>) {
    let n = files.len() as u64;
    let file = &files[usize::try_from(index % n).unwrap_or(0)];
    let mut random = Random::new(seed, index);
    let mut bytes = file.bytes.clone();
    for _ in 0..=random.below(CHANGES_MAX) {
        let other = &files[random.below(files.len())].bytes;
        change(&mut bytes, other, &mut random);
    }
    (file.name.clone(), bytes)
}

fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let len = bytes.len();
    let at = random.below(len);
    let piece = |from: &[u8], random: &mut Random| {
        let start = random.below(from.len());
        let end = from.len().min(start + 1 + random.below(PIECE_MAX));
        from.get(start..end).unwrap_or_default().to_vec()
    };
    match random.below(12) {
        0 => bytes.truncate(at),
        1..=3 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        4 | 5 => {
            // Lengths, signs, ends of numbers, opcodes and delimiters.
            const BYTES: [u8; 14] =
                [0, 1, 0x7f, 0x80, 0xff, b'9', b'-', b'.', b'(', b'[', b'}', b'"', b'e', b'\n'];
            if let Some(byte) = bytes.get_mut(at) {
                *byte = BYTES[random.below(BYTES.len())];
            }
        }
        6 => {
            // A number of eight bytes that is large, none, or below zero.
            const NUMBERS: [u64; 5] =
                [u64::MAX, 1 << 40, 0x7ff8_0000_0000_0000, 0x7ff0_0000_0000_0000, 1 << 63];
            let number = NUMBERS[random.below(NUMBERS.len())].to_le_bytes();
            let end = len.min(at + number.len());
            bytes[at..end].copy_from_slice(&number[..end - at]);
        }
        7 => {
            let again = piece(bytes, random);
            bytes.splice(at..at, again);
        }
        8 => {
            let end = len.min(at + 1 + random.below(PIECE_MAX));
            bytes.drain(at..end);
        }
        9 => {
            let foreign = piece(other, random);
            let end = len.min(at + foreign.len());
            bytes.splice(at..end, foreign);
        }
        10 => digit(bytes, at, random),
        _ => {
            // Two pieces change places.
            let (first, second) = (piece(bytes, random), random.below(len));
            let end = len.min(second + first.len());
            bytes.splice(second..end, first);
        }
    }
}

/// Changes a digit of a number that is written as text, or puts more behind it.
fn digit(bytes: &mut Vec<u8>, at: usize, random: &mut Random) {
    let found = bytes.iter().skip(at).position(u8::is_ascii_digit).map(|offset| at + offset);
    let Some(found) = found else { return };
    match random.below(3) {
        0 => bytes[found] = b'0' + u8::try_from(random.below(10)).unwrap_or(0),
        1 => drop(bytes.splice(found..found, *b"99999999")),
        _ => drop(bytes.splice(found..=found, *b"-1")),
    }
}
