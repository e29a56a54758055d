//! Requests: one pass over the bytes for numbers, a second look for everything else.

use bytes::Bytes;
use radiant_core::{DType, Error, Payload, Value};

use super::data::{self, Data};
use super::{Kind, Meta, Request, binary, numpy};
use crate::Limits;
use crate::json::{Cursor, Scan, SyntaxError};

/// Decodes a request message. Of several payloads, `data` goes before `jsonData`, `strData` and
/// `binData`; unknown keys are passed over, and the last of two equal keys counts.
///
/// `want` is the element type of a model with a single numeric input: with F32 or F64, arrays of
/// numbers have that type afterwards, whatever numpy would have given them; other arrays are left
/// as they came. Plain numbers cost one pass and no allocation beyond what `into` has; afterwards
/// `into` holds nothing of what it held before.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the body is not JSON, no object, has no
/// payload, or exceeds a limit. `into` is unspecified then.
pub fn decode_request(
    body: &[u8],
    want: Option<DType>,
    limits: &Limits,
    into: &mut Request,
) -> Result<(), Error> {
    let mut reader = Reader { cursor: Cursor::new(body), limits, want };
    let read = reader.message(into).and_then(|()| Ok(reader.cursor.finish()?));
    read.map_err(|fault| fault.into_error(body))
}

/// Decodes a request message that was put together from parts, such as the fields of a form.
///
/// # Errors
/// As [`decode_request`].
pub fn decode_value(
    message: &Value,
    want: Option<DType>,
    limits: &Limits,
    into: &mut Request,
) -> Result<(), Error> {
    let Value::Map(fields) = message else { return Err(no_object(message.kind())) };
    into.meta.clear();
    if let Some(data) = fields.get("data") {
        data::decode_tree(data, want, limits, into)?;
    } else {
        let (kind, value) = [Kind::Json, Kind::Text, Kind::Bytes]
            .into_iter()
            .find_map(|kind| fields.get(key_of(kind)).map(|value| (kind, value.clone())))
            .ok_or_else(no_payload)?;
        into.kind = kind;
        into.names.clear();
        into.payload = plain_payload(kind, value)?;
    }
    if let Some(meta) = fields.get("meta") {
        into.meta = Meta::from_value(meta.clone())?;
    }
    Ok(())
}

/// The key of a payload that is no `data`.
const fn key_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Tensor | Kind::NdArray | Kind::TfTensor => "data",
        Kind::Json => "jsonData",
        Kind::Text => "strData",
        Kind::Bytes => "binData",
        Kind::Custom => "customData",
    }
}

/// The payload of a message without `data`. A `strData` that is no string reaches the component as
/// it is: the wrapper does not look.
fn plain_payload(kind: Kind, value: Value) -> Result<Payload, Error> {
    match (kind, value) {
        (Kind::Bytes, Value::Text(text)) => {
            let bytes = binary::decode(&text);
            let bytes = bytes.map_err(|error| error.context("`binData`"))?;
            Ok(Payload::Bytes(Bytes::from(bytes)))
        }
        (Kind::Bytes, other) => Err(Error::invalid_input(format!(
            "`binData`: expected a string of base64, got {}",
            other.kind()
        ))),
        (Kind::Text, Value::Text(text)) => Ok(Payload::Text(text)),
        (_, value) => Ok(Payload::Json(value)),
    }
}

/// Why a message could not be read; where a text is not JSON, only the whole body can tell.
#[derive(Debug)]
pub(super) enum Fault {
    Syntax(SyntaxError),
    Refused(Error),
}

impl From<SyntaxError> for Fault {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Fault {
    #[cold]
    pub(super) fn into_error(self, body: &[u8]) -> Error {
        match self {
            Self::Syntax(error) => {
                Error::invalid_input(format!("request is not JSON: {}", error.describe(body)))
            }
            Self::Refused(error) => error,
        }
    }
}

/// How bodies with an array begin, as JavaScript's and as Python's JSON writers space them.
const USUAL_HEADS: [&[u8]; 2] = [br#"{"data":{"ndarray":"#, br#"{"data": {"ndarray": "#];

/// A body that is being read.
#[derive(Debug)]
pub(super) struct Reader<'a, 'l> {
    pub(super) cursor: Cursor<'a>,
    pub(super) limits: &'l Limits,
    pub(super) want: Option<DType>,
}

impl<'a> Reader<'a, '_> {
    /// Reads the message that stands at the cursor.
    pub(super) fn message(&mut self, into: &mut Request) -> Result<(), Fault> {
        into.meta.clear();
        let mut found = Found::default();
        let mut first = true;
        if self.pass_usual_head() {
            found.data = Some(DataAt::Object(Data::scan_from_ndarray(self, into)?));
            first = false;
        } else {
            self.expect_object()?;
            self.cursor.object_start()?;
        }
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            match &*key {
                "data" => found.data = Some(self.data(into)?),
                "jsonData" => found.json = Some(self.pass()?),
                "strData" => found.text = Some(self.pass()?),
                "binData" => found.binary = Some(self.pass()?),
                "meta" => found.meta = Some(self.pass()?),
                _ => _ = self.pass()?,
            }
        }
        found.finish(self, into)
    }

