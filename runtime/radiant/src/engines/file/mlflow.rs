//! Folders of MLflow: the description, and the file that it names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use radiant_core::schema::{self, ColumnType, Scoring};
use radiant_core::{DType, TensorSpec};
use radiant_formats::Limits;
use radiant_formats::mlflow::{self, Flavor, Kind, MlModel};

use serde_json::{Value, json};

pub(super) use mlflow::FILE;

/// A folder of MLflow.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    /// What its description says.
    pub(crate) model: MlModel,
    /// The file of the model.
    pub(super) model_path: PathBuf,
    /// The example of a request that lies in the folder: JSON without needless spaces.
    example: Option<Arc<str>>,
}

/// A longer example of a request is nothing to show.
const EXAMPLE_BYTES_MAX: u64 = 1 << 14;

impl Folder {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let model = mlflow::read(&super::whole(path)?, &Limits::default())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let model_path = folder.join(&model.file);
        // A link could lead anywhere.
        let (root, found) = (real(folder)?, real(&model_path)?);
        anyhow::ensure!(
            found.starts_with(&root),
            "the model `{}`: expected a file inside the folder, got a link out of it",
            model.file
        );
        // What is only shown may lack.
        let example = model.serving_example.as_ref().map(|file| folder.join(file));
        let example = example.filter(|path| real(path).is_ok_and(|path| path.starts_with(&root)));
        let example = example.and_then(|path| example_in(&path));
        Ok(Self { model, model_path, example })
    }

    /// The output that MLflow's own server answers with: what `predict` of its Python function gives.
    /// `None` is whatever the engine answers unasked.
    pub(crate) fn output(&self) -> Option<&str> {
        let is_booster = |class: &String| class.ends_with("core.Booster");
        match self.model.flavor {
            Flavor::Sklearn => Some(&self.model.method),
            Flavor::Xgboost if self.model.class.as_ref().is_some_and(is_booster) => Some("booster"),
            Flavor::Xgboost | Flavor::Lightgbm => Some("predict"),
            Flavor::Onnx => None,
        }
    }
}

/// The request in a file, if it is one that can be shown.
fn example_in(path: &Path) -> Option<Arc<str>> {
    let is_short = path.metadata().is_ok_and(|file| file.len() <= EXAMPLE_BYTES_MAX);
    let bytes = if is_short { super::bytes(path, EXAMPLE_BYTES_MAX).ok()? } else { return None };
    let text = str::from_utf8(&bytes).ok()?;
    // Only JSON is compacted; the order of its members stays, as that of columns may count.
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let (mut is_text, mut is_escaped) = (false, false);
    let is_kept = |c: &char| {
        let is_quote = *c == '"' && !is_escaped;
        is_escaped = is_text && *c == '\\' && !is_escaped;
        is_text ^= is_quote;
        is_text || !c.is_ascii_whitespace()
    };
    Some(text.chars().filter(is_kept).collect::<String>().into())
}

/// What the folder says of requests, in the server's terms; they are answered with `output`.
pub(crate) fn scoring(folder: &Folder, output: Option<&str>) -> Scoring {
    let signature = folder.model.signature.as_ref();
    let schema = signature.and_then(|signature| signature.inputs.as_ref());
    let parameters = signature.and_then(|signature| signature.params.as_ref());
    let parameter = |param: &mlflow::Param| schema::Parameter {
        name: param.name.as_str().into(),
        kind: kind(&param.kind),
        is_list: param.is_list,
    };
    Scoring {
        schema: schema.map(inputs),
        parameters: parameters.map(|params| params.iter().map(parameter).collect()),
        output: output.map(Arc::from),
        example: folder.example.clone(),
    }
}

/// What the folder says of its model, as the metadata that a model tells of itself.
pub(crate) fn metadata(folder: &Folder, scoring: &Scoring) -> Value {
    let input = |spec: &TensorSpec| {
        // A column has one value a row.
        let column = [None, Some(1)];
        let dims = if spec.dims.len() == 1 { &column[..] } else { &spec.dims };
        let extent = |dim: &Option<usize>| dim.map_or(json!(-1), |dim| json!(dim));
        let shape: Vec<Value> = dims.iter().map(extent).collect();
        json!({"name": &*spec.name, "datatype": spec.dtype.to_string(), "shape": shape})
    };
    let specs = match &scoring.schema {
        Some(schema::Schema::Tensors(tensors)) => tensors.clone(),
        Some(columns) => columns.frame().unwrap_or_default(),
        None => Vec::new(),
    };
    let mut metadata = json!({"platform": "mlflow"});
    if !specs.is_empty() && specs.iter().all(|spec| !spec.name.is_empty()) {
        metadata["inputs"] = specs.iter().map(input).collect();
    }
    if let Some(uuid) = &folder.model.model_uuid {
        metadata["versions"] = json!([uuid]);
    }
    if let Some(version) = &folder.model.mlflow_version {
        metadata["custom"] = json!({"mlflow_version": version});
    }
    metadata
}

/// A reader gives columns alone or tensors alone.
fn inputs(schema: &mlflow::Schema) -> schema::Schema {
    let name = |column: &mlflow::Column| Arc::from(column.name.as_deref().unwrap_or_default());
    let tensor = |column: &mlflow::Column| match &column.kind {
        Kind::Tensor { dtype, shape } => {
            let dims = shape.iter().map(|&dim| usize::try_from(dim).ok()).collect();
            Some(TensorSpec::new(name(column), self::dtype(dtype), dims))
        }
        _ => None,
    };
    if let Some(tensors) = schema.columns.iter().map(tensor).collect() {
        return schema::Schema::Tensors(tensors);
    }
    let column = |column: &mlflow::Column| schema::Column {
        name: name(column),
        kind: kind(&column.kind),
        required: column.required,
    };
    schema::Schema::Columns(schema.columns.iter().map(column).collect())
}

fn kind(kind: &Kind) -> ColumnType {
    match kind {
        Kind::Boolean => ColumnType::Boolean,
        Kind::Integer => ColumnType::Integer,
        Kind::Long => ColumnType::Long,
        Kind::Float => ColumnType::Float,
        Kind::Double => ColumnType::Double,
        Kind::Text => ColumnType::Text,
        Kind::Binary => ColumnType::Binary,
        Kind::Datetime => ColumnType::Other("datetime".into()),
        Kind::Other(name) => ColumnType::Other(name.as_str().into()),
        Kind::Tensor { .. } => ColumnType::Other("tensor".into()),
    }
}

/// The element type that numpy calls so; texts and objects are BYTES.
fn dtype(name: &str) -> DType {
    match name {
        "bool" => DType::Bool,
        "uint8" => DType::U8,
        "uint16" => DType::U16,
        "uint32" => DType::U32,
        "uint64" => DType::U64,
        "int8" => DType::I8,
        "int16" => DType::I16,
        "int32" => DType::I32,
        "int64" => DType::I64,
        "float16" => DType::F16,
        "float32" => DType::F32,
        "float64" => DType::F64,
        _ => DType::Bytes,
    }
}

fn real(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize().with_context(|| format!("`{}`", path.display()))
}
