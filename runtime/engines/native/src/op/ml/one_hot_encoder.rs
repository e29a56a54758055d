//! OneHotEncoder of `ai.onnx.ml`: a column a category.
//!
//! Floats are truncated towards zero. Where a category is there more than once, its last column
//! counts, as in onnxruntime 1.32.

use radiant_core::{DType, Element, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

use super::lookup::{Key, Table, find_numbers, find_texts, insert_search};

/// Rows of zeros with a one at a position; positions beyond the last column have none.
struct OneHot {
    n_categories: usize,
    /// Whether what is no category is a row of zeros, not an error.
    zeros: bool,
}

impl Op for OneHot {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let mut shape = inputs.view(0)?.shape.clone();
        shape.push(self.n_categories);
        let out = outputs.first().reset::<f32>(shape.dims())?;
        let positions = inputs.slice::<i64>(0)?;
        out.resize(positions.len() * self.n_categories, 0.0);
        for (at, (&position, row)) in
            positions.iter().zip(out.chunks_exact_mut(self.n_categories)).enumerate()
        {
            match usize::try_from(position).ok().and_then(|at| row.get_mut(at)) {
                Some(one) => *one = 1.0,
                None if self.zeros => {}
                None => return Err(unknown(at)),
            }
        }
        Ok(())
    }
}

#[cold]
fn unknown(at: usize) -> Error {
    Error::model_failed(format!("element {at}: expected a category of the model, got another"))
}

/// Floats to integers; what does not fit, or is no number, becomes `other`.
struct Truncate<T> {
    other: i64,
    integer: fn(T) -> Option<i64>,
}

impl<T: Element> Op for Truncate<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<i64>(inputs.view(0)?.shape.dims())?;
        let values = inputs.slice::<T>(0)?;
        out.extend(values.iter().map(|&value| (self.integer)(value).unwrap_or(self.other)));
        Ok(())
    }
}

/// The integer part of a number, if it is one that 64 bits hold.
fn integer(value: f64) -> Option<i64> {
    const LIMIT: f64 = -(i64::MIN as f64);
    #[expect(clippy::cast_possible_truncation, reason = "truncation is what the model asks for")]
    (-LIMIT..LIMIT).contains(&value).then_some(value as i64)
}

/// Builds a OneHotEncoder: the input's shape and one axis more, f32.
pub(super) fn one_hot_encoder(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["cats_int64s", "cats_strings", "zeros"])?;
    let (node, fact) = (context.node, context.fact(0)?.clone());
    let (ints, strings) = (node.ints("cats_int64s")?, node.strings("cats_strings")?);
    let zeros = node.int("zeros", 1)? != 0;
    let n_categories = match (ints.len(), strings.len()) {
        (n, 0) | (0, n) if n > 0 => n,
        _ => return Err(context.refuse("expected categories of one type")),
    };
    if (fact.dtype == DType::Bytes) == strings.is_empty() {
        let what = format!("categories of another type than input {fact} are not supported");
        return Err(context.refuse(what));
    }
    let search = if strings.is_empty() {
        truncate(context, ints)?;
        let table = Table::new(ints.iter().map(|number| number.bits()));
        let what = format!("input of type {} is not supported", fact.dtype);
        find_numbers(context.fact(0)?.dtype, table).ok_or_else(|| context.refuse(what))?
    } else {
        find_texts(Table::new(strings.iter().map(|text| text.as_bytes().into())))
    };
    insert_search(context, search)?;
    let dims = fact.dims.map(|mut dims| {
        dims.push(Some(n_categories));
        dims
    });
    Ok(Built::unary(OneHot { n_categories, zeros }, Fact { dtype: DType::F32, dims }))
}

/// Makes integers of an input of floats.
fn truncate(context: &mut NodeContext<'_>, categories: &[i64]) -> Result<(), Unsupported> {
    // An integer that is no category, for what is no integer.
    let mut candidates = (0..).take(categories.len() + 1);
    let other = candidates.find(|other| !categories.contains(other)).unwrap_or(i64::MIN);
    match context.fact(0)?.dtype {
        DType::F32 => {
            let integer = |value: f32| integer(value.into());
            insert_search(context, Box::new(Truncate { other, integer }))
        }
        DType::F64 => insert_search(context, Box::new(Truncate { other, integer })),
        _ => Ok(()),
    }
}
