//! Attention of operator sets 23 to 25: scaled products of queries and keys, a softmax, and sums of
//! values, with masks, a window, cached keys and values, and heads that share them.
//!
//! Scores of one head are in memory at a time, not those of all. The specification's function is
//! followed step by step; where it and its reference implementation disagree (what is exposed
//! before a soft cap), the model is refused.

use radiant_core::{DType, Error};
use radiant_kernels::Isa;
use radiant_kernels::matmul::{Matrix, Term};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Buffer, Inputs};

use super::attention_mask::{Bias, Window};
use super::number::{Real, reals};
use crate::op::{Built, NodeContext, Op, Outputs};

const MASK: usize = 3;
const PAST_KEY: usize = 4;
const PAST_VALUE: usize = 5;
const VALID: usize = 6;

/// What the fourth output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exposed {
    Nothing,
    Product,
    Capped,
    Biased,
    Softmax,
}

/// The attributes.
#[derive(Debug, Clone, Copy)]
struct Settings {
    /// The root of the factor of scores; `None` is one over the root of the size of a head.
    scale: Option<f64>,
    softcap: f64,
    window: Window,
    /// Heads of queries, and of keys and values, where they are no axis of their own.
    n_heads: Option<(usize, usize)>,
    exposed: Exposed,
}

/// The extents of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extents {
    /// Whether heads are side by side in the last axis, and no axis of their own.
    is_flat: bool,
    pub(super) n_batches: usize,
    pub(super) n_heads: usize,
    n_kv_heads: usize,
    pub(super) n_queries: usize,
    /// Keys that are cached, and all of them.
    pub(super) n_past: usize,
    pub(super) n_keys: usize,
    head_size: usize,
    value_size: usize,
}

/// The extents of a tensor of heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    n_batches: usize,
    n_heads: usize,
    length: usize,
    size: usize,
}

impl Block {
    fn of(inputs: Inputs<'_>, index: usize, n_heads: Option<usize>) -> Result<Self, Error> {
        let shape = inputs.view(index)?.shape;
        match (shape.dims(), n_heads) {
            (&[n_batches, found, length, size], _) if n_heads.is_none_or(|n| n == found) => {
                Ok(Self { n_batches, n_heads: found, length, size })
            }
            (&[n_batches, length, hidden], Some(n_heads)) if hidden % n_heads == 0 => {
                Ok(Self { n_batches, n_heads, length, size: hidden / n_heads })
            }
            _ => {
                let what = format!("input {index}: {shape} is no tensor of heads");
                Err(Error::model_failed(what))
            }
        }
    }
}

impl Extents {
    fn of(inputs: Inputs<'_>, settings: Settings) -> Result<Self, Error> {
        let query = Block::of(inputs, 0, settings.n_heads.map(|(query, _)| query))?;
        let key = Block::of(inputs, 1, settings.n_heads.map(|(_, key)| key))?;
        let value = Block::of(inputs, 2, settings.n_heads.map(|(_, key)| key))?;
        let ranks = [0, 1, 2].map(|index| inputs.view(index).map_or(0, |view| view.shape.rank()));
        let mut n_past = 0;
        let mut fits = ranks == [ranks[0]; 3] && Block { size: key.size, ..value } == key;
        if inputs.optional(PAST_KEY).is_some() {
            let past_key = Block::of(inputs, PAST_KEY, None)?;
            let past_value = Block::of(inputs, PAST_VALUE, None)?;
            n_past = past_key.length;
            fits &= Block { length: key.length, ..past_key } == key;
            fits &= Block { length: value.length, ..past_value } == value;
            fits &= past_value.length == n_past;
        }
        fits &= query.n_batches == key.n_batches && query.size == key.size;
        fits &= key.n_heads > 0 && query.n_heads % key.n_heads.max(1) == 0;
        let n_keys = n_past.checked_add(key.length).filter(|_| fits).ok_or_else(|| {
            let shapes: Vec<_> = (0..inputs.len())
                .filter_map(|index| inputs.optional(index))
                .map(|view| view.shape.to_string())
                .collect();
            Error::model_failed(format!("shapes {} do not fit each other", shapes.join(", ")))
        })?;
        Ok(Self {
            is_flat: ranks[0] == 3,
            n_batches: query.n_batches,
            n_heads: query.n_heads,
            n_kv_heads: key.n_heads,
            n_queries: query.length,
            n_past,
            n_keys,
            head_size: query.size,
            value_size: value.size,
        })
    }
}

