//! What MLflow's model signature says of a model's input: names, types, what may be left out, and
//! parameters.
//!
//! Plain data: who reads `MLmodel` files builds it, and the codec of MLflow's scoring protocol
//! enforces it. Source: `mlflow/types/schema.py` of MLflow 3.17.

use std::fmt;
use std::sync::Arc;

use crate::{DType, TensorSpec};

/// How a model answers MLflow's scoring protocol.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scoring {
    /// What goes in; without it, whatever comes is the model's to judge.
    pub schema: Option<Schema>,
    /// Parameters of a request that have declared types. No model here has a use for any.
    pub parameters: Option<Vec<Parameter>>,
    /// The output that is answered, where it is not the one that is answered unasked
    /// ([`Signature::answered`](crate::Signature::answered)): `pyfunc`'s `predict_fn`.
    pub output: Option<Arc<str>>,
    /// A request that the folder has as an example: the body of one to `/invocations`, as JSON.
    pub example: Option<Arc<str>>,
}

/// The inputs of a signature, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Schema {
    /// The columns of a table.
    Columns(Vec<Column>),
    /// Tensors, each with its name; one that has none has an empty name, and is the only one.
    Tensors(Vec<TensorSpec>),
}

/// A column of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name; empty where columns are meant by their order. All have names or none has.
    pub name: Arc<str>,
    /// The type of its values.
    pub kind: ColumnType,
    /// Whether it must be there.
    pub required: bool,
}

/// The type of a column's values, or of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    /// Truth values.
    Boolean,
    /// Integers of 32 bits.
    Integer,
    /// Integers of 64 bits.
    Long,
    /// Floats of 32 bits.
    Float,
    /// Floats of 64 bits.
    Double,
    /// Texts.
    Text,
    /// Bytes, in base64 where they come as text.
    Binary,
    /// A type of this name whose values no model here takes, such as `datetime` or an array.
    Other(Arc<str>),
}

/// A parameter of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub kind: ColumnType,
    /// Whether it is a list of such values.
    pub is_list: bool,
}

impl Schema {
    /// The columns as inputs of a [`Frame`](crate::Form::Frame), where they have names.
    pub fn frame(&self) -> Option<Vec<TensorSpec>> {
        let Self::Columns(columns) = self else { return None };
        let spec = |column: &Column| {
            TensorSpec::new(Arc::clone(&column.name), column.kind.dtype(), vec![None])
        };
        self.has_names().then(|| columns.iter().map(spec).collect())
    }

    /// Whether inputs are told apart by their names.
    pub fn has_names(&self) -> bool {
        match self {
            Self::Columns(columns) => columns.iter().any(|column| !column.name.is_empty()),
            Self::Tensors(specs) => specs.iter().any(|spec| !spec.name.is_empty()),
        }
    }
}

impl fmt::Display for Schema {
    /// As MLflow writes it: `['a': double (required), 'b': string (optional)]` or
    /// `['x': Tensor('float32', (-1, 4))]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        match self {
            Self::Columns(columns) => {
                for (index, Column { name, kind, required }) in columns.iter().enumerate() {
                    named(f, index, name)?;
                    let need = if *required { "required" } else { "optional" };
                    write!(f, "{kind} ({need})")?;
                }
            }
            Self::Tensors(specs) => {
                for (index, spec) in specs.iter().enumerate() {
                    named(f, index, &spec.name)?;
                    write!(f, "Tensor('{}', (", numpy_name(spec.dtype))?;
                    for (axis, dim) in spec.dims.iter().enumerate() {
                        let separator = if axis == 0 { "" } else { ", " };
                        match dim {
                            Some(dim) => write!(f, "{separator}{dim}")?,
                            None => write!(f, "{separator}-1")?,
                        }
                    }
                    f.write_str(if spec.dims.len() == 1 { ",))" } else { "))" })?;
                }
            }
        }
        f.write_str("]")
    }
}

/// What stands before an input: the comma behind the one before, and its name.
fn named(f: &mut fmt::Formatter<'_>, index: usize, name: &str) -> fmt::Result {
    if index > 0 {
        f.write_str(", ")?;
    }
    if name.is_empty() { Ok(()) } else { write!(f, "'{name}': ") }
}

/// What numpy calls an element type.
const fn numpy_name(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "bool",
        DType::U8 => "uint8",
        DType::U16 => "uint16",
        DType::U32 => "uint32",
        DType::U64 => "uint64",
        DType::I8 => "int8",
        DType::I16 => "int16",
        DType::I32 => "int32",
        DType::I64 => "int64",
        DType::F16 => "float16",
        DType::BF16 => "bfloat16",
        DType::F32 => "float32",
        DType::F64 => "float64",
        DType::Bytes => "str",
    }
}

impl ColumnType {
    /// The element type of such a column.
    pub const fn dtype(&self) -> DType {
        match self {
            Self::Boolean => DType::Bool,
            Self::Integer => DType::I32,
            Self::Long => DType::I64,
            Self::Float => DType::F32,
            Self::Double => DType::F64,
            Self::Text | Self::Binary | Self::Other(_) => DType::Bytes,
        }
    }

    /// What numpy calls the type, as MLflow's errors do.
    pub const fn numpy_name(&self) -> &'static str {
        match self {
            Self::Boolean => "bool",
            Self::Integer => "int32",
            Self::Long => "int64",
            Self::Float => "float32",
            Self::Double => "float64",
            Self::Text | Self::Binary | Self::Other(_) => "object",
        }
    }
}

impl fmt::Display for ColumnType {
    /// The name in a signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Text => "string",
            Self::Binary => "binary",
            Self::Other(name) => name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_written_as_mlflow_writes_it() {
        let column = |name: &str, kind, required| Column { name: name.into(), kind, required };
        let columns = Schema::Columns(vec![
            column("a", ColumnType::Double, true),
            column("b", ColumnType::Text, false),
        ]);
        assert_eq!(columns.to_string(), "['a': double (required), 'b': string (optional)]");
        let unnamed = Schema::Columns(vec![column("", ColumnType::Long, true)]);
        assert_eq!(unnamed.to_string(), "[long (required)]");
        assert!(columns.has_names() && !unnamed.has_names());
        let tensor = |name: &str, dims| TensorSpec::new(name, DType::F32, dims);
        let named = Schema::Tensors(vec![tensor("x", vec![None, Some(4)])]);
        assert_eq!(named.to_string(), "['x': Tensor('float32', (-1, 4))]");
        let unnamed = Schema::Tensors(vec![tensor("", vec![None])]);
        assert_eq!(unnamed.to_string(), "[Tensor('float32', (-1,))]");
    }
}
