//! Replies in JSON.

use std::ops::Range;

use half::{bf16, f16};
use radiant_core::{Error, Tensor};

use super::{Form, Request, bytes};
use crate::json::{
    push_bf16, push_bool, push_f16, push_f32, push_f64, push_i64, push_string, push_u64,
};
use crate::tf::by_data;

/// What the names of outputs end in whose strings are bytes rather than text.
const BYTES_SUFFIX: &str = "_bytes";

/// Appends the reply to `request`: `{"predictions":[...]}` with one item a row, or
/// `{"outputs":...}`. With one output an item is its value, with several an object of them.
///
/// Floats have the fewest digits that read back as the same number of their type; `NaN`, `Infinity`
/// and `-Infinity` are bare. Strings of an output whose name ends in `_bytes`, and those that are no
/// UTF-8, are `{"b64":"..."}`.
///
/// # Errors
/// In the form of rows, an output has no axes or another number of rows than the one before it.
pub fn encode_json(out: &mut Vec<u8>, request: &Request, outputs: &[Tensor]) -> Result<(), Error> {
    match request.form {
        Form::Rows => {
            let n_rows = rows(outputs)?;
            out.extend_from_slice(br#"{"predictions":"#);
            match outputs {
                [only] => push_part(out, only, only.shape.dims(), 0..only.data.len()),
                _ => push_list(out, n_rows, |out, row| push_row(out, outputs, row)),
            }
        }
        Form::Columns => {
            out.extend_from_slice(br#"{"outputs":"#);
            match outputs {
                [only] => push_part(out, only, only.shape.dims(), 0..only.data.len()),
                _ => push_object(out, outputs, |out, tensor| {
                    push_part(out, tensor, tensor.shape.dims(), 0..tensor.data.len());
                }),
            }
        }
    }
    out.push(b'}');
    Ok(())
}

/// The number of rows that all outputs have.
fn rows(outputs: &[Tensor]) -> Result<usize, Error> {
    let mut n_rows = None;
    for Tensor { name, shape, .. } in outputs {
        let Some(&got) = shape.dims().first() else {
            return Err(Error::invalid_input(format!(
                "output `{name}`: expected rows, got a scalar; ask with `inputs` for columns"
            )));
        };
        let expected = *n_rows.get_or_insert(got);
        if got != expected {
            return Err(Error::invalid_input(format!(
                "output `{name}`: expected {expected} rows as in the outputs before, got {got}; ask \
                 with `inputs` for columns"
            )));
        }
    }
    Ok(n_rows.unwrap_or(0))
}

fn push_row(out: &mut Vec<u8>, outputs: &[Tensor], row: usize) {
    push_object(out, outputs, |out, tensor| {
        let dims = tensor.shape.dims().get(1..).unwrap_or_default();
        let len = dims.iter().product::<usize>();
        let start = row.saturating_mul(len);
        push_part(out, tensor, dims, start..start.saturating_add(len));
    });
}

/// Appends an object with an entry for each output.
fn push_object(out: &mut Vec<u8>, outputs: &[Tensor], push: impl Fn(&mut Vec<u8>, &Tensor)) {
    out.push(b'{');
    for (index, tensor) in outputs.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(out, &tensor.name);
        out.push(b':');
        push(out, tensor);
    }
    out.push(b'}');
}

fn push_list(out: &mut Vec<u8>, n: usize, push: impl Fn(&mut Vec<u8>, usize)) {
    out.push(b'[');
    for index in 0..n {
        if index > 0 {
            out.push(b',');
        }
        push(out, index);
    }
    out.push(b']');
}

/// Appends a part of a tensor's elements, which has the shape `dims`.
fn push_part(out: &mut Vec<u8>, tensor: &Tensor, dims: &[usize], part: Range<usize>) {
    by_data!(
        &tensor.data,
        values => push_nested(out, dims, values.get(part).unwrap_or_default(), &Print::print),
        strings => {
            let as_bytes = tensor.name.ends_with(BYTES_SUFFIX);
            let string = |index| strings.get(index).filter(|_| !strings.is_missing(index));
            let strings: Vec<Option<&[u8]>> = part.map(string).collect();
            push_nested(out, dims, &strings, &|string, out| match string {
                Some(string) => bytes::push(out, string, as_bytes),
                None => out.extend_from_slice(b"null"),
            });
        }
    );
}

/// Appends nested arrays. Recurses once for each axis.
fn push_nested<T: Copy>(
    out: &mut Vec<u8>,
    dims: &[usize],
    values: &[T],
    print: &impl Fn(T, &mut Vec<u8>),
) {
    match dims {
        [] => values.iter().for_each(|&value| print(value, out)),
        [_] => push_list(out, values.len(), |out, index| {
            values.get(index).iter().for_each(|&&value| print(value, out));
        }),
        [n, inner @ ..] => {
            let len = values.len().checked_div(*n).unwrap_or(0);
            push_list(out, *n, |out, index| {
                let start = index.saturating_mul(len);
                let part = values.get(start..start.saturating_add(len)).unwrap_or_default();
                push_nested(out, inner, part, print);
            });
        }
    }
}

/// An element that is spelt in JSON.
trait Print: Copy {
    fn print(self, out: &mut Vec<u8>);
}

macro_rules! print {
    ($($rust:ty => $push:ident),* $(,)?) => {$(
        impl Print for $rust {
            #[inline]
            fn print(self, out: &mut Vec<u8>) {
                $push(out, self.into());
            }
        }
    )*};
}

print! {
    bool => push_bool, u8 => push_u64, u16 => push_u64, u32 => push_u64, u64 => push_u64,
    i8 => push_i64, i16 => push_i64, i32 => push_i64, i64 => push_i64, f16 => push_f16,
    bf16 => push_bf16, f32 => push_f32, f64 => push_f64,
}
