//! Step 3: from what a request carries to the inputs of the engine's signature.

use radiant_core::{Error, Form, Map, Payload, Signature, Tensor, TensorSpec, Value};
use radiant_protocol::seldon::{self, numpy};
use radiant_protocol::{Inputs, Limits, mlflow};

use crate::node::Node;
use crate::work::Work;

/// Moves the request's payload into `work.inputs`, cast to the types that the model takes.
///
/// An array is the only input; several inputs come by name, as an object in `jsonData`. A table is
/// handed over as it came; columns by name are those of the model's MLflow signature, if it has one.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput) when the payload is of another kind, an
/// input is missing or unknown, or a number does not fit its type.
pub(crate) fn bind(node: &Node, work: &mut Work, limits: &Limits) -> Result<(), Error> {
    let Some((engine, _)) = node.engine() else {
        return Err(Error::internal("a component was given tensors"));
    };
    let signature = engine.signature();
    let Work { request, inputs, .. } = work;
    if let (Some(schema), Some(specs)) = (&node.scoring.schema, &node.frame) {
        let expected = Inputs::Table { form: Form::Frame, specs };
        seldon::table(request, expected, limits, inputs)?;
        *inputs = mlflow::bind_table(std::mem::take(inputs), schema, signature)?;
        return Ok(());
    }
    if signature.form != Form::Tensors {
        return seldon::table(request, signature.into(), limits, inputs);
    }
    if let [spec] = &signature.inputs[..] {
        if let Payload::Array(array) = &mut request.payload
            && array.dtype() == spec.dtype
        {
            // Swapped, not moved: the buffers of both go on being used.
            inputs.resize_with(1, Tensor::default);
            for input in inputs {
                std::mem::swap(input, array);
            }
            return Ok(());
        }
        if let Some(array) = as_array(&mut request.payload, limits)? {
            inputs.clear();
            inputs.push(numpy::cast(array, spec.dtype, &spec.name)?);
            return Ok(());
        }
    }
    let payload = std::mem::replace(&mut request.payload, Payload::Json(Value::Null));
    let Payload::Json(Value::Map(by_name)) = payload else {
        return Err(not_inputs(signature, &payload));
    };
    inputs.clear();
    bind_by_name(signature, by_name, inputs, limits)
}

/// The payload as an array, if it is one or a list.
fn as_array(payload: &mut Payload, limits: &Limits) -> Result<Option<Payload>, Error> {
    match payload {
        Payload::Array(_) | Payload::Objects(_) => {
            Ok(Some(std::mem::replace(payload, Payload::Json(Value::Null))))
        }
        Payload::Json(value @ Value::List(_)) => {
            numpy::array(std::mem::replace(value, Value::Null), limits).map(Some)
        }
        _ => Ok(None),
    }
}

fn bind_by_name(
    signature: &Signature,
    mut by_name: Map,
    inputs: &mut Vec<Tensor>,
    limits: &Limits,
) -> Result<(), Error> {
    for spec in &signature.inputs {
        let value = by_name.remove(&*spec.name).ok_or_else(|| {
            Error::invalid_input(format!(
                "jsonData: input `{}` is missing; expected {}",
                spec.name,
                listed(&signature.inputs)
            ))
        })?;
        let array = numpy::array(value, limits)
            .map_err(|error| error.context(format!("jsonData.{}", spec.name)))?;
        inputs.push(numpy::cast(array, spec.dtype, &spec.name)?);
    }
    match by_name.keys().next() {
        None => Ok(()),
        Some(unknown) => Err(Error::invalid_input(format!(
            "jsonData: the model has no input `{unknown}`; expected {}",
            listed(&signature.inputs)
        ))),
    }
}

fn not_inputs(signature: &Signature, payload: &Payload) -> Error {
    let got = match payload {
        Payload::Array(_) | Payload::Objects(_) => "one array (data)",
        Payload::Bytes(_) => "binData",
        Payload::Text(_) => "strData",
        Payload::Json(value) => value.kind(),
    };
    let expected = match &signature.inputs[..] {
        [only] => format!("an array (data or jsonData) for {}", listed(std::slice::from_ref(only))),
        several => format!("a jsonData object with the inputs {}", listed(several)),
    };
    Error::invalid_input(format!("expected {expected}; got {got}"))
}

/// `` `x` FP32 [-1, 4], `y` INT64 [-1] ``
fn listed(specs: &[TensorSpec]) -> String {
    let specs: Vec<_> = specs.iter().map(|spec| format!("`{}` {spec}", spec.name)).collect();
    specs.join(", ")
}
