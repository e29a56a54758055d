//! Edits of protobuf's wire format: lengths, numbers and keys of fields at any depth
//! (protobuf.dev, Encoding).

use crate::random::Random;

/// Messages inside messages that are looked into.
const DEPTH_MAX: usize = 16;

/// A field of a message.
#[derive(Debug, Clone)]
struct Field {
    key: u64,
    payload: Payload,
    /// A length that is not the payload's.
    lie: Option<u64>,
}

#[derive(Debug, Clone)]
enum Payload {
    Varint(u64),
    Fixed(Vec<u8>),
    Bytes(Vec<u8>),
    /// Bytes that read as a message.
    Message(Vec<Field>),
}

/// Changes one field; says how.
pub(crate) fn edit(bytes: &mut Vec<u8>, random: &mut Random) -> String {
    let Some(mut message) = message(bytes, 0) else { return "no message to change".to_owned() };
    let said = change(&mut message, random);
    *bytes = encode(&message);
    said
}

/// Changes a field of a message, or of one inside.
fn change(fields: &mut Vec<Field>, random: &mut Random) -> String {
    let n = fields.len();
    let (at, other) = (random.below(n), random.below(n));
    let Some(field) = fields.get_mut(at) else { return "a message without fields".to_owned() };
    let number = field.key >> 3;
    if let Payload::Message(inside) = &mut field.payload
        && !inside.is_empty()
        && !random.one_in(4)
    {
        return format!("{number}.{}", change(inside, random));
    }
    match random.below(6) {
        0 => {
            drop(fields.remove(at));
            format!("{number}: taken out")
        }
        1 => {
            let copies = 1 + random.below(3);
            let again = vec![field.clone(); copies];
            drop(fields.splice(at..at, again));
            format!("{number}: {copies} times more")
        }
        2 => {
            fields.swap(at, other);
            format!("{number}: swapped with another")
        }
        3 => {
            // Of the same form, so that what follows can still be read.
            let key = (1 + random.below(30) as u64) << 3 | field.key & 7;
            field.key = key;
            format!("{number}: is {}", key >> 3)
        }
        _ => value(field, random),
    }
}

fn value(field: &mut Field, random: &mut Random) -> String {
    let number = field.key >> 3;
    let odd = random.int().cast_unsigned();
    match &mut field.payload {
        Payload::Varint(value) => {
            *value = random.of(&[value.wrapping_add(1), value.wrapping_sub(1), odd]).unwrap_or(odd);
            format!("{number}: number {value}")
        }
        Payload::Fixed(bytes) => {
            bytes.fill(random.of(&[0, 0x7f, 0x80, 0xff]).unwrap_or(0));
            format!("{number}: bytes {bytes:?}")
        }
        Payload::Bytes(bytes) if !random.one_in(3) => {
            format!("{number}: {}", crate::bytes::edit(bytes, random))
        }
        Payload::Bytes(bytes) => {
            let near = [bytes.len() as u64 + 1, (bytes.len() as u64).saturating_sub(1), odd];
            field.lie = random.of(&near);
            format!("{number}: length {:?}", field.lie)
        }
        Payload::Message(_) => {
            field.lie = Some(odd);
            format!("{number}: length {odd}")
        }
    }
}

/// The fields of a message; `None` where the bytes do not read as one.
fn message(mut bytes: &[u8], depth: usize) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let payload = match key & 7 {
            0 => Payload::Varint(varint(&mut bytes)?),
            1 => Payload::Fixed(take(&mut bytes, 8)?.to_vec()),
            5 => Payload::Fixed(take(&mut bytes, 4)?.to_vec()),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let inside = take(&mut bytes, length)?;
                let fields = if depth < DEPTH_MAX { message(inside, depth + 1) } else { None };
                fields.map_or_else(|| Payload::Bytes(inside.to_vec()), Payload::Message)
            }
            _ => return None,
        };
        if key >> 3 == 0 {
            return None;
        }
        fields.push(Field { key, payload, lie: None });
    }
    Some(fields)
}

fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(n)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let length = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let parts = take(bytes, length + 1)?.iter().rev();
    Some(parts.fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f)))
}

fn encode(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        put(&mut bytes, field.key);
        let payload = match &field.payload {
            Payload::Varint(value) => {
                put(&mut bytes, *value);
                continue;
            }
            Payload::Fixed(payload) => {
                bytes.extend(payload);
                continue;
            }
            Payload::Bytes(payload) => payload.clone(),
            Payload::Message(fields) => encode(fields),
        };
        put(&mut bytes, field.lie.unwrap_or(payload.len() as u64));
        bytes.extend(payload);
    }
    bytes
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}
