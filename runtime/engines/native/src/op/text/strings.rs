//! StringConcat, StringSplit and RegexFullMatch.

use radiant_core::{DType, Error, Shape, Strings};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, broadcast};

use super::pattern::FullPattern;
use super::{strings_of, text};

/// Bytes of all strings that come out.
const BYTES_MAX: usize = 1 << 29;

/// Refuses to write more than a request is worth.
fn check_size(n_strings: usize, n_bytes: usize) -> Result<(), Error> {
    let got = n_strings.saturating_mul(size_of::<usize>()).saturating_add(n_bytes);
    if got <= BYTES_MAX {
        return Ok(());
    }
    Err(Error::model_failed(format!("expected strings of at most {BYTES_MAX} bytes, got {got}")))
}

/// Pairs of strings, broadcast, one after the other.
struct StringConcat;

impl Op for StringConcat {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (a_shape, b_shape) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
        let (a, b) = (strings_of(&inputs, 0)?, strings_of(&inputs, 1)?);
        let shape = broadcast::shape(&[a_shape, b_shape])?;
        // How often the strings of an operand are repeated.
        let n_strings = shape.n_elements().unwrap_or(usize::MAX);
        let n_bytes = |operand: &Strings| {
            let n_times = n_strings.checked_div(operand.len()).unwrap_or(0);
            operand.n_bytes().saturating_mul(n_times)
        };
        check_size(n_strings, n_bytes(a).saturating_add(n_bytes(b)))?;
        let out = outputs.first().reset_strings(shape.dims())?;
        concat(&shape, (a, a_shape), (b, b_shape), out);
        Ok(())
    }
}

fn concat(
    shape: &Shape,
    (a, a_shape): (&Strings, &Shape),
    (b, b_shape): (&Strings, &Shape),
    out: &mut Strings,
) {
    let dims = shape.dims();
    let (a_steps, b_steps) = (broadcast::strides(a_shape, dims), broadcast::strides(b_shape, dims));
    let (axis, n) = dims.split_last().map_or((0, 1), |(&n, outer)| (outer.len(), n));
    let mut joined = Vec::new();
    broadcast::runs(dims, [&a_steps, &b_steps], |[a_at, b_at]| {
        for at in 0..n {
            joined.clear();
            joined.extend_from_slice(a.get(a_at + at * a_steps[axis]).unwrap_or_default());
            joined.extend_from_slice(b.get(b_at + at * b_steps[axis]).unwrap_or_default());
            out.push(&joined);
        }
    });
}

/// Builds a StringConcat: strings of the inputs' broadcast shape.
pub(super) fn string_concat(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.expect_dtype(0, DType::Bytes)?;
    context.expect_dtype(1, DType::Bytes)?;
    let fact = Fact::broadcast(DType::Bytes, &[context.fact(0)?, context.fact(1)?]);
    Ok(Built::Step { op: Box::new(StringConcat), reads: vec![0, 1], facts: vec![fact] })
}

/// The parts of strings, and their numbers.
///
/// Without a delimiter, parts are what is between whitespace, as the specification says; in
/// onnxruntime 1.32 only spaces are.
struct StringSplit {
    delimiter: Option<Box<str>>,
    /// Places that a string is split at, at most.
    n_splits_max: usize,
}

impl StringSplit {
    /// Calls `part` with each part of a string.
    fn split<'a>(&self, text: &'a str, mut part: impl FnMut(&'a str)) {
        let Some(delimiter) = &self.delimiter else {
            let mut rest = text.trim();
            for _ in 0..self.n_splits_max {
                let Some((first, after)) = rest.split_once(char::is_whitespace) else { break };
                part(first);
                rest = after.trim_start();
            }
            if !rest.is_empty() {
                part(rest);
            }
            return;
        };
        if !text.is_empty() {
            text.splitn(self.n_splits_max.saturating_add(1), &**delimiter).for_each(part);
        }
    }
}

impl Op for StringSplit {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let (strings, shape) = (strings_of(&inputs, 0)?, inputs.view(0)?.shape);
        let [parts, numbers, ..] = outputs.buffers else {
            return Err(Error::internal("a split has two outputs"));
        };
        let numbers = numbers.reset::<i64>(shape.dims())?;
        let mut n_columns = 0;
        for string in strings.iter() {
            let mut n_parts = 0;
            self.split(text(string)?, |_part| n_parts += 1);
            n_columns = n_columns.max(n_parts);
            numbers.push(i64::try_from(n_parts).unwrap_or(i64::MAX));
        }
        check_size(strings.len().saturating_mul(n_columns), strings.n_bytes())?;
        let mut shape = shape.clone();
        shape.push(n_columns);
        let out = parts.reset_strings(shape.dims())?;
        for string in strings.iter() {
            let end = out.len() + n_columns;
            self.split(text(string)?, |part| out.push(part.as_bytes()));
            while out.len() < end {
                out.push(b"");
            }
        }
        Ok(())
    }
}

/// Builds a StringSplit: strings of the input's shape and one axis more, and integers of its shape.
pub(super) fn string_split(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["delimiter", "maxsplit"])?;
    context.expect_dtype(0, DType::Bytes)?;
    let node = context.node;
    let delimiter = node.string("delimiter")?.filter(|delimiter| !delimiter.is_empty());
    // A negative number is none.
    let n_splits_max = usize::try_from(node.int("maxsplit", -1)?).unwrap_or(usize::MAX);
    let fact = context.fact(0)?;
    let dims = fact.dims.clone().map(|mut dims| {
        dims.push(None);
        dims
    });
    let facts = vec![Fact { dtype: DType::Bytes, dims }, fact.with_dtype(DType::I64)];
    let op = StringSplit { delimiter: delimiter.map(Box::from), n_splits_max };
    Ok(Built::Step { op: Box::new(op), reads: vec![0], facts })
}

struct RegexFullMatch(FullPattern);

impl Op for RegexFullMatch {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<bool>(inputs.view(0)?.shape.dims())?;
        for string in strings_of(&inputs, 0)?.iter() {
            out.push(self.0.matches(text(string)?));
        }
        Ok(())
    }
}

/// Builds a RegexFullMatch: booleans of the input's shape.
pub(super) fn regex_full_match(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["pattern"])?;
    context.expect_dtype(0, DType::Bytes)?;
    let pattern = context.node.string("pattern")?.unwrap_or_default();
    let regex = FullPattern::new(pattern)
        .map_err(|error| context.refuse(format!("attribute `pattern`: `{pattern}`: {error}")))?;
    let fact = context.fact(0)?.with_dtype(DType::Bool);
    Ok(Built::unary(RegexFullMatch(regex), fact))
}
