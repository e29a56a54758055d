//! What a model takes and gives, as MLflow notes it.

use crate::json::{self, Value};
use crate::{FormatError, Limits};

use super::Texts;

/// What a model takes and gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// The inputs, in order.
    pub inputs: Option<Schema>,
    /// The outputs, in order.
    pub outputs: Option<Schema>,
    /// Parameters that requests may bring; `None` where the signature does not speak of them.
    pub params: Option<Vec<Param>>,
}

/// A parameter of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// The name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Whether it is a list of that.
    pub is_list: bool,
}

/// Columns of a table, or tensors; never both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// At least one.
    pub columns: Vec<Column>,
}

/// A column or a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name; a schema of one input may lack it.
    pub name: Option<String>,
    /// What is in it.
    pub kind: Kind,
    /// Whether requests must bring it.
    pub required: bool,
}

/// What is in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Truth values.
    Boolean,
    /// 32-bit integers.
    Integer,
    /// 64-bit integers.
    Long,
    /// Single precision.
    Float,
    /// Double precision.
    Double,
    /// Texts.
    Text,
    /// Bytes.
    Binary,
    /// Points in time.
    Datetime,
    /// Lists, objects, maps and whatever comes to be.
    Other(String),
    /// A tensor of a type of numpy; -1 is any extent.
    Tensor {
        /// `float32`
        dtype: String,
        /// The extents.
        shape: Vec<i64>,
    },
}

/// The most columns of a schema.
const COLUMNS_MAX: usize = 100_000;

pub(super) fn read(texts: &Texts, limits: &Limits) -> Result<Signature, FormatError> {
    let schema = |key: &str, text: &Option<String>| {
        let Some(text) = text else { return Ok(None) };
        columns(text, limits)
            .map(|columns| (!columns.is_empty()).then_some(Schema { columns }))
            .map_err(|error| {
                let place = format!("signature.{key}: {}", error.place());
                error.at(place)
            })
    };
    Ok(Signature {
        inputs: schema("inputs", &texts.inputs)?,
        outputs: schema("outputs", &texts.outputs)?,
        params: texts.params.as_deref().map(|text| params(text, limits)).transpose()?,
    })
}

fn params(text: &str, limits: &Limits) -> Result<Vec<Param>, FormatError> {
    let document = json::parse(text.as_bytes(), limits)?;
    let mut params = Vec::new();
    for item in document.root().items() {
        FormatError::check_limit(item.path(), "parameters", COLUMNS_MAX, params.len())?;
        let name = item.expect("name")?.as_text().unwrap_or_default().into_owned();
        // Before 2.6 the type stood under another key.
        let kind = item.get("type").or(item.get("dtype")).and_then(|kind| kind.as_text());
        let is_list = item.get("shape").is_some_and(|shape| !shape.is_null());
        params.push(Param { name, kind: Kind::named(&kind.unwrap_or_default()), is_list });
    }
    Ok(params)
}

fn columns(text: &str, limits: &Limits) -> Result<Vec<Column>, FormatError> {
    let document = json::parse(text.as_bytes(), limits)?;
    let mut columns = Vec::new();
    for item in document.root().items() {
        FormatError::check_limit(item.path(), "columns", COLUMNS_MAX, columns.len())?;
        columns.push(column(item)?);
    }
    let n_tensors =
        columns.iter().filter(|column| matches!(column.kind, Kind::Tensor { .. })).count();
    if n_tensors != 0 && n_tensors != columns.len() {
        let got = "some of each";
        return Err(FormatError::damaged("columns", "columns alone or tensors alone", got));
    }
    Ok(columns)
}

fn column(item: Value<'_>) -> Result<Column, FormatError> {
    let name = item.get("name").and_then(|name| name.as_text()).map(std::borrow::Cow::into_owned);
    let required = item.get("required").and_then(|required| required.as_bool()).unwrap_or(true);
    let kind = item.expect("type")?;
    let text = kind
        .as_text()
        .ok_or_else(|| FormatError::damaged(kind.path(), "the name of a type", kind.kind_name()))?;
    let kind = match &*text {
        "tensor" => tensor(item.expect("tensor-spec")?)?,
        text => Kind::named(text),
    };
    Ok(Column { name, kind, required })
}

impl Kind {
    fn named(name: &str) -> Self {
        match name {
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "long" => Self::Long,
            "float" => Self::Float,
            "double" => Self::Double,
            "string" => Self::Text,
            "binary" => Self::Binary,
            "datetime" => Self::Datetime,
            other => Self::Other(other.to_owned()),
        }
    }
}

fn tensor(spec: Value<'_>) -> Result<Kind, FormatError> {
    let dtype = spec.expect("dtype")?;
    let dtype = dtype.as_text().ok_or_else(|| {
        FormatError::damaged(dtype.path(), "the name of a type", dtype.kind_name())
    })?;
    Ok(Kind::Tensor { dtype: dtype.into_owned(), shape: spec.expect("shape")?.i64s()? })
}
