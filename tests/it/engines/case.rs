//! The models of `tests/engines/models` with what is known of them; `tests/engines/make.py` says what
//! the files hold.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use half::{bf16, f16};
use radiant_core::{DType, Tensor};
use serde_json::Value;

use crate::support::workspace;

/// How the rows of a batch depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Each row of every output is computed from the same row of the inputs alone.
    Apart,
    /// The answer to a row depends on the others, or on how many there are.
    Together,
    /// There is no batch.
    None,
}

/// A request and its answer, in the order of the graph.
#[derive(Debug)]
pub(super) struct DataSet {
    pub(super) inputs: Vec<Tensor>,
    pub(super) outputs: Vec<Tensor>,
}

/// A model and its answers.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) rows: Rows,
    /// Whether numbers must be equal to the bit.
    pub(super) is_exact: bool,
    pub(super) data: Vec<DataSet>,
    /// Requests that fit the declared inputs and have no answer.
    pub(super) fails: Vec<Vec<Tensor>>,
}

impl Case {
    /// The model file.
    pub(super) fn path(&self) -> PathBuf {
        folder().join(format!("{}.onnx", self.name))
    }

    fn read(name: String) -> Self {
        let text = fs::read(folder().join(format!("{name}.json"))).expect("answers can be read");
        let json: Value = serde_json::from_slice(&text).expect("answers are JSON");
        let rows = match json["rows"].as_str() {
            Some("apart") => Rows::Apart,
            Some("together") => Rows::Together,
            Some("none") => Rows::None,
            other => panic!("{name}: rows `{other:?}`"),
        };
        let sets = |key: &str| json[key].as_array().expect("a list");
        let data = |set: &Value| DataSet {
            inputs: tensors(&set["inputs"]),
            outputs: tensors(&set["outputs"]),
        };
        Self {
            rows,
            is_exact: json["exact"].as_bool().expect("a truth value"),
            data: sets("data").iter().map(data).collect(),
            fails: sets("fails").iter().map(|set| tensors(&set["inputs"])).collect(),
            name,
        }
    }
}

fn folder() -> PathBuf {
    workspace().join("tests/engines/models")
}

/// All models, by name.
pub(super) fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let files = fs::read_dir(folder()).expect("the folder of models");
        let names = files.filter_map(|file| {
            let path = file.expect("a file of the folder").path();
            let name = path.file_stem()?.to_str()?.to_owned();
            (path.extension()? == "onnx").then_some(name)
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        names.into_iter().map(Case::read).collect()
    })
}

fn tensors(list: &Value) -> Vec<Tensor> {
    list.as_array().expect("a list of tensors").iter().map(tensor).collect()
}

fn tensor(json: &Value) -> Tensor {
    let name = json["name"].as_str().expect("a name");
    let dtype = json["dtype"].as_str().expect("a type");
    let dtype = DType::ALL.into_iter().find(|one| one.name() == dtype).expect("a type of ours");
    let dims = json["shape"].as_array().expect("a shape").iter();
    let dims: Vec<usize> =
        dims.map(|dim| dim.as_u64().and_then(|dim| dim.try_into().ok()).expect("a dim")).collect();
    let values = json["values"].as_array().expect("values");
    macro_rules! of {
        ($read:expr) => {
            Tensor::new(name, &dims, values.iter().map($read).collect::<Vec<_>>())
        };
    }
    fn int<T: TryFrom<i128>>(value: &Value) -> T {
        let whole = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
        whole.and_then(|whole| whole.try_into().ok()).expect("a number of the type")
    }
    match dtype {
        DType::Bool => of!(|value| value.as_bool().expect("a truth value")),
        DType::U8 => of!(int::<u8>),
        DType::U16 => of!(int::<u16>),
        DType::U32 => of!(int::<u32>),
        DType::U64 => of!(int::<u64>),
        DType::I8 => of!(int::<i8>),
        DType::I16 => of!(int::<i16>),
        DType::I32 => of!(int::<i32>),
        DType::I64 => of!(int::<i64>),
        DType::F16 => of!(|value| f16::from_f64(float(value))),
        DType::BF16 => of!(|value| bf16::from_f64(float(value))),
        #[expect(clippy::cast_possible_truncation, reason = "written from single precision")]
        DType::F32 => of!(|value| float(value) as f32),
        DType::F64 => of!(float),
        DType::Bytes => {
            let strings = values.iter().map(|value| value.as_str().expect("a string"));
            Tensor::strings(name, &dims, strings.collect())
        }
    }
}

fn float(value: &Value) -> f64 {
    let text = || value.as_str().and_then(|text| text.parse().ok());
    value.as_f64().or_else(text).expect("a number")
}
