//! DictVectorizer and CastMap of `ai.onnx.ml`: what is made of a map.
//!
//! A map comes as two inputs, its keys and as many values, in any order; of equal keys the last one
//! counts. What comes out is one row. Text that is to become a number must be one as a whole, where
//! onnxruntime 1.32 takes what a text begins with.

use std::collections::HashMap;
use std::marker::PhantomData;

use radiant_core::{DType, Element, Error, TensorData};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Buffer, Inputs};

use crate::op::{Built, NodeContext, Op, Outputs};

/// Columns that come out.
const COLUMNS_MAX: usize = 1 << 24;

/// The type of the values of a map, where keys are of one of `key_dtypes`.
fn value_dtype(context: &NodeContext<'_>, key_dtypes: &[DType]) -> Result<DType, Unsupported> {
    context.expect_dtypes(0, key_dtypes)?;
    match context.optional(1) {
        Some(values) => Ok(values.dtype),
        None => Err(context.refuse("expected a map, got a tensor")),
    }
}

/// Checks that there are as many values as keys, in one axis each.
fn check_entries(inputs: &Inputs<'_>) -> Result<(), Error> {
    let (keys, values) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
    if keys.rank() == 1 && keys == values {
        return Ok(());
    }
    Err(Error::model_failed(format!(
        "expected a value for each key of one axis, got {keys} {values}"
    )))
}

/// The words of a vocabulary.
enum Vocabulary {
    Texts(HashMap<Box<[u8]>, usize>),
    Ints(HashMap<i64, usize>),
}

/// Values by the place of their keys in a vocabulary; zero, or no text, where a key is missing.
struct DictVectorizer {
    vocabulary: Vocabulary,
    /// For each column the first one of the same word.
    firsts: Vec<usize>,
}

impl DictVectorizer {
    /// Writes the entry of each column, -1 where there is none.
    fn find(&self, keys: &TensorData, entries: &mut Vec<i64>) {
        entries.resize(self.firsts.len(), -1);
        let mut found = |column: Option<&usize>, entry: i64| {
            if let Some(place) = column.and_then(|&column| entries.get_mut(column)) {
                *place = entry;
            }
        };
        match (&self.vocabulary, keys) {
            (Vocabulary::Texts(columns), TensorData::Bytes(keys)) => {
                keys.iter().zip(0..).for_each(|(key, entry)| found(columns.get(key), entry));
            }
            (Vocabulary::Ints(columns), TensorData::I64(keys)) => {
                keys.iter().zip(0..).for_each(|(key, entry)| found(columns.get(key), entry));
            }
            _ => {}
        }
        for (column, &first) in self.firsts.iter().enumerate() {
            entries[column] = entries[first];
        }
    }
}

impl Op for DictVectorizer {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        check_entries(&inputs)?;
        let [out, entries, ..] = outputs.buffers else {
            return Err(Error::internal("a vectorizer has an output and a buffer of its own"));
        };
        let dims = [1, self.firsts.len()];
        let entries = entries.reset::<i64>(&dims)?;
        self.find(inputs.view(0)?.data, entries);
        match inputs.view(1)?.data {
            TensorData::F32(values) => gather(values, entries, &dims, out),
            TensorData::F64(values) => gather(values, entries, &dims, out),
            TensorData::I64(values) => gather(values, entries, &dims, out),
            TensorData::Bytes(values) => {
                let out = out.reset_strings(&dims)?;
                for &entry in &*entries {
                    let value = usize::try_from(entry).ok().and_then(|entry| values.get(entry));
                    out.push(value.unwrap_or_default());
                }
                Ok(())
            }
            other => Err(Error::internal(format!("values of {}", other.dtype()))),
        }
    }
}

fn gather<T: Element + Default>(
    values: &[T],
    entries: &[i64],
    dims: &[usize],
    out: &mut Buffer,
) -> Result<(), Error> {
    let value = |&entry: &i64| usize::try_from(entry).ok().and_then(|entry| values.get(entry));
    out.reset::<T>(dims)?
        .extend(entries.iter().map(|entry| value(entry).copied().unwrap_or_default()));
    Ok(())
}

/// The columns of words, and for each column the first one of the same word.
fn columns<K: Eq + std::hash::Hash>(
    words: impl Iterator<Item = K>,
) -> (HashMap<K, usize>, Vec<usize>) {
    let mut columns = HashMap::new();
    let firsts = words.enumerate().map(|(at, word)| *columns.entry(word).or_insert(at)).collect();
    (columns, firsts)
}

/// Builds a DictVectorizer: `[1, n_words]` of the type of the map's values.
pub(super) fn dict_vectorizer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["int64_vocabulary", "string_vocabulary"])?;
    let dtype = value_dtype(context, &[DType::Bytes, DType::I64])?;
    if !matches!(dtype, DType::F32 | DType::F64 | DType::I64 | DType::Bytes) {
        return Err(context.refuse(format!("values of type {dtype} are not supported")));
    }
    let node = context.node;
    let (texts, ints) = (node.strings("string_vocabulary")?, node.ints("int64_vocabulary")?);
    let is_text = context.fact(0)?.dtype == DType::Bytes;
    if texts.is_empty() == ints.is_empty() || texts.is_empty() == is_text {
        return Err(context.refuse("expected one vocabulary, of the type of the keys"));
    }
    let (vocabulary, firsts) = if is_text {
        let (columns, firsts) = columns(texts.into_iter().map(|text| text.as_bytes().into()));
        (Vocabulary::Texts(columns), firsts)
    } else {
        let (columns, firsts) = columns(ints.iter().copied());
        (Vocabulary::Ints(columns), firsts)
    };
    // The second is a buffer of the operator's own, which has no name.
    let facts = vec![Fact::new(dtype, &[Some(1), Some(firsts.len())]), Fact::of(DType::I64)];
    let op = Box::new(DictVectorizer { vocabulary, firsts });
    Ok(Built::Step { op, reads: vec![0, 1], facts })
}

