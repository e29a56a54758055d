//! MurmurHash3 of `com.microsoft`: 32 bits of a string or of a number's bytes.
//!
//! The function is `MurmurHash3_x86_32`: <https://github.com/aappleby/smhasher/wiki/MurmurHash3>.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error};

use crate::Unsupported;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

use super::strings_of;

/// A number as the bytes that a little-endian machine has for it.
trait Bytes: Element {
    type Array: AsRef<[u8]>;
    fn bytes(self) -> Self::Array;
}

macro_rules! bytes {
    ($($type:ty),*) => {$(
        impl Bytes for $type {
            type Array = [u8; size_of::<$type>()];
            fn bytes(self) -> Self::Array {
                self.to_le_bytes()
            }
        }
    )*};
}

bytes!(i32, u32, i64, u64, f32, f64);

/// What a hash is written as.
#[derive(Debug, Clone, Copy)]
struct Hash {
    seed: u32,
    is_positive: bool,
}

impl Hash {
    fn run<T: AsRef<[u8]>>(
        self,
        keys: impl Iterator<Item = T>,
        dims: &[usize],
        mut outputs: Outputs<'_>,
    ) -> Result<(), Error> {
        let hashes = keys.map(|key| murmur(key.as_ref(), self.seed));
        if self.is_positive {
            outputs.first().reset::<u32>(dims)?.extend(hashes);
        } else {
            outputs.first().reset::<i32>(dims)?.extend(hashes.map(u32::cast_signed));
        }
        Ok(())
    }
}

struct HashTexts(Hash);

impl Op for HashTexts {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        self.0.run(strings_of(&inputs, 0)?.iter(), inputs.view(0)?.shape.dims(), outputs)
    }
}

struct HashNumbers<T>(Hash, PhantomData<T>);

impl<T: Bytes> Op for HashNumbers<T> {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let keys = inputs.slice::<T>(0)?.iter().map(|key| key.bytes());
        self.0.run(keys, inputs.view(0)?.shape.dims(), outputs)
    }
}

/// A part of a key, mixed.
fn scramble(part: u32) -> u32 {
    part.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

fn murmur(key: &[u8], seed: u32) -> u32 {
    let (blocks, tail) = key.as_chunks::<4>();
    let mut hash = blocks.iter().fold(seed, |hash, block| {
        let mixed = (hash ^ scramble(u32::from_le_bytes(*block))).rotate_left(13);
        mixed.wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let mut rest = [0; 4];
    rest.iter_mut().zip(tail).for_each(|(rest, byte)| *rest = *byte);
    #[expect(clippy::cast_possible_truncation, reason = "the length counts modulo 2^32")]
    let length = key.len() as u32;
    hash ^= scramble(u32::from_le_bytes(rest)) ^ length;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// Builds a MurmurHash3: unsigned or signed integers of 32 bits, of the input's shape.
pub(super) fn murmur_hash(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["positive", "seed"])?;
    let node = context.node;
    let seed = node.int("seed", 0)?;
    let seed = u32::try_from(seed).map_err(|_error| context.refuse_value("seed", seed))?;
    let is_positive = node.int("positive", 1)? == 1;
    let hash = Hash { seed, is_positive };
    let fact = context.fact(0)?;
    let op: Box<dyn Op> = match fact.dtype {
        DType::Bytes => Box::new(HashTexts(hash)),
        DType::I32 => Box::new(HashNumbers::<i32>(hash, PhantomData)),
        DType::U32 => Box::new(HashNumbers::<u32>(hash, PhantomData)),
        DType::I64 => Box::new(HashNumbers::<i64>(hash, PhantomData)),
        DType::U64 => Box::new(HashNumbers::<u64>(hash, PhantomData)),
        DType::F32 => Box::new(HashNumbers::<f32>(hash, PhantomData)),
        DType::F64 => Box::new(HashNumbers::<f64>(hash, PhantomData)),
        dtype => return Err(context.refuse(format!("input of type {dtype} is not supported"))),
    };
    let fact = fact.with_dtype(if is_positive { DType::U32 } else { DType::I32 });
    Ok(Built::Step { op, reads: vec![0], facts: vec![fact] })
}