/// Appends the rows of one head: `x` is of `length` positions, with heads as an axis or side by
/// side.
fn head<T: Copy>(
    x: &[T],
    (batch, head): (usize, usize),
    heads: Block,
    is_flat: bool,
    out: &mut Vec<T>,
) {
    let Block { n_heads, length, size, .. } = heads;
    if !is_flat {
        let first = (batch * n_heads + head) * length * size;
        return out.extend_from_slice(&x[first..][..length * size]);
    }
    for position in 0..length {
        let first = ((batch * length + position) * n_heads + head) * size;
        out.extend_from_slice(&x[first..][..size]);
    }
}

struct Attention<T> {
    settings: Settings,
    isa: Isa,
    element: std::marker::PhantomData<T>,
}

impl<T: Real + Term> Op for Attention<T> {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let extents = Extents::of(inputs, self.settings)?;
        let Extents { n_batches, n_heads, n_kv_heads, n_queries, n_keys, .. } = extents;
        let (head_size, value_size) = (extents.head_size, extents.value_size);
        let [y, keys, values, exposed, ..] = outputs.buffers else {
            return Err(Error::internal("expected four outputs"));
        };
        let keys = keys.reset::<T>(&[n_batches, n_kv_heads, n_keys, head_size])?;
        join(inputs, (1, PAST_KEY), (extents, head_size), keys)?;
        let values = values.reset::<T>(&[n_batches, n_kv_heads, n_keys, value_size])?;
        join(inputs, (2, PAST_VALUE), (extents, value_size), values)?;
        let y = if extents.is_flat {
            y.reset::<T>(&[n_batches, n_queries, n_heads * value_size])?
        } else {
            y.reset::<T>(&[n_batches, n_heads, n_queries, value_size])?
        };
        y.resize(n_batches * n_heads * n_queries * value_size, T::default());
        let exposes = self.settings.exposed != Exposed::Nothing;
        let exposed_heads = if exposes { n_heads } else { 0 };
        let exposed = exposed.reset::<T>(&[n_batches, exposed_heads, n_queries, n_keys])?;
        let bias = Bias::<T>::of(inputs, (MASK, VALID), self.settings.window, extents)?;
        let mut scratch = Scratch::<T>::default();
        let mut scores = Buffer::default();
        let scores = scores.reset::<T>(&[n_queries, n_keys])?;
        for at in 0..n_batches * n_heads {
            inputs.values.cancel.check()?;
            let (batch, head) = (at / n_heads, at % n_heads);
            let shared = batch * n_kv_heads + head / (n_heads / n_kv_heads);
            let keys = &keys[shared * n_keys * head_size..][..n_keys * head_size];
            self.scores(inputs, (batch, head), extents, (keys, &mut scratch, scores))?;
            self.weigh(scores, (batch, head), &bias, exposed);
            let values = &values[shared * n_keys * value_size..][..n_keys * value_size];
            scratch.result.clear();
            let matrix = Matrix { values, depth: n_keys, n_columns: value_size };
            product(self.isa, scores, (n_queries, matrix), &mut scratch.result);
            place(&scratch.result, (batch, head), extents, y);
        }
        Ok(())
    }
}

/// What is computed for one head, and kept for the next.
#[derive(Debug, Default)]
struct Scratch<T> {
    queries: Vec<T>,
    /// `[head_size, n_keys]`.
    keys: Vec<T>,
    result: Vec<T>,
}