    /// Passes what most bodies begin with, up to the array, in one comparison instead of key by key.
    fn pass_usual_head(&mut self) -> bool {
        let rest = self.cursor.rest();
        let head = USUAL_HEADS.iter().find(|head| rest.starts_with(head));
        let Some(head) = head else { return false };
        self.cursor.seek(self.cursor.position().saturating_add(head.len()));
        true
    }

    /// Scans `data`; `Err` in it tells that it is no object, but passes for an empty one.
    fn data(&mut self, into: &mut Request) -> Result<DataAt, Fault> {
        if self.cursor.peek() == Some(b'{') {
            return Ok(DataAt::Object(Data::scan(self, into)?));
        }
        Ok(DataAt::Other(self.pass()?))
    }

    /// Checks that an object stands here.
    fn expect_object(&mut self) -> Result<(), Fault> {
        if self.cursor.peek() == Some(b'{') {
            return Ok(());
        }
        let at = self.pass()?;
        Err(no_object(self.kind_at(at)).into())
    }

    /// Reads a nested array of numbers into the tensor of `payload`; tells its offset, and whether
    /// it was plain numbers. Where it was not, it has been passed over, and the tensor is unspecified.
    pub(super) fn numbers(&mut self, payload: &mut Payload) -> Result<(usize, bool), Fault> {
        self.cursor.peek();
        let at = self.cursor.position();
        let tensor = data::buffer(payload);
        let (shape, data) = (&mut tensor.shape, &mut tensor.data);
        let scan = match self.want {
            Some(DType::F32) => self.cursor.numbers::<f32>(self.limits, shape, data.reset())?,
            Some(DType::F64) => self.cursor.numbers::<f64>(self.limits, shape, data.reset())?,
            _ => {
                let scan = self.cursor.numbers_exact(self.limits, shape, data)?;
                numpy::widen_mixed(data);
                scan
            }
        };
        if scan == Scan::Other {
            self.pass()?;
        }
        Ok((at, scan == Scan::Numbers))
    }

    /// Reads the names of features into `names`, keeping the strings that are there.
    pub(super) fn names(&mut self, names: &mut Vec<String>) -> Result<(), Fault> {
        if self.cursor.peek() != Some(b'[') {
            *names = data::names_of(&self.cursor.value(self.limits)?)?;
            return Ok(());
        }
        self.cursor.array_start()?;
        let mut n_names = 0_usize;
        while self.cursor.next_item(n_names == 0)? {
            if n_names >= self.limits.elements_max {
                return Err(Error::invalid_input("`data.names`: more elements than allowed").into());
            }
            if self.cursor.peek() == Some(b'"') {
                let name = self.cursor.string()?;
                match names.get_mut(n_names) {
                    Some(slot) => {
                        slot.clear();
                        slot.push_str(&name);
                    }
                    None => names.push(name.into_owned()),
                }
            } else {
                let name = data::name_of(&self.cursor.value(self.limits)?)?;
                names.truncate(n_names);
                names.push(name);
            }
            n_names = n_names.wrapping_add(1);
        }
        names.truncate(n_names);
        Ok(())
    }

    /// Passes over a value, checks its syntax and tells its offset.
    pub(super) fn pass(&mut self) -> Result<usize, SyntaxError> {
        self.cursor.peek();
        let at = self.cursor.position();
        self.cursor.skip_value(self.limits)?;
        Ok(at)
    }

    /// A cursor at an offset.
    pub(super) fn at(&self, at: usize) -> Cursor<'a> {
        let mut cursor = self.cursor.clone();
        cursor.seek(at);
        cursor
    }

    /// The value at an offset.
    pub(super) fn value_at(&self, at: usize) -> Result<Value, SyntaxError> {
        self.at(at).value(self.limits)
    }

    /// What people call the value at an offset, as [`Value::kind`] does.
    pub(super) fn kind_at(&self, at: usize) -> &'static str {
        match self.at(at).peek() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }
}

/// What a message has; each offset is that of a value.
#[derive(Debug, Default)]
struct Found {
    data: Option<DataAt>,
    json: Option<usize>,
    text: Option<usize>,
    binary: Option<usize>,
    meta: Option<usize>,
}

#[derive(Debug)]
enum DataAt {
    Object(Data),
    Other(usize),
}

impl Found {
    fn finish(self, reader: &Reader<'_, '_>, into: &mut Request) -> Result<(), Fault> {
        match self.data {
            Some(DataAt::Object(data)) => data.finish(reader, into)?,
            Some(DataAt::Other(at)) => {
                data::check_not_object(reader.kind_at(at))?;
                into.kind = Kind::NdArray;
                into.names.clear();
                data::empty(&mut into.payload, reader.want);
            }
            None => {
                let (kind, at) = None
                    .or(self.json.map(|at| (Kind::Json, at)))
                    .or(self.text.map(|at| (Kind::Text, at)))
                    .or(self.binary.map(|at| (Kind::Bytes, at)))
                    .ok_or_else(no_payload)?;
                into.kind = kind;
                into.names.clear();
                into.payload = plain_payload(kind, reader.value_at(at)?)?;
            }
        }
        if let Some(at) = self.meta {
            into.meta = Meta::from_value(reader.value_at(at)?)?;
        }
        Ok(())
    }
}

#[cold]
fn no_object(got: &str) -> Error {
    Error::invalid_input(format!("request: expected a JSON object, got {got}"))
}

#[cold]
fn no_payload() -> Error {
    Error::invalid_input(
        "request: expected one of `data`, `jsonData`, `strData` and `binData`, got none of them",
    )
}
