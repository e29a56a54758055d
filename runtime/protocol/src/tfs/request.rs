//! Requests in JSON, for models that declare their inputs; others are in `untyped`.

use radiant_core::{Error, Tensor, TensorSpec};

use super::{Form, Request, bytes, rows, untyped};
use crate::json::{Cursor, SyntaxError};
use crate::slots::{Slots, listed};
use crate::{Inputs, Limits};

/// Decodes the body of a predict request into `request` and `inputs`, whose memory is used again.
///
/// There is one tensor for each input that is declared, in that order and with its type; shapes
/// are left to [`Signature::check`](radiant_core::Signature::check). The rows of `instances` are the
/// first axis. Others come in the order of the request and are typed as numpy types lists; one that
/// has no name in the request has none here. Of a table, `null` is a missing value, rows of objects
/// are its columns, and a list of rows is, too, if its columns have no common type. `signature_name`
/// is not checked, and keys that are not known are passed over.
///
/// # Errors
/// The body is not JSON; holds neither `instances` nor `inputs`, or both; has an input that the
/// model has not, or lacks one; has rows of different shapes; or an element is not of its type. After
/// an error `request` and `inputs` are unspecified.
pub fn decode_json(
    body: &[u8],
    expected: Inputs<'_>,
    limits: &Limits,
    request: &mut Request,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    request.clear();
    let mut reader = Reader { cursor: Cursor::new(body), body, limits };
    if reader.cursor.peek() != Some(b'{') {
        return Err(reader.misfit("an object with `instances` or `inputs`"));
    }
    reader.start(b'{')?;
    let (mut form, mut first) = (None, true);
    while let Some(key) = reader.key(&mut first)? {
        let found = match key.as_ref() {
            "signature_name" => {
                reader.signature_name(&mut request.signature_name)?;
                continue;
            }
            "instances" => Form::Rows,
            "inputs" => Form::Columns,
            _ => {
                reader.skip()?;
                continue;
            }
        };
        if form.replace(found).is_some() {
            let message = "expected either `instances` or `inputs`, and once, got more of them";
            return Err(Error::invalid_input(message));
        }
        match (found, expected) {
            (Form::Rows, Inputs::Declared(specs)) => reader.rows(specs, inputs),
            (Form::Columns, Inputs::Declared(specs)) => reader.columns(specs, inputs),
            (Form::Rows, _) => untyped::rows(&mut reader, expected, inputs),
            (Form::Columns, _) => untyped::columns(&mut reader, expected, inputs),
        }?;
    }
    reader.cursor.finish().map_err(|error| reader.not_json(error))?;
    request.form =
        form.ok_or_else(|| Error::invalid_input("expected `instances` or `inputs`, got neither"))?;
    Ok(())
}

/// A body that is being read.
pub(super) struct Reader<'r> {
    pub(super) cursor: Cursor<'r>,
    pub(super) body: &'r [u8],
    pub(super) limits: &'r Limits,
}

impl<'r> Reader<'r> {
    /// Passes the bracket that opens an array or object.
    pub(super) fn start(&mut self, bracket: u8) -> Result<(), Error> {
        let passed =
            if bracket == b'{' { self.cursor.object_start() } else { self.cursor.array_start() };
        passed.map_err(|error| self.not_json(error))
    }