/// Appends a product to `out`; extents may be zero.
fn product<T: Term>(isa: Isa, a: &[T], (n_rows, b): (usize, Matrix<'_, T>), out: &mut Vec<T>) {
    if n_rows == 0 || b.depth == 0 || b.n_columns == 0 {
        let start = out.len();
        return out.resize(start + n_rows * b.n_columns, T::default());
    }
    T::multiply(isa, a, b, out);
}

/// Writes what is cached and what is new, head by head.
fn join<T: Real>(
    inputs: Inputs<'_>,
    (new, past): (usize, usize),
    (extents, size): (Extents, usize),
    out: &mut Vec<T>,
) -> Result<(), Error> {
    let Extents { n_batches, n_kv_heads, n_past, n_keys, is_flat, .. } = extents;
    let x = inputs.slice::<T>(new)?;
    let cached = match inputs.optional(past) {
        Some(_) => inputs.slice::<T>(past)?,
        None => &[],
    };
    let heads = Block { n_batches, n_heads: n_kv_heads, length: n_keys - n_past, size };
    for at in 0..n_batches * n_kv_heads {
        out.extend_from_slice(&cached[at * n_past * size..][..n_past * size]);
        head(x, (at / n_kv_heads, at % n_kv_heads), heads, is_flat, out);
    }
    Ok(())
}

/// Puts the rows of one head into the result.
fn place<T: Copy>(rows: &[T], (batch, head): (usize, usize), extents: Extents, y: &mut [T]) {
    let Extents { n_heads, n_queries, value_size: size, is_flat, .. } = extents;
    if !is_flat {
        let first = (batch * n_heads + head) * n_queries * size;
        return y[first..][..n_queries * size].copy_from_slice(rows);
    }
    for position in 0..n_queries {
        let first = ((batch * n_queries + position) * n_heads + head) * size;
        y[first..][..size].copy_from_slice(&rows[position * size..][..size]);
    }
}

impl<T: Real + Term> Attention<T> {
    /// The scaled products of one head's queries and keys: `[n_queries, n_keys]`.
    fn scores(
        &self,
        inputs: Inputs<'_>,
        at: (usize, usize),
        extents: Extents,
        (keys, scratch, scores): (&[T], &mut Scratch<T>, &mut Vec<T>),
    ) -> Result<(), Error> {
        let Extents { n_batches, n_heads, n_queries, n_keys, head_size, is_flat, .. } = extents;
        let heads = Block { n_batches, n_heads, length: n_queries, size: head_size };
        scratch.queries.clear();
        head(inputs.slice::<T>(0)?, at, heads, is_flat, &mut scratch.queries);
        // Half of the factor at either side, so that nothing overflows before its time.
        let root = self.settings.scale.unwrap_or_else(|| (1.0 / (head_size as f64).sqrt()).sqrt());
        let root = T::from_f64(root);
        for x in &mut scratch.queries {
            *x = *x * root;
        }
        scratch.keys.clear();
        for feature in 0..head_size {
            let column = keys.iter().skip(feature).step_by(head_size);
            scratch.keys.extend(column.map(|&x| x * root));
        }
        scores.clear();
        let matrix = Matrix { values: &scratch.keys, depth: head_size, n_columns: n_keys };
        product(self.isa, &scratch.queries, (n_queries, matrix), scores);
        Ok(())
    }

    /// Makes scores of one head the weights of its values.
    fn weigh(
        &self,
        scores: &mut [T],
        (batch, head): (usize, usize),
        bias: &Bias<'_, T>,
        exposed: &mut Vec<T>,
    ) {
        let Settings { softcap, exposed: stage, .. } = self.settings;
        let mut expose = |at: Exposed, scores: &[T]| {
            if at == stage {
                exposed.extend_from_slice(scores);
            }
        };
        expose(Exposed::Product, scores);
        if softcap > 0.0 {
            let cap = T::from_f64(softcap);
            for x in scores.iter_mut() {
                *x = (*x / cap).tanh() * cap;
            }
        }
        expose(Exposed::Capped, scores);
        for (query, row) in scores.chunks_exact_mut(bias.n_keys().max(1)).enumerate() {
            let masked = bias.add(row, batch, head, query);
            expose(Exposed::Biased, row);
            if masked {
                row.fill(T::default());
            } else {
                soften(row);
            }
            expose(Exposed::Softmax, row);
        }
    }
}

/// A softmax; a row of minus infinity becomes zero.
fn soften<T: Real>(row: &mut [T]) {
    let max = row.iter().copied().fold(T::LOWEST, super::variadic::greatest);
    if max == T::LOWEST {
        return row.fill(T::default());
    }
    for x in row.iter_mut() {
        *x = (*x - max).exp();
    }
    let sum = row.iter().fold(T::default(), |sum, &x| sum + x);
    for x in row.iter_mut() {
        *x = *x / sum;
    }
}

/// Builds an Attention.
pub(super) fn attention(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let settings = settings(context)?;
    let dtype = context.fact(0)?.dtype;
    for index in [1, 2, PAST_KEY, PAST_VALUE] {
        if index < 3 || context.optional(index).is_some() {
            context.expect_dtype(index, dtype)?;
        }
    }
    if context.optional(MASK).is_some() {
        context.expect_dtypes(MASK, &[DType::Bool, dtype])?;
    }
    let has_past = context.optional(PAST_KEY).is_some();
    if has_past != context.optional(PAST_VALUE).is_some() {
        return Err(context.refuse("a cache of keys or values alone is not supported"));
    }
    if context.optional(VALID).is_some() {
        context.expect_dtype(VALID, DType::I64)?;
        if has_past {
            return Err(context.refuse("a cache inside and outside is not supported"));
        }
    }
    let isa = Isa::detect();
    let op = reals!(dtype, T => {
        Box::new(Attention::<T> { settings, isa, element: std::marker::PhantomData })
            as Box<dyn Op>
    });
    super::step(context, op, vec![Fact::of(dtype); 4])
}

fn settings(context: &NodeContext<'_>) -> Result<Settings, Unsupported> {
    let mut known = vec!["is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode"];
    known.extend(["scale", "softcap", "softmax_precision"]);
    if context.opset >= 25 {
        known.extend(["left_window_size", "right_window_size"]);
    }
    context.attributes(&known)?;
    let node = context.node;
    // Single precision is what is computed in at least.
    let precision = node.int("softmax_precision", 1)?;
    if !matches!(precision, 1 | 11) {
        return Err(context.refuse_value("softmax_precision", precision));
    }
    let bound = |name: &str| match node.int(name, -1)? {
        -1 => Ok(None),
        size => match usize::try_from(size) {
            Ok(size) => Ok(Some(size)),
            Err(_) => Err(context.refuse_value(name, size)),
        },
    };
    let count = |name: &str| match node.int(name, 0)? {
        n if n > 0 => Ok(usize::try_from(n).ok()),
        0 => Ok(None),
        n => Err(context.refuse_value(name, n)),
    };
    let scale = match node.attribute("scale") {
        None => None,
        Some(_) => Some(f64::from(node.float("scale", 0.0)?)),
    };
    if let Some(scale) = scale.filter(|scale| scale.is_nan() || *scale < 0.0) {
        return Err(context.refuse_value("scale", scale));
    }
    let softcap = f64::from(node.float("softcap", 0.0)?);
    let mode = node.int("qk_matmul_output_mode", 0)?;
    let exposed = match (node.output.get(3).is_some_and(|name| !name.is_empty()), mode) {
        (false, _) => Exposed::Nothing,
        (true, 0) if softcap <= 0.0 => Exposed::Product,
        (true, 1) => Exposed::Capped,
        (true, 2) => Exposed::Biased,
        (true, 3) => Exposed::Softmax,
        (true, mode) => return Err(context.refuse_value("qk_matmul_output_mode", mode)),
    };
    Ok(Settings {
        scale: scale.map(f64::sqrt),
        softcap,
        window: Window {
            is_causal: node.int("is_causal", 0)? != 0,
            before: bound("left_window_size")?,
            after: bound("right_window_size")?,
        },
        n_heads: count("q_num_heads")?.zip(count("kv_num_heads")?),
        exposed,
    })
}
