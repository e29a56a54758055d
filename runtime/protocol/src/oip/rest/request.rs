//! Inference requests: one pass over the JSON, then over the bytes behind it.

use radiant_core::{Error, ErrorKind, Tensor, Value};

use super::fault::{Fault, other_kind};
use super::raw_request;
use crate::json::Cursor;
use crate::oip::{Form, Parameter, Request, RequestedOutput};
use crate::slots::Slots;
use crate::{Inputs, Limits};

/// How many parameters a request may have: each takes far more memory than text.
const PARAMETERS_MAX: usize = 4096;

/// Decodes an inference request. `inputs` are buffers to write into; afterwards they are the inputs
/// that are declared, in that order, with their names and types, or what came, in its order. Shapes
/// are not compared with those that are declared.
///
/// `head_bytes` tells how many bytes of `body` are JSON, the bytes of tensors being behind it: the
/// header `Inference-Header-Content-Length`. All are where it is `None`; with 0 the body is nothing
/// but the one input of the model.
///
/// A tensor whose `name` and `datatype` stand before its `data`, as all clients write them, costs one
/// pass and no allocation beyond what its buffer has. Unknown keys are passed over, and the last of
/// two equal keys counts.
///
/// # Errors
/// [`InvalidInput`](ErrorKind::InvalidInput): the body is not such a request, its inputs are not
/// those that are expected by name and type, or it exceeds a limit. [`Unsupported`](ErrorKind::Unsupported)
/// for shared memory. `request` and `inputs` are unspecified then.
#[expect(clippy::too_many_arguments, reason = "two for what came, two to read it by, two to fill")]
pub fn decode_json(
    body: &[u8],
    head_bytes: Option<usize>,
    expected: Inputs<'_>,
    limits: &Limits,
    request: &mut Request,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    request.clear();
    let (head, tail) = match head_bytes {
        None => (body, None),
        Some(0) => {
            request.form = Form::Rest { binary: true };
            return raw_request::decode(body, expected.specs(), limits, inputs);
        }
        Some(n_head) => {
            let split = body.split_at_checked(n_head);
            let (head, tail) = split.ok_or_else(|| head_too_long(n_head, body.len()))?;
            (head, Some(tail))
        }
    };
    let slots = Slots::new(expected, inputs);
    let mut reader = Reader { cursor: Cursor::new(head), head, all: tail, tail, limits, slots };
    reader.message(request).map_err(|fault| fault.into_error(head))?;
    if let Some([_, ..]) = reader.tail {
        return Err(left_over(&reader));
    }
    reader.slots.finish()
}

/// A request that is being read.
#[derive(Debug)]
pub(super) struct Reader<'a, 's, 'i> {
    pub(super) cursor: Cursor<'a>,
    /// The JSON.
    pub(super) head: &'a [u8],
    /// All that is behind the JSON; `None` where nothing may be.
    all: Option<&'a [u8]>,
    /// What is left of it.
    pub(super) tail: Option<&'a [u8]>,
    pub(super) limits: &'s Limits,
    pub(super) slots: Slots<'s, 'i>,
}

