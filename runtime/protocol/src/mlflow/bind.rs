//! From the data of a request to the inputs of a model.

use std::sync::Arc;

use radiant_core::schema::{Column, Schema, Scoring};
use radiant_core::{DType, Error, Form, Payload, Signature, Tensor, TensorSpec, Value};

use super::enforce::{enforce, missing};
use super::{Data, Request, invalid, params};
use crate::seldon::numpy;
use crate::{Inputs, Limits, inputs};

/// Makes a model's inputs of a request: what its schema declares, in that order and of those types,
/// or what came where it has none, as the form of its signature wants it. Columns for a model that
/// takes one matrix are put side by side.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the request does not fit the schema, or
/// the model has no use for data of its form.
pub fn bind(
    request: Request,
    scoring: &Scoring,
    signature: &Signature,
    limits: &Limits,
) -> Result<Vec<Tensor>, Error> {
    if let (Some(params), Some(parameters)) = (&request.params, &scoring.parameters) {
        params::check(params, parameters)?;
    }
    let tensors = match &scoring.schema {
        Some(schema) => enforce(schema, request.data, limits)?,
        None => as_it_came(request.data, signature, limits)?,
    };
    placed(tensors, signature)
}

/// Makes a model's inputs of a table that came otherwise, over Seldon's protocol say. Columns with
/// names are those of the schema, in any order and perhaps with others, which are left out; without
/// names they are meant in its order. Their types are the model's to judge.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): a column that the schema requires is
/// missing, or the model has no use for them.
pub fn bind_table(
    mut tensors: Vec<Tensor>,
    schema: &Schema,
    signature: &Signature,
) -> Result<Vec<Tensor>, Error> {
    if let Schema::Columns(columns) = schema
        && schema.has_names()
        && tensors.iter().any(|tensor| !tensor.name.is_empty())
    {
        let has = |name: &str| tensors.iter().any(|tensor| *tensor.name == *name);
        let is_absent = |column: &&Column| column.required && !has(&column.name);
        let absent: Vec<&str> = columns.iter().filter(is_absent).map(|c| &*c.name).collect();
        if !absent.is_empty() {
            let extra: Vec<String> =
                tensors.iter().map(|tensor| format!("'{}'", tensor.name)).collect();
            return Err(missing(schema, &absent, &extra));
        }
        let mut place = |column: &Column| {
            let came = tensors.iter_mut().find(|tensor| tensor.name == column.name);
            came.map(std::mem::take)
        };
        tensors = columns.iter().filter_map(&mut place).collect();
    }
    placed(tensors, signature)
}

/// Puts tensors into the form that a model takes.
fn placed(mut tensors: Vec<Tensor>, signature: &Signature) -> Result<Vec<Tensor>, Error> {
    match (signature.form, &signature.inputs[..]) {
        (Form::Frame, _) if tensors.iter().all(|tensor| tensor.name.is_empty()) => {
            Inputs::from(signature).name_columns(&mut tensors)?;
            Ok(tensors)
        }
        (Form::Frame | Form::Matrix, _) => Ok(tensors),
        (Form::Tensors, [only]) => Ok(vec![one(tensors, only)?]),
        (Form::Tensors, specs) => by_name(&tensors, specs),
    }
}

/// The data of a model without a schema.
fn as_it_came(data: Data, signature: &Signature, limits: &Limits) -> Result<Vec<Tensor>, Error> {
    match data {
        Data::Frame(frame) => frame.tensors(),
        Data::Array(value @ Value::List(_)) => array(value, limits),
        Data::Array(other) => Err(useless(other.kind())),
        Data::ByName(arrays) | Data::Rows(arrays) => {
            let is_input = |name: &str| signature.inputs.iter().any(|spec| *spec.name == *name);
            if signature.form == Form::Matrix || !arrays.iter().any(|(name, _)| is_input(name)) {
                return Err(useless("arrays by name"));
            }
            let mut tensors = Vec::with_capacity(arrays.len());
            for (name, value) in arrays {
                let [tensor] = &mut array(value, limits)?[..] else {
                    return Err(invalid(format_args!(
                        "input `{name}`: expected values of one type"
                    )));
                };
                tensor.name = Arc::from(&*name);
                tensors.push(std::mem::take(tensor));
            }
            Ok(tensors)
        }
    }
}

fn array(value: Value, limits: &Limits) -> Result<Vec<Tensor>, Error> {
    match numpy::array(value, limits).map_err(invalid)? {
        Payload::Array(array) => Ok(vec![array]),
        Payload::Objects(objects) => numpy::table(&objects).map_err(invalid),
        Payload::Bytes(_) | Payload::Text(_) | Payload::Json(_) => Err(useless("no array")),
    }
}

#[cold]
fn useless(got: &str) -> Error {
    Error::invalid_input(format!(
        "Encountered an unexpected error while evaluating the model. Verify that the serialized \
         input is compatible with the model for inference: it takes a table or an array, got {got}"
    ))
}

/// The one input of a model, of which columns are put side by side.
fn one(mut tensors: Vec<Tensor>, spec: &TensorSpec) -> Result<Tensor, Error> {
    let is_column = |tensor: &Tensor| tensor.shape.rank() == 1;
    let tensor = match (&mut tensors[..], spec.dims.len()) {
        ([only], rank) if only.shape.rank() == rank => std::mem::take(only),
        (columns, 2) if !columns.is_empty() && columns.iter().all(is_column) => {
            let of_numbers = |column: &mut Tensor| {
                let name = Arc::clone(&column.name);
                numpy::cast(Payload::Array(std::mem::take(column)), DType::F64, &name)
            };
            let columns = columns.iter_mut().map(of_numbers).collect::<Result<Vec<_>, _>>()?;
            let uneven = || Error::invalid_input("expected as many rows in each column");
            inputs::stack(&columns).ok_or_else(uneven)?
        }
        (others, _) => {
            let got: Vec<String> =
                others.iter().map(|other| format!("{} {}", other.dtype(), other.shape)).collect();
            let got = got.join(", ");
            return Err(Error::invalid_input(format!(
                "expected `{}` {spec}, got {got}",
                spec.name
            )));
        }
    };
    fitted(tensor, spec)
}

/// The inputs of a model by name.
fn by_name(tensors: &[Tensor], specs: &[TensorSpec]) -> Result<Vec<Tensor>, Error> {
    let input = |spec: &TensorSpec| {
        let tensor = tensors.iter().find(|tensor| tensor.name == spec.name).ok_or_else(|| {
            Error::invalid_input(format!("input `{}` is missing: expected {spec}", spec.name))
        })?;
        let mut tensor = tensor.clone();
        if tensor.shape.rank() == 1 && spec.dims.len() == 2 && spec.dims.get(1) == Some(&Some(1)) {
            tensor.shape.push(1);
        }
        fitted(tensor, spec)
    };
    specs.iter().map(input).collect()
}

/// The tensor with the name and the type of an input.
fn fitted(tensor: Tensor, spec: &TensorSpec) -> Result<Tensor, Error> {
    let name = Arc::clone(&spec.name);
    let tensor = numpy::cast(Payload::Array(tensor), spec.dtype, &spec.name)?;
    Ok(Tensor { name, ..tensor })
}
