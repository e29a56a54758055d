//! Edits of a file that know nothing of what is in it.

use crate::random::Random;

/// Changes some bytes; says how.
pub(crate) fn edit(bytes: &mut Vec<u8>, random: &mut Random) -> String {
    let at = random.below(bytes.len());
    let length = 1 + random.below(16);
    let end = at.saturating_add(length).min(bytes.len());
    match random.below(7) {
        0 => {
            bytes.truncate(at);
            format!("cut off at {at}")
        }
        1 => {
            drop(bytes.drain(at..end));
            format!("{at}..{end} taken out")
        }
        2 => {
            let again = bytes.get(at..end).unwrap_or_default().to_vec();
            drop(bytes.splice(at..at, again));
            format!("{at}..{end} twice")
        }
        3 => {
            let noise: Vec<u8> = (0..length).map(|_| byte(random)).collect();
            drop(bytes.splice(at..at, noise));
            format!("{length} bytes put in at {at}")
        }
        4 => {
            for byte_of in bytes.get_mut(at..end).unwrap_or_default() {
                *byte_of = byte(random);
            }
            format!("{at}..{end} other bytes")
        }
        _ => {
            let bit = random.below(8);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
            format!("bit {bit} of byte {at} flipped")
        }
    }
}

fn byte(random: &mut Random) -> u8 {
    let any = random.next().to_le_bytes()[0];
    random.of(&[any, 0, 1, 0x7f, 0x80, 0xff]).unwrap_or(any)
}