    /// The key of the next entry, or `None` behind the last.
    pub(super) fn key(
        &mut self,
        first: &mut bool,
    ) -> Result<Option<std::borrow::Cow<'r, str>>, Error> {
        let key = self.cursor.next_key(std::mem::take(first));
        key.map_err(|error| self.not_json(error))
    }

    /// Whether there is another item, to which it passes.
    pub(super) fn item(&mut self, first: bool) -> Result<bool, Error> {
        self.cursor.next_item(first).map_err(|error| self.not_json(error))
    }

    fn skip(&mut self) -> Result<&'r [u8], Error> {
        self.cursor.skip_value(self.limits).map_err(|error| self.not_json(error))
    }

    fn signature_name(&mut self, name: &mut String) -> Result<(), Error> {
        match self.cursor.peek() {
            Some(b'n') => self.skip().map(|_| ()),
            Some(b'"') => {
                let text = self.cursor.string().map_err(|error| self.not_json(error))?;
                name.clear();
                name.push_str(&text);
                Ok(())
            }
            _ => Err(self.misfit("a string").context("`signature_name`")),
        }
    }

    /// Whether an object of named inputs stands here, and no bytes in base64.
    pub(super) fn is_named(&mut self) -> bool {
        self.cursor.peek() == Some(b'{') && !bytes::is_next(&self.cursor)
    }

    /// Checks that `instances` is an array with something in it, and tells whether its first item is
    /// an object of named inputs.
    pub(super) fn has_named_rows(&mut self) -> Result<bool, Error> {
        if self.cursor.peek() != Some(b'[') {
            return Err(self.misfit("an array").context("`instances`"));
        }
        let start = self.cursor.position();
        self.start(b'[')?;
        if !self.item(true)? {
            return Err(Error::invalid_input("`instances`: expected one or more, got none"));
        }
        let is_named = self.is_named();
        self.cursor.seek(start);
        Ok(is_named)
    }

    fn rows(&mut self, specs: &[TensorSpec], inputs: &mut Vec<Tensor>) -> Result<(), Error> {
        if self.has_named_rows()? {
            return rows::read(self, specs, inputs);
        }
        self.only("`instances`: expected objects", specs, inputs)
    }

    fn columns(&mut self, specs: &[TensorSpec], inputs: &mut Vec<Tensor>) -> Result<(), Error> {
        // An input may be called as the key of bytes is.
        let is_named = self.is_named()
            || (self.cursor.peek() == Some(b'{') && specs.iter().any(|spec| &*spec.name == "b64"));
        if !is_named {
            return self.only("`inputs`: expected an object", specs, inputs);
        }
        self.start(b'{')?;
        let mut slots = Slots::new(Inputs::Declared(specs), inputs);
        let mut first = true;
        while let Some(key) = self.key(&mut first)? {
            let slot = slots.take(&key)?;
            if let Some(spec) = slots.spec(slot) {
                self.tensor(spec, slots.tensor(slot))?;
            }
        }
        slots.finish()
    }

    /// Reads what stands here as the only input that the model has.
    fn only(
        &mut self,
        expected: &str,
        specs: &[TensorSpec],
        inputs: &mut Vec<Tensor>,
    ) -> Result<(), Error> {
        let [spec] = specs else {
            let listed = listed(specs);
            let message = format!("{expected} with the inputs {listed}, got a plain value");
            return Err(Error::invalid_input(message));
        };
        let mut slots = Slots::new(Inputs::Declared(specs), inputs);
        let slot = slots.take(&spec.name)?;
        self.tensor(spec, slots.tensor(slot))?;
        slots.finish()
    }

    fn tensor(&mut self, spec: &TensorSpec, tensor: &mut Tensor) -> Result<(), Error> {
        let Tensor { shape, data, .. } = tensor;
        bytes::tensor(&mut self.cursor, spec.dtype, self.limits, shape, data)
            .map_err(|error| error.into_error(format_args!("input `{}`", spec.name), self.body))
    }

    #[cold]
    pub(super) fn not_json(&self, error: SyntaxError) -> Error {
        Error::invalid_input(format!("request is not JSON: {}", error.describe(self.body)))
    }

    /// What stands here is not what is expected: as JSON it may be right.
    #[cold]
    pub(super) fn misfit(&mut self, expected: &str) -> Error {
        let got = match self.cursor.peek() {
            None => "nothing",
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            Some(b'0'..=b'9' | b'-') => "a number",
            Some(_) => "something that is not JSON",
        };
        Error::invalid_input(format!("expected {expected}, got {got}"))
    }
}