impl Reader<'_, '_, '_> {
    fn message(&mut self, request: &mut Request) -> Result<(), Fault> {
        if self.cursor.peek() != Some(b'{') {
            return Err(other_kind(&mut self.cursor, "request", "a JSON object"));
        }
        self.cursor.object_start()?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            match &*key {
                "id" => self.id(request)?,
                "parameters" => self.parameters(request)?,
                "inputs" => self.inputs()?,
                "outputs" => self.outputs(request)?,
                _ => _ = self.cursor.skip_value(self.limits)?,
            }
        }
        Ok(self.cursor.finish()?)
    }

    fn id(&mut self, request: &mut Request) -> Result<(), Fault> {
        request.id.clear();
        if self.cursor.peek() == Some(b'n') {
            self.cursor.skip_value(self.limits)?;
        } else {
            request.id.push_str(&self.text(|| "`id`".to_owned())?);
        }
        Ok(())
    }

    fn inputs(&mut self) -> Result<(), Fault> {
        self.slots.restart();
        self.tail = self.all;
        if !self.enter_list("`inputs`")? {
            return Ok(());
        }
        let mut index = 0;
        while self.cursor.next_item(index == 0)? {
            self.input(index)?;
            index = index.saturating_add(1);
        }
        Ok(())
    }

    /// Passes the `[` of a list; `false` for `null`, which is passed over.
    fn enter_list(&mut self, place: &str) -> Result<bool, Fault> {
        match self.cursor.peek() {
            Some(b'[') => self.cursor.array_start()?,
            Some(b'n') => {
                self.cursor.skip_value(self.limits)?;
                return Ok(false);
            }
            _ => return Err(other_kind(&mut self.cursor, place, "an array")),
        }
        Ok(true)
    }

    /// Passes the `{` of parameters; `false` for `null`, which is passed over.
    pub(super) fn enter_parameters(&mut self, place: &dyn Fn() -> String) -> Result<bool, Fault> {
        match self.cursor.peek() {
            Some(b'{') => self.cursor.object_start()?,
            Some(b'n') => {
                self.cursor.skip_value(self.limits)?;
                return Ok(false);
            }
            _ => return Err(other_kind(&mut self.cursor, &place(), "an object")),
        }
        Ok(true)
    }

    /// Reads the request's own parameters.
    fn parameters(&mut self, request: &mut Request) -> Result<(), Fault> {
        request.parameters.clear();
        request.form = Form::default();
        if !self.enter_parameters(&|| "`parameters`".to_owned())? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            if request.parameters.len() >= PARAMETERS_MAX {
                return Err(Error::invalid_input(format!(
                    "`parameters`: expected at most {PARAMETERS_MAX}, got more"
                ))
                .into());
            }
            if key == "binary_data_output" && self.cursor.peek() != Some(b'n') {
                let binary = self.boolean(&|| format!("`parameters.{key}`"))?;
                request.form = Form::Rest { binary };
                request.parameters.push((key.into_owned(), Parameter::Bool(binary)));
            } else if let Some(parameter) = parameter(&mut self.cursor, self.limits)? {
                request.parameters.push((key.into_owned(), parameter));
            }
        }
        Ok(())
    }

    fn boolean(&mut self, place: &dyn Fn() -> String) -> Result<bool, Fault> {
        if !matches!(self.cursor.peek(), Some(b't' | b'f')) {
            return Err(other_kind(&mut self.cursor, &place(), "a boolean"));
        }
        Ok(self.cursor.skip_value(self.limits)? == b"true")
    }

    fn outputs(&mut self, request: &mut Request) -> Result<(), Fault> {
        request.outputs.clear();
        if !self.enter_list("`outputs`")? {
            return Ok(());
        }
        while self.cursor.next_item(request.outputs.is_empty())? {
            let index = request.outputs.len();
            request.outputs.push(self.output(index)?);
        }
        Ok(())
    }

    fn output(&mut self, index: usize) -> Result<RequestedOutput, Fault> {
        if self.cursor.peek() != Some(b'{') {
            return Err(other_kind(&mut self.cursor, &format!("`outputs[{index}]`"), "an object"));
        }
        self.cursor.object_start()?;
        let (mut output, mut has_name, mut first) = (RequestedOutput::default(), false, true);
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            match &*key {
                "name" => {
                    output.name = self.text(|| format!("`outputs[{index}].name`"))?.into_owned();
                    has_name = true;
                }
                "parameters" => {
                    (output.binary, output.classes) = (None, 0);
                    self.output_parameters(index, &mut output)?;
                }
                _ => _ = self.cursor.skip_value(self.limits)?,
            }
        }
        if !has_name {
            return Err(Error::invalid_input(format!(
                "`outputs[{index}].name`: expected a value, got none"
            ))
            .into());
        }
        Ok(output)
    }

    fn output_parameters(
        &mut self,
        index: usize,
        output: &mut RequestedOutput,
    ) -> Result<(), Fault> {
        let place = || format!("`outputs[{index}].parameters`");
        if !self.enter_parameters(&place)? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            let is_null = self.cursor.peek() == Some(b'n');
            let place = || format!("`outputs[{index}].parameters.{key}`");
            match &*key {
                "binary_data" if !is_null => output.binary = Some(self.boolean(&place)?),
                "classification" if !is_null => output.classes = self.count(&place)?,
                "shared_memory_region" => return Err(shared_memory(&place).into()),
                _ => _ = self.cursor.skip_value(self.limits)?,
            }
        }
        Ok(())
    }
}

/// Reads a parameter; `None` for null, and for an array or an object, which are passed over.
fn parameter(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Option<Parameter>, Fault> {
    if matches!(cursor.peek(), Some(b'{' | b'[')) {
        cursor.skip_value(limits)?;
        return Ok(None);
    }
    Ok(match cursor.value(limits)? {
        Value::Bool(truth) => Some(Parameter::Bool(truth)),
        Value::Int(integer) => Some(Parameter::Int(integer)),
        Value::BigInt(digits) => Some(match digits.parse() {
            Ok(integer) => Parameter::Uint(integer),
            // Digits always are a float.
            Err(_) => Parameter::Float(digits.parse().unwrap_or(f64::NAN)),
        }),
        Value::Float(float) => Some(Parameter::Float(float)),
        Value::Text(text) => Some(Parameter::Text(text)),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    })
}

#[cold]
pub(super) fn shared_memory(place: &dyn Fn() -> String) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("{}: shared memory is not offered, send the data in the body", place()),
    )
}

#[cold]
fn head_too_long(n_head: usize, n_body: usize) -> Error {
    Error::invalid_input(format!(
        "inference header size should be in range (0, {n_body}), got {n_head}"
    ))
}

#[cold]
fn left_over(reader: &Reader<'_, '_, '_>) -> Error {
    let n_all = reader.all.unwrap_or_default().len();
    let n_left = reader.tail.unwrap_or_default().len();
    let n_claimed = n_all.saturating_sub(n_left);
    Error::invalid_input(format!(
        "expected {n_claimed} bytes of binary data behind the JSON, got {n_all}"
    ))
}
