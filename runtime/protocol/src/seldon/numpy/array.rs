//! `numpy.array(list)`: the shape and the element type of nested lists.

use radiant_core::{Error, Objects, Payload, Shape, Strings, Tensor, TensorData, Value};
use smallvec::SmallVec;

use crate::Limits;
use crate::json::push_f64;

/// The array in a value. Integers are I64, or U64 where all need it, or F64 where only some do;
/// with any number that has a point they are F64; with any string all are strings, numbers spelt as
/// Python's `str`; booleans among numbers count as 0 and 1. `null`, objects and integers beyond 64
/// bits make an array of values. What is no list is an array without axes.
///
/// # Errors
/// Lists of different lengths, more axes or more elements than `limits` allow.
pub fn array(value: Value, limits: &Limits) -> Result<Payload, Error> {
    let shape = outline(&value, limits)?;
    let mut leaves = Vec::new();
    let mut place = SmallVec::new();
    flatten(value, &shape, &mut place, &mut leaves)?;
    if leaves.len() > limits.elements_max {
        let (expected, got) = (limits.elements_max, leaves.len());
        return Err(Error::invalid_input(format!(
            "expected at most {expected} elements, got {got}"
        )));
    }
    Ok(typed(leaves, shape))
}

/// The shape that the first list of each level suggests.
fn outline(value: &Value, limits: &Limits) -> Result<Shape, Error> {
    let mut shape = Shape::default();
    let mut next = Some(value);
    while let Some(Value::List(items)) = next {
        if shape.rank() >= limits.rank_max {
            let rank_max = limits.rank_max;
            return Err(Error::invalid_input(format!(
                "expected at most {rank_max} axes, got more"
            )));
        }
        shape.push(items.len());
        next = items.first();
    }
    Ok(shape)
}

/// Takes the elements out of their lists, row-major. Recursion is as deep as the shape has axes.
fn flatten(
    value: Value,
    shape: &Shape,
    place: &mut SmallVec<[usize; 4]>,
    leaves: &mut Vec<Value>,
) -> Result<(), Error> {
    let extent = shape.dims().get(place.len());
    let items = match (value, extent) {
        (Value::List(items), Some(&extent)) if items.len() == extent => items,
        (Value::List(items), _) => {
            return Err(ragged(place, extent, &format!("an array of {}", items.len())));
        }
        (other, Some(_)) => return Err(ragged(place, extent, other.kind())),
        (leaf, None) => {
            leaves.push(leaf);
            return Ok(());
        }
    };
    for (index, item) in items.into_iter().enumerate() {
        place.push(index);
        flatten(item, shape, place, leaves)?;
        place.pop();
    }
    Ok(())
}

#[cold]
fn ragged(place: &[usize], extent: Option<&usize>, got: &str) -> Error {
    let place = Shape::new(place);
    Error::invalid_input(match extent {
        Some(extent) => format!(
            "element {place}: expected an array of {extent} as its first neighbour is, got {got}"
        ),
        None => {
            format!("element {place}: expected no array, as its first neighbour is none, got {got}")
        }
    })
}

/// Which kinds of elements there are.
#[derive(Default)]
pub(super) struct Kinds {
    pub(super) booleans: bool,
    pub(super) integers: bool,
    /// Integers that fit U64 only.
    pub(super) large_integers: bool,
    /// Integers beyond 64 bits.
    pub(super) huge: bool,
    pub(super) floats: bool,
    pub(super) texts: bool,
    pub(super) nulls: bool,
    /// Lists and objects.
    pub(super) others: bool,
}

impl Kinds {
    pub(super) fn of<'v>(leaves: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut kinds = Self::default();
        for leaf in leaves {
            let kind = match leaf {
                Value::Bool(_) => &mut kinds.booleans,
                Value::Int(_) => &mut kinds.integers,
                Value::BigInt(digits) if digits.parse::<u64>().is_ok() => &mut kinds.large_integers,
                Value::Float(_) => &mut kinds.floats,
                Value::Text(_) => &mut kinds.texts,
                Value::BigInt(_) => &mut kinds.huge,
                Value::Null => &mut kinds.nulls,
                Value::List(_) | Value::Map(_) => &mut kinds.others,
            };
            *kind = true;
        }
        kinds
    }

    /// Whether numbers of these kinds are F64.
    pub(super) const fn are_floats(&self) -> bool {
        self.floats || (self.integers && self.large_integers)
    }

    /// Whether there are texts beside numbers or truth values.
    pub(super) const fn are_mixed(&self) -> bool {
        let integers = self.integers || self.large_integers || self.huge;
        self.texts && (integers || self.booleans || self.floats)
    }
}

fn typed(leaves: Vec<Value>, shape: Shape) -> Payload {
    let kinds = Kinds::of(&leaves);
    if kinds.nulls || kinds.huge || kinds.others {
        return Payload::Objects(Objects { shape, values: leaves });
    }
    let data = if kinds.texts {
        TensorData::Bytes(texts(&leaves))
    } else if kinds.are_floats() {
        TensorData::F64(leaves.iter().map(float).collect())
    } else if kinds.large_integers {
        TensorData::U64(leaves.iter().map(unsigned).collect())
    } else if kinds.integers {
        TensorData::I64(leaves.iter().map(signed).collect())
    } else if kinds.booleans {
        TensorData::Bool(leaves.iter().map(|leaf| *leaf == Value::Bool(true)).collect())
    } else {
        TensorData::F64(Vec::new())
    };
    Payload::Array(Tensor { shape, data, ..Tensor::default() })
}

pub(super) fn float(leaf: &Value) -> f64 {
    match leaf {
        Value::Float(float) => *float,
        Value::Int(integer) => *integer as f64,
        Value::BigInt(digits) => digits.parse().unwrap_or(f64::NAN),
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Null | Value::Text(_) | Value::List(_) | Value::Map(_) => f64::NAN,
    }
}

pub(super) fn signed(leaf: &Value) -> i64 {
    match leaf {
        Value::Int(integer) => *integer,
        Value::Bool(truth) => i64::from(*truth),
        _ => 0,
    }
}

pub(super) fn unsigned(leaf: &Value) -> u64 {
    match leaf {
        Value::BigInt(digits) => digits.parse().unwrap_or_default(),
        Value::Bool(truth) => u64::from(*truth),
        _ => 0,
    }
}

fn texts(leaves: &[Value]) -> Strings {
    let mut texts = Strings::new();
    for leaf in leaves {
        match leaf {
            Value::Text(text) => texts.push(text.as_bytes()),
            other => texts.push(text(other).unwrap_or_default().as_bytes()),
        }
    }
    texts
}

/// A string, a number or a truth value as Python's `str` spells it.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bool(truth) => Some(if *truth { "True" } else { "False" }.to_owned()),
        Value::Int(integer) => Some(integer.to_string()),
        Value::BigInt(digits) => Some(digits.to_string()),
        Value::Float(float) if float.is_finite() => {
            let mut spelling = Vec::new();
            push_f64(&mut spelling, *float);
            String::from_utf8(spelling).ok()
        }
        Value::Float(float) => Some(
            match float {
                _ if float.is_nan() => "nan",
                _ if *float > 0.0 => "inf",
                _ => "-inf",
            }
            .to_owned(),
        ),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// Makes U64 that was chosen for some of the integers only what numpy makes of such a mixture: F64.
pub(in crate::seldon) fn widen_mixed(data: &mut TensorData) {
    if let TensorData::U64(integers) = data
        && integers.iter().any(|&integer| i64::try_from(integer).is_ok())
    {
        *data = TensorData::F64(integers.iter().map(|&integer| integer as f64).collect());
    }
}
