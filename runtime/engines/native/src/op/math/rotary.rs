//! RotaryEmbedding: pairs of features turned by the angle of their position.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::registers::Inputs;

use super::normalize::expect_like_first;
use super::number::{Real, reals};
use crate::op::{Built, NodeContext, Op, Outputs};

const POSITIONS: usize = 3;

struct Rotary<T> {
    /// Whether the features of a pair are neighbours, and not half of what is turned apart.
    is_interleaved: bool,
    /// Features of a head that are turned; 0 is all.
    size: usize,
    /// Heads side by side in the last axis; 0 where they are an axis of their own.
    n_heads: usize,
    element: std::marker::PhantomData<T>,
}

/// The extents of a run.
#[derive(Clone, Copy)]
struct Extents {
    n_batches: usize,
    n_heads: usize,
    length: usize,
    head_size: usize,
    is_flat: bool,
}

impl<T: Real> Op for Rotary<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let (n_heads, is_flat) = (self.n_heads, true);
        let extents = match *shape.dims() {
            [n_batches, length, hidden] if n_heads > 0 && hidden % n_heads == 0 => {
                Extents { n_batches, n_heads, length, head_size: hidden / n_heads, is_flat }
            }
            [n_batches, n_heads, length, head_size] => {
                Extents { n_batches, n_heads, length, head_size, is_flat: false }
            }
            _ => {
                let what = format!("expected [batches, positions, heads], got {shape}");
                return Err(Error::model_failed(what));
            }
        };
        let size = if self.size == 0 { extents.head_size } else { self.size };
        if size > extents.head_size || size % 2 != 0 {
            let what = format!("expected a size of even heads above {size}, got {shape}");
            return Err(Error::model_failed(what));
        }
        let angles = Angles::of(inputs, extents, size / 2)?;
        let out = outputs.first().reset::<T>(shape.dims())?;
        out.extend_from_slice(inputs.slice(0)?);
        for (at, head) in out.chunks_exact_mut(extents.head_size.max(1)).enumerate() {
            let Extents { n_heads, length, is_flat, .. } = extents;
            let batch = at / (n_heads * length);
            let position = if is_flat { at / n_heads % length } else { at % length };
            let (cos, sin) = angles.at(batch * length + position)?;
            self.turn(&mut head[..size], cos, sin);
        }
        Ok(())
    }
}

impl<T: Real> Rotary<T> {
    fn turn(&self, x: &mut [T], cos: &[T], sin: &[T]) {
        let half = x.len() / 2;
        for (at, (&cos, &sin)) in cos.iter().zip(sin).enumerate() {
            let (first, second) =
                if self.is_interleaved { (2 * at, 2 * at + 1) } else { (at, half + at) };
            let (real, imaginary) = (x[first], x[second]);
            x[first] = cos * real - sin * imaginary;
            x[second] = sin * real + cos * imaginary;
        }
    }
}

/// Cosines and sines: of each position of each batch, or of all that positions may name.
struct Angles<'a, T> {
    cos: &'a [T],
    sin: &'a [T],
    n_pairs: usize,
    positions: Option<&'a [i64]>,
}

impl<'a, T: Real> Angles<'a, T> {
    fn of(inputs: Inputs<'a>, extents: Extents, n_pairs: usize) -> Result<Self, Error> {
        let (cos, sin) = (inputs.view(1)?.shape, inputs.view(2)?.shape);
        let Extents { n_batches, length, .. } = extents;
        let positions = inputs.optional(POSITIONS);
        let fits = match positions {
            Some(view) => {
                view.shape.dims() == [n_batches, length]
                    && matches!(*cos.dims(), [_, found] if found == n_pairs)
            }
            None => cos.dims() == [n_batches, length, n_pairs],
        };
        if !fits || sin != cos {
            let what = format!("angles {cos} and {sin} do not fit the input");
            return Err(Error::model_failed(what));
        }
        let positions = positions.map(|_| inputs.slice::<i64>(POSITIONS)).transpose()?;
        Ok(Self { cos: inputs.slice(1)?, sin: inputs.slice(2)?, n_pairs, positions })
    }

    fn at(&self, index: usize) -> Result<(&'a [T], &'a [T]), Error> {
        let row = match self.positions {
            None => Some(index),
            Some(positions) => usize::try_from(positions[index]).ok(),
        };
        let n_pairs = self.n_pairs;
        let range = row.and_then(|row| {
            let start = row.checked_mul(n_pairs)?;
            Some(start..start.checked_add(n_pairs)?)
        });
        let found = range.and_then(|at| Some((self.cos.get(at.clone())?, self.sin.get(at)?)));
        found.ok_or_else(|| {
            let (n, got) = (self.cos.len() / n_pairs.max(1), self.positions.map(|p| p[index]));
            let got = got.unwrap_or_default();
            Error::model_failed(format!("expected a position below {n}, got {got}"))
        })
    }
}

/// Builds a RotaryEmbedding.
pub(super) fn rotary(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["interleaved", "num_heads", "rotary_embedding_dim"])?;
    let node = context.node;
    let count = |name: &str| {
        let value = node.int(name, 0)?;
        usize::try_from(value).map_err(|_| context.refuse_value(name, value))
    };
    let (n_heads, size) = (count("num_heads")?, count("rotary_embedding_dim")?);
    let is_interleaved = node.int("interleaved", 0)? != 0;
    let dtype = expect_like_first(context, 1..3)?;
    if context.optional(POSITIONS).is_some() {
        context.expect_dtype(POSITIONS, DType::I64)?;
    }
    let fact = context.fact(0)?.clone();
    let op = reals!(dtype, T => {
        let element = std::marker::PhantomData;
        Box::new(Rotary::<T> { is_interleaved, size, n_heads, element }) as Box<dyn Op>
    });
    super::step(context, op, vec![fact])
}
