//! `ModelInferRequest` off the wire.
//!
//! The message is walked once for what stands beside the tensors and to count, then once more for
//! the inputs, with the raw contents alongside: no list of either is kept.

use radiant_core::{DType, Error, Shape, Tensor};
use smallvec::SmallVec;

use super::{ITEMS_MAX, field, parameters, typed};
use crate::oip::{Form, Parameter, Request, RequestedOutput, datatype, raw};
use crate::slots::{Slots, quoted};
use crate::wire::Fields;
use crate::{Inputs, Limits};

/// Decodes a `ModelInferRequest` into `request` and `inputs`, whose memory is used again. There
/// is one tensor for each input that is declared, in that order, or one for each input as it came.
/// Shapes are not compared with those that are declared.
///
/// # Errors
/// The message is not protobuf or exceeds a limit; an input is unknown, missing or there twice, has
/// another type than its spec or an unknown one, or its contents do not fill its shape; contents are
/// raw and typed, or in the field of another type. What `request` and `inputs` hold is of no use then.
///
/// # Cost
/// One copy of the tensors. Allocates for names, parameters and what is larger than last time only.
pub fn decode_proto(
    message: &[u8],
    expected: Inputs<'_>,
    limits: &Limits,
    request: &mut Request,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    request.clear();
    let counts = read_rest(message, request)?;
    if counts.raws > 0 && counts.raws != counts.inputs {
        let Counts { inputs, raws } = counts;
        return Err(Error::invalid_input(format!(
            "`raw_input_contents`: expected one entry for each input, {inputs} in all, got {raws}"
        )));
    }
    let mut bodies = Occurrences { fields: Fields::new(message), number: field::INPUTS };
    let mut raws = Occurrences { fields: Fields::new(message), number: field::RAW_INPUT_CONTENTS };
    let mut slots = Slots::new(expected, inputs);
    let mut is_typed = false;
    while let Some(body) = bodies.next()? {
        let raw = raws.next()?;
        let named = |error: Error| error.context(format_args!("input {}", label(body)));
        let input = Input::read(body, limits).map_err(named)?;
        is_typed |= input.has_contents;
        let slot = slots.take_typed(input.name, input.dtype, &input.shape)?;
        input.fill(raw, limits, slots.tensor(slot)).map_err(named)?;
    }
    slots.finish()?;
    request.form = if is_typed && counts.raws == 0 { Form::Typed } else { Form::Raw };
    Ok(())
}

/// How many of the repeated fields there are.
struct Counts {
    inputs: usize,
    raws: usize,
}

/// Reads what is neither the model nor a tensor.
fn read_rest(message: &[u8], request: &mut Request) -> Result<Counts, Error> {
    let mut counts = Counts { inputs: 0, raws: 0 };
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        match number {
            field::ID => {
                request.id.clear();
                request.id.push_str(content.text()?);
            }
            field::PARAMETERS => {
                let entry = content.bytes()?;
                if request.parameters.len() >= ITEMS_MAX {
                    return Err(too_many("parameters"));
                }
                if let Some(value) = parameters::value(entry)? {
                    request.parameters.push((parameters::key(entry)?.to_owned(), value));
                }
            }
            field::REQUESTED_OUTPUTS => {
                if request.outputs.len() >= ITEMS_MAX {
                    return Err(too_many("outputs"));
                }
                let body = content.bytes()?;
                let output = requested_output(body)
                    .map_err(|error| error.context(format_args!("output {}", label(body))))?;
                request.outputs.push(output);
            }
            field::INPUTS => counts.inputs = counts.inputs.saturating_add(1),
            field::RAW_INPUT_CONTENTS => counts.raws = counts.raws.saturating_add(1),
            _ => {}
        }
    }
    Ok(counts)
}

#[cold]
fn too_many(what: &str) -> Error {
    Error::invalid_input(format!("expected at most {ITEMS_MAX} {what}"))
}

/// Reads an `InferRequestedOutputTensor`. Whether it should be binary means nothing here.
fn requested_output(body: &[u8]) -> Result<RequestedOutput, Error> {
    let mut output = RequestedOutput::default();
    let mut fields = Fields::new(body);
    while let Some((number, content)) = fields.next()? {
        match number {
            field::NAME => content.text()?.clone_into(&mut output.name),
            field::OUTPUT_PARAMETERS => {
                let entry = content.bytes()?;
                let key = parameters::key(entry)?;
                parameters::check_not_shared(key)?;
                if key == "classification" {
                    output.classes = classes(parameters::value(entry)?.as_ref())?;
                }
            }
            _ => {}
        }
    }
    Ok(output)
}

