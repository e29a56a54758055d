//! Models of the corpus with what their own libraries answered: `tests/models/formats` says how the
//! files are written.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::model_file;

/// A block of a tar archive, in bytes.
const BLOCK: usize = 512;

/// A model with its answers.
#[derive(Debug)]
pub(crate) struct Golden {
    /// The file of the model.
    pub(crate) path: PathBuf,
    document: Value,
    /// Where the file lies, if it was in an archive.
    _unpacked: Option<TempDir>,
}

/// An array, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    /// Numbers, texts, truth values; NaN and infinities as the texts `nan`, `inf`, `-inf`.
    pub(crate) data: Vec<Value>,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) dtype: String,
    pub(crate) data: Vec<Value>,
}

impl Golden {
    /// A model file by its path below the corpus; its answers lie beside it.
    pub(crate) fn of(file: &str) -> Self {
        let path = model_file("formats", file);
        let document = std::fs::read(path.with_extension("json")).expect("a model with answers");
        Self { path, document: parse(&document), _unpacked: None }
    }

    /// A model in the archive of a version of scikit-learn.
    pub(crate) fn variant(version: &str, name: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let archive = model_file("formats", &format!("sklearn/{version}/variants.tar.xz"));
        let tar = unpack(&archive);
        let path = folder.path().join(format!("{name}.joblib"));
        std::fs::write(&path, member(&tar, &format!("{name}.joblib"))).expect("there is room");
        let document = parse(member(&tar, &format!("{name}.json")));
        Self { path, document, _unpacked: Some(folder) }
    }

    /// The input of a case.
    pub(crate) fn rows(&self, case: &str) -> Array {
        Array::read(&self.document["cases"][case]["input"])
    }

    /// The input of a case, if there is such a case and it is an array.
    pub(crate) fn try_rows(&self, case: &str) -> Option<Array> {
        let input = &self.document["cases"][case]["input"];
        input.get("data").is_some().then(|| Array::read(input))
    }

    /// The input of a case that is a table.
    pub(crate) fn columns(&self, case: &str) -> Vec<Column> {
        let columns = &self.document["cases"][case]["input"]["columns"];
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let column = |column: &Value| Column {
            name: text(&column["name"]),
            dtype: text(&column["dtype"]),
            data: column["data"].as_array().expect("a column has data").clone(),
        };
        columns.as_array().expect("the input is a table").iter().map(column).collect()
    }

    /// What a method answered.
    pub(crate) fn answer(&self, case: &str, method: &str) -> Array {
        Array::read(&self.document["cases"][case]["answers"][method])
    }

    /// What a method of several outputs answered for one of them.
    pub(crate) fn answer_of(&self, case: &str, method: &str, output: usize) -> Array {
        Array::read(&self.document["cases"][case]["answers"][method]["list"][output])
    }
}

impl Array {
    fn read(json: &Value) -> Self {
        let list = |key: &str| match json[key].as_array() {
            Some(items) => items.clone(),
            None => panic!("expected an array with `{key}`, got {json}"),
        };
        let extent = |extent: Value| extent.as_u64().and_then(|extent| extent.try_into().ok());
        let shape = list("shape").into_iter().map(extent).collect::<Option<_>>();
        Self { shape: shape.expect("extents"), data: list("data") }
    }

    /// Elements of a row.
    pub(crate) fn width(&self) -> usize {
        self.shape.get(1).copied().unwrap_or(1)
    }

    /// Lists in lists, `null` for what is missing.
    pub(crate) fn nested(&self) -> Value {
        let items: Vec<Value> = self.data.iter().map(spelled).collect();
        if self.shape.len() == 1 {
            return Value::Array(items);
        }
        items.chunks(self.width()).map(|row| json!(row)).collect()
    }

    /// The elements as JSON has them, `null` for what is missing.
    pub(crate) fn flat(&self) -> Value {
        self.data.iter().map(spelled).collect()
    }

    /// The elements as doubles.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        self.data.iter().map(number).collect()
    }

    /// The elements as little-endian doubles.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.numbers().into_iter().flat_map(f64::to_le_bytes).collect()
    }
}

/// What JSON has for an element; nothing is missing but NaN.
pub(crate) fn spelled(element: &Value) -> Value {
    if element == "nan" { Value::Null } else { element.clone() }
}

/// An element that is a number or a truth value.
pub(crate) fn number(element: &Value) -> f64 {
    match element {
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::String(text) => text.parse().unwrap_or_else(|_| panic!("{text} is no number")),
        Value::Null => f64::NAN,
        other => other.as_f64().unwrap_or_else(|| panic!("{other} is no number")),
    }
}

/// Where two lists of elements differ: texts in anything, numbers by more than 1e-9 of their size.
pub(crate) fn difference(wanted: &[Value], got: &[Value]) -> Option<String> {
    let is_same = |(wanted, got): (&Value, &Value)| match (wanted, got) {
        (Value::Bool(_), _) | (_, Value::Bool(_)) => wanted == got,
        (Value::String(text), Value::String(got)) => text == got,
        (_, Value::String(_)) => false,
        _ => {
            let (wanted, got) = (number(wanted), number(got));
            let is_near = (wanted - got).abs() <= 1e-9 * wanted.abs();
            // Infinities have no distance.
            is_near || wanted.to_bits() == got.to_bits() || (wanted.is_nan() && got.is_nan())
        }
    };
    if wanted.len() != got.len() {
        return Some(format!("expected {} elements, got {}", wanted.len(), got.len()));
    }
    let at = wanted.iter().zip(got).position(|pair| !is_same(pair))?;
    Some(format!("at {at}: expected {}, got {}", wanted[at], got[at]))
}

fn parse(document: &[u8]) -> Value {
    serde_json::from_slice(document).expect("golden answers are JSON")
}

fn unpack(archive: &Path) -> Vec<u8> {
    let packed = std::fs::read(archive).expect("the archive is there");
    let mut tar = Vec::new();
    let read = lzma_rust2::XzReader::new(&packed[..], true).read_to_end(&mut tar);
    read.expect("the archive is whole");
    tar
}

/// A member of an archive in the `ustar` format.
fn member<'t>(tar: &'t [u8], name: &str) -> &'t [u8] {
    let mut at = 0;
    while let Some(header) = tar.get(at..at + BLOCK).filter(|header| header[0] != 0) {
        let text = |range: std::ops::Range<usize>| {
            let field = header[range].split(|byte| *byte == 0).next().unwrap_or_default();
            str::from_utf8(field).expect("names are ASCII").trim()
        };
        let size = usize::from_str_radix(text(124..136), 8).expect("sizes are octal");
        if text(0..100) == name {
            return &tar[at + BLOCK..at + BLOCK + size];
        }
        at += BLOCK + size.div_ceil(BLOCK) * BLOCK;
    }
    panic!("the archive has no `{name}`")
}