/// Values in the order of their keys, or at the place that their key says.
struct CastMap<T> {
    /// The number of columns; `None` for one a key.
    n_columns: Option<usize>,
    to: PhantomData<T>,
}

/// A number that a value of a map can become.
trait Number: Element + Default {
    /// The number that is written, if it is one.
    fn parse(text: &str) -> Option<Self>;
    /// The same number, without its fraction if that is what the type is, if it fits.
    fn cast(value: f32) -> Option<Self>;
}

impl Number for f32 {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn cast(value: f32) -> Option<Self> {
        Some(value)
    }
}

impl Number for i64 {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn cast(value: f32) -> Option<Self> {
        const LIMIT: f32 = -(i64::MIN as f32);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "truncation is what the model asks for"
        )]
        (-LIMIT..LIMIT).contains(&value).then_some(value as Self)
    }
}

/// The value of an entry, which must be a number.
fn number<T: Number>(values: &TensorData, entry: usize) -> Result<T, Error> {
    let (number, got) = match values {
        TensorData::F32(values) => {
            let value = values.get(entry).copied().unwrap_or_default();
            (T::cast(value), value.to_string())
        }
        TensorData::Bytes(values) => {
            let text = String::from_utf8_lossy(values.get(entry).unwrap_or_default());
            (T::parse(text.trim_ascii()), format!("`{text}`"))
        }
        other => return Err(Error::internal(format!("values of {}", other.dtype()))),
    };
    number.ok_or_else(|| {
        Error::model_failed(format!("entry {entry}: expected a number of {}, got {got}", T::DTYPE))
    })
}

/// The entries in the order of their keys, the last of those that have the same one.
fn sorted(keys: &[i64]) -> Vec<(i64, usize)> {
    let mut entries: Vec<(i64, usize)> = keys.iter().copied().zip(0..).collect();
    entries.sort_unstable_by_key(|&(key, entry)| (key, std::cmp::Reverse(entry)));
    entries.dedup_by_key(|(key, _)| *key);
    entries
}

impl<T: Number> Op for CastMap<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        check_entries(&inputs)?;
        let (entries, values) = (sorted(inputs.slice(0)?), inputs.view(1)?.data);
        let n_columns = self.n_columns.unwrap_or(entries.len());
        let out = outputs.first().reset::<T>(&[1, n_columns])?;
        out.resize(n_columns, T::default());
        for (at, &(key, entry)) in entries.iter().enumerate() {
            if self.n_columns.is_none() {
                out[at] = number(values, entry)?;
                continue;
            }
            let column = usize::try_from(key).map_err(|_error| {
                Error::model_failed(format!("expected keys that are not negative, got {key}"))
            })?;
            // Keys beyond the last column are left out.
            if let Some(out) = out.get_mut(column) {
                *out = number(values, entry)?;
            }
        }
        Ok(())
    }
}

/// The same as text.
struct CastMapToText;

impl Op for CastMapToText {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        check_entries(&inputs)?;
        let entries = sorted(inputs.slice(0)?);
        let out = outputs.first().reset_strings(&[1, entries.len()])?;
        for &(_, entry) in &entries {
            match inputs.view(1)?.data {
                TensorData::Bytes(values) => out.push(values.get(entry).unwrap_or_default()),
                TensorData::F32(values) => {
                    let value = values.get(entry).copied().unwrap_or_default();
                    // Six digits, as C writes numbers.
                    out.push(format!("{value:.6}").to_ascii_lowercase().as_bytes());
                }
                other => return Err(Error::internal(format!("values of {}", other.dtype()))),
            }
        }
        Ok(())
    }
}

/// Builds a CastMap: `[1, n_keys]`, or `[1, max_map]` where it is sparse.
pub(super) fn cast_map(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["cast_to", "map_form", "max_map"])?;
    let dtype = value_dtype(context, &[DType::I64])?;
    if !matches!(dtype, DType::F32 | DType::Bytes) {
        return Err(context.refuse(format!("values of type {dtype} are not supported")));
    }
    let node = context.node;
    let max_map = node.int("max_map", 1)?;
    let n_columns = match node.string("map_form")?.unwrap_or("DENSE") {
        "DENSE" => None,
        "SPARSE" => {
            let n = usize::try_from(max_map).ok().filter(|n| (1..=COLUMNS_MAX).contains(n));
            Some(n.ok_or_else(|| context.refuse_value("max_map", max_map))?)
        }
        other => return Err(context.refuse_value("map_form", other)),
    };
    let (op, dtype): (Box<dyn Op>, _) = match (node.string("cast_to")?, n_columns) {
        (None | Some("TO_FLOAT"), _) => {
            (Box::new(CastMap::<f32> { n_columns, to: PhantomData }), DType::F32)
        }
        (Some("TO_INT64"), _) => {
            (Box::new(CastMap::<i64> { n_columns, to: PhantomData }), DType::I64)
        }
        (Some("TO_STRING"), None) => (Box::new(CastMapToText), DType::Bytes),
        // What text stands for zero is not said.
        (Some("TO_STRING"), Some(_)) => return Err(context.refuse_value("map_form", "SPARSE")),
        (Some(other), _) => return Err(context.refuse_value("cast_to", other)),
    };
    let facts = vec![Fact::new(dtype, &[Some(1), n_columns])];
    Ok(Built::Step { op, reads: vec![0, 1], facts })
}