fn classes(value: Option<&Parameter>) -> Result<usize, Error> {
    let n_classes = match value {
        Some(Parameter::Int(n)) => usize::try_from(*n).ok(),
        Some(Parameter::Uint(n)) => usize::try_from(*n).ok(),
        Some(Parameter::Bool(_) | Parameter::Float(_) | Parameter::Text(_)) | None => None,
    };
    let message = "`classification`: expected the number of classes, an `int64_param` of 0 or more";
    n_classes.ok_or_else(|| Error::invalid_input(message))
}

/// The contents of all fields of one number, which hold bytes.
struct Occurrences<'a> {
    fields: Fields<'a>,
    number: u32,
}

impl<'a> Occurrences<'a> {
    fn next(&mut self) -> Result<Option<&'a [u8]>, Error> {
        while let Some((number, content)) = self.fields.next()? {
            if number == self.number {
                return content.bytes().map(Some);
            }
        }
        Ok(None)
    }
}

/// An `InferInputTensor` apart from its contents.
struct Input<'a> {
    name: &'a str,
    dtype: DType,
    shape: Shape,
    /// Whether there are `contents`, even without an element.
    has_contents: bool,
    body: &'a [u8],
}

impl<'a> Input<'a> {
    fn read(body: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        let (mut name, mut datatype, mut has_contents) = ("", "", false);
        let mut dims = SmallVec::<[i64; 8]>::new();
        let mut fields = Fields::new(body);
        while let Some((number, content)) = fields.next()? {
            match number {
                field::NAME => name = content.text()?,
                field::DATATYPE => datatype = content.text()?,
                field::SHAPE => content.varints(|extent| {
                    if dims.len() >= limits.rank_max {
                        let rank_max = limits.rank_max;
                        let message = format!("expected at most {rank_max} axes in the shape");
                        return Err(Error::invalid_input(message));
                    }
                    dims.push(extent.cast_signed());
                    Ok(())
                })?,
                field::TENSOR_PARAMETERS => {
                    parameters::check_not_shared(parameters::key(content.bytes()?)?)?;
                }
                field::CONTENTS => {
                    content.bytes()?;
                    has_contents = true;
                }
                _ => {}
            }
        }
        let mut shape = Shape::default();
        for &extent in &dims {
            shape.push(usize::try_from(extent).map_err(|_| {
                Error::invalid_input(format!("expected extents of 0 or more, got shape {dims:?}"))
            })?);
        }
        let dtype = datatype::parse(datatype)?;
        Ok(Self { name, dtype, shape, has_contents, body })
    }

    /// Reads the contents into the tensor for this input.
    fn fill(self, raw: Option<&[u8]>, limits: &Limits, tensor: &mut Tensor) -> Result<(), Error> {
        let Input { dtype, shape, body, .. } = self;
        let n_elements = n_elements(&shape, limits)?;
        let typed = typed::filled(body)?;
        tensor.shape = shape;
        match raw {
            Some(_) if typed.is_some() => Err(Error::invalid_input(
                "expected either `contents` or `raw_input_contents`, got both",
            )),
            Some(raw) => raw::read(raw, dtype, n_elements, limits, &mut tensor.data),
            None => typed::read(body, typed, dtype, n_elements, &mut tensor.data),
        }
    }
}

/// The number of elements, within the limit. The extents beside one of 0 are bounded as well: models
/// may size something by the number of rows.
fn n_elements(shape: &Shape, limits: &Limits) -> Result<usize, Error> {
    let extents = shape.dims().iter().filter(|&&extent| extent > 0);
    let product = extents.into_iter().try_fold(1_usize, |n, &extent| n.checked_mul(extent));
    match (product, shape.n_elements()) {
        (Some(product), Ok(n_elements)) if product <= limits.elements_max => Ok(n_elements),
        _ => {
            let elements_max = limits.elements_max;
            Err(Error::invalid_input(format!(
                "expected at most {elements_max} elements, got shape {shape}"
            )))
        }
    }
}

/// The name of an input or an output as errors show it, as far as its bytes can be read.
#[cold]
fn label(body: &[u8]) -> String {
    let mut name = "";
    let mut fields = Fields::new(body);
    while let Ok(Some((number, content))) = fields.next() {
        if number == field::NAME {
            name = content.text().unwrap_or(name);
        }
    }
    quoted(name)
}
