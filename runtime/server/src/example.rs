//! Requests that a model accepts: what a newcomer is told to try.

use radiant_core::schema::{Column, ColumnType, Schema, Scoring};
use radiant_core::{DType, Form, Signature, TensorSpec};
use radiant_protocol::json;

use crate::node::Node;

/// More zeros in a row than this are written by the shell instead of being shown.
const SHOWN_MAX: usize = 64;
/// An example with more elements than this would take a shell too long.
const ELEMENTS_MAX: usize = 1 << 24;
/// Stands around a run of zeros until the text is cut into pieces.
const MARK: char = '\0';

/// A request in one protocol, as JSON: a body for a path of the REST port, or a message for a method
/// of the gRPC port in protobuf's JSON form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The protocol's name.
    pub protocol: &'static str,
    /// `REST` or `gRPC`.
    pub transport: &'static str,
    /// The path, or the service and method.
    pub target: String,
    /// The request.
    pub body: ExampleBody,
}

/// The text of a request, in which long runs of zeros are only counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleBody {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Zeros { zero: String, n: usize },
}

impl ExampleBody {
    fn new(marked: &str) -> Self {
        let piece = |(at, piece): (usize, &str)| match piece.split_once(' ') {
            Some((n, zero)) if at % 2 == 1 => {
                Piece::Zeros { zero: zero.to_owned(), n: n.parse().unwrap_or(1) }
            }
            _ => Piece::Text(piece.to_owned()),
        };
        Self { pieces: marked.split(MARK).enumerate().map(piece).collect() }
    }

    /// The request, where it is short.
    pub fn text(&self) -> Option<&str> {
        match &self.pieces[..] {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Commands for a POSIX shell that print the request.
    pub fn shell(&self) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let command = |piece: &Piece| match piece {
            Piece::Text(text) => format!("printf %s {}", quoted(text)),
            Piece::Zeros { zero, n } => {
                let (first, rest) = (quoted(zero), quoted(&format!(",{zero}")));
                let n = n.saturating_sub(1);
                format!("printf %s {first}; yes {rest} | head -n {n} | tr -d '\\n'")
            }
        };
        self.pieces.iter().map(command).collect::<Vec<_>>().join("; ")
    }
}

/// A body for `/api/v1.0/predictions`: zeros in the shape of the model's inputs. `None` when that
/// would be too long to show.
pub(crate) fn request_body(node: &Node) -> Option<String> {
    let Some((engine, _)) = node.engine() else {
        return Some(r#"{"data":{"ndarray":[[1,2.5]]}}"#.to_owned());
    };
    let body = ExampleBody::new(&seldon(&engine.signature().inputs)?);
    body.text().map(str::to_owned)
}

/// A request for each protocol that one row of zeros can be sent in. MLflow's is there for a model in
/// a folder of MLflow, and is the one that the folder has, if it has one.
pub fn examples(model: &str, signature: &Signature, scoring: &Scoring) -> Vec<Example> {
    let inputs = &signature.inputs[..];
    let example = |protocol, transport, target: &str, body: Option<String>| {
        let body = ExampleBody::new(&body?);
        Some(Example { protocol, transport, target: target.to_owned(), body })
    };
    let rest = |protocol, target: &str, body| example(protocol, "REST", target, body);
    let grpc = |protocol, target: &str, body| example(protocol, "gRPC", target, body);
    let (v1, v2, tfs) = ("Seldon v1", "Open Inference V2", "TensorFlow Serving");
    let all = [
        rest(v1, "/api/v1.0/predictions", seldon(inputs)),
        grpc(v1, "seldon.protos.Seldon/Predict", seldon(inputs)),
        rest(v2, &format!("/v2/models/{model}/infer"), oip_json(inputs)),
        grpc(v2, "inference.GRPCInferenceService/ModelInfer", oip_proto(model, inputs)),
        rest(tfs, &format!("/v1/models/{model}:predict"), tfs_json(inputs)),
        grpc(tfs, "tensorflow.serving.PredictionService/Predict", tfs_proto(model, inputs)),
        rest("MLflow", "/invocations", mlflow(scoring, signature)),
    ];
    all.into_iter().flatten().collect()
}

fn seldon(inputs: &[TensorSpec]) -> Option<String> {
    let [input] = inputs else {
        return Some(format!(r#"{{"jsonData":{}}}"#, by_name(inputs)?));
    };
    if let Some(rows) = zeros(input) {
        return Some(format!(r#"{{"data":{{"ndarray":{rows}}}}}"#));
    }
    let (dims, flat) = one_row(input)?;
    // A list of numbers has one type.
    let is_number = !matches!(input.dtype, DType::Bool | DType::Bytes);
    is_number.then(|| format!(r#"{{"data":{{"tensor":{{"shape":{dims:?},"values":[{flat}]}}}}}}"#))
}

fn oip_json(inputs: &[TensorSpec]) -> Option<String> {
    listed(inputs, |spec, dims, flat| {
        let (name, dtype) = (quoted(&spec.name), spec.dtype.name());
        Some(format!(r#"{{"name":{name},"datatype":"{dtype}","shape":{dims:?},"data":[{flat}]}}"#))
    })
    .map(|inputs| format!(r#"{{"inputs":[{inputs}]}}"#))
}

fn oip_proto(model: &str, inputs: &[TensorSpec]) -> Option<String> {
    listed(inputs, |spec, dims, flat| {
        let (name, dtype) = (quoted(&spec.name), spec.dtype.name());
        let field = match spec.dtype {
            DType::Bool => "bool_contents",
            DType::U8 | DType::U16 | DType::U32 => "uint_contents",
            DType::U64 => "uint64_contents",
            DType::I8 | DType::I16 | DType::I32 => "int_contents",
            DType::I64 => "int64_contents",
            DType::F32 => "fp32_contents",
            DType::F64 => "fp64_contents",
            DType::Bytes => "bytes_contents",
            // These have no field of their own, only raw bytes.
            DType::F16 | DType::BF16 => return None,
        };
        Some(format!(
            r#"{{"name":{name},"datatype":"{dtype}","shape":{dims:?},"contents":{{"{field}":[{flat}]}}}}"#
        ))
    })
    .map(|inputs| format!(r#"{{"model_name":"{model}","inputs":[{inputs}]}}"#))
}

fn tfs_json(inputs: &[TensorSpec]) -> Option<String> {
    let instance = match inputs {
        // The list of instances is the first axis.
        [input] => return Some(format!(r#"{{"instances":{}}}"#, zeros(input)?)),
        inputs => by_name(inputs)?,
    };
    Some(format!(r#"{{"inputs":{instance}}}"#))
}

fn tfs_proto(model: &str, inputs: &[TensorSpec]) -> Option<String> {
    listed(inputs, |spec, dims, flat| {
        let (dtype, field) = match spec.dtype {
            DType::Bool => ("DT_BOOL", "bool_val"),
            DType::U8 => ("DT_UINT8", "int_val"),
            DType::U16 => ("DT_UINT16", "int_val"),
            DType::U32 => ("DT_UINT32", "uint32_val"),
            DType::U64 => ("DT_UINT64", "uint64_val"),
            DType::I8 => ("DT_INT8", "int_val"),
            DType::I16 => ("DT_INT16", "int_val"),
            DType::I32 => ("DT_INT32", "int_val"),
            DType::I64 => ("DT_INT64", "int64_val"),
            DType::F16 => ("DT_HALF", "half_val"),
            DType::BF16 => ("DT_BFLOAT16", "half_val"),
            DType::F32 => ("DT_FLOAT", "float_val"),
            DType::F64 => ("DT_DOUBLE", "double_val"),
            DType::Bytes => ("DT_STRING", "string_val"),
        };
        let flat = if field == "half_val" { flat.replace("0.0", "0") } else { flat.to_owned() };
        let dims: Vec<_> = dims.iter().map(|dim| format!(r#"{{"size":{dim}}}"#)).collect();
        let (name, dims) = (quoted(&spec.name), dims.join(","));
        Some(format!(
            r#"{name}:{{"dtype":"{dtype}","tensor_shape":{{"dim":[{dims}]}},"{field}":[{flat}]}}"#
        ))
    })
    .map(|inputs| format!(r#"{{"model_spec":{{"name":"{model}"}},"inputs":{{{inputs}}}}}"#))
}

fn mlflow(scoring: &Scoring, signature: &Signature) -> Option<String> {
    if let Some(example) = &scoring.example {
        return Some(example.to_string());
    }
    let rows = |specs: &[TensorSpec]| match specs {
        [only] => Some(format!(r#"{{"inputs":{}}}"#, zeros(only)?)),
        several => Some(format!(r#"{{"inputs":{}}}"#, by_name(several)?)),
    };
    match &scoring.schema {
        Some(Schema::Columns(columns)) => {
            let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
            let row: Option<Vec<&str>> = columns.iter().map(zero_of).collect();
            let (names, row) = (names.join(","), row?.join(","));
            Some(format!(r#"{{"dataframe_split":{{"columns":[{names}],"data":[[{row}]]}}}}"#))
        }
        Some(Schema::Tensors(specs)) => rows(specs),
        // Without a signature a folder still says what answers.
        None if scoring.output.is_none() => None,
        None => match (signature.form, &signature.inputs[..]) {
            (Form::Tensors, [_, _, ..]) => None,
            (_, [only]) => rows(std::slice::from_ref(only)),
            (_, columns) => {
                let names: Vec<String> = columns.iter().map(|spec| quoted(&spec.name)).collect();
                let row: Vec<&str> = columns.iter().map(|spec| zero(spec.dtype)).collect();
                let (names, row) = (names.join(","), row.join(","));
                Some(format!(r#"{{"dataframe_split":{{"columns":[{names}],"data":[[{row}]]}}}}"#))
            }
        },
    }
}

/// What stands for zero in a column, if any value does.
fn zero_of(column: &Column) -> Option<&'static str> {
    Some(match &column.kind {
        ColumnType::Boolean => "false",
        ColumnType::Integer | ColumnType::Long => "0",
        ColumnType::Float | ColumnType::Double => "0.0",
        ColumnType::Text | ColumnType::Binary => "\"\"",
        ColumnType::Other(_) => return None,
    })
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    json::push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

/// Each input as `write` has it from its shape and its elements as a list without brackets.
fn listed(
    inputs: &[TensorSpec],
    write: impl Fn(&TensorSpec, &[usize], &str) -> Option<String>,
) -> Option<String> {
    let inputs: Option<Vec<String>> = inputs
        .iter()
        .map(|spec| {
            let (dims, flat) = one_row(spec)?;
            write(spec, &dims, &flat)
        })
        .collect();
    Some(inputs?.join(","))
}

fn by_name(inputs: &[TensorSpec]) -> Option<String> {
    let input = |spec: &TensorSpec| Some(format!("{}:{}", quoted(&spec.name), zeros(spec)?));
    let inputs: Option<Vec<String>> = inputs.iter().map(input).collect();
    Some(format!("{{{}}}", inputs?.join(",")))
}

/// One row of zeros as nested lists, if it is short.
fn zeros(spec: &TensorSpec) -> Option<String> {
    let (dims, n_elements) = extents(spec)?;
    let nest = |inner: String, dim: &usize| format!("[{}]", vec![inner; *dim].join(","));
    let is_short = n_elements <= SHOWN_MAX;
    is_short.then(|| dims.iter().rev().fold(zero(spec.dtype).to_owned(), nest))
}

/// The shape of one row, and its zeros as a list without brackets.
fn one_row(spec: &TensorSpec) -> Option<(Vec<usize>, String)> {
    let (dims, n_elements) = extents(spec)?;
    let zero = zero(spec.dtype);
    let flat = if n_elements <= SHOWN_MAX {
        vec![zero; n_elements].join(",")
    } else {
        format!("{MARK}{n_elements} {zero}{MARK}")
    };
    Some((dims, flat))
}

/// The shape of one row, and its number of elements.
fn extents(spec: &TensorSpec) -> Option<(Vec<usize>, usize)> {
    let dims: Vec<usize> = spec.dims.iter().map(|dim| dim.unwrap_or(1)).collect();
    let n_elements = dims.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim))?;
    (n_elements <= ELEMENTS_MAX).then_some((dims, n_elements))
}

fn zero(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "false",
        DType::Bytes => "\"\"",
        dtype if dtype.is_float() => "0.0",
        _ => "0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(dtype: DType, dims: &[Option<usize>]) -> TensorSpec {
        TensorSpec::new("x", dtype, dims.to_vec())
    }

    #[test]
    fn an_example_has_the_shape_of_the_input() {
        assert_eq!(zeros(&spec(DType::F32, &[None, Some(2)])).unwrap(), "[[0.0,0.0]]");
        assert_eq!(zeros(&spec(DType::I64, &[None])).unwrap(), "[0]");
        assert_eq!(zeros(&spec(DType::F32, &[None, Some(3), Some(999)])), None);
    }

    #[test]
    fn every_protocol_has_an_example_as_json() {
        for dtype in DType::ALL {
            let inputs = vec![spec(dtype, &[None, Some(2)])];
            let signature = Signature::new(inputs, Vec::new());
            let examples = examples("m", &signature, &Scoring::default());
            let n_expected = if matches!(dtype, DType::F16 | DType::BF16) { 5 } else { 6 };
            assert_eq!(examples.len(), n_expected, "{dtype}");
        }
    }

    fn of_mlflow(scoring: &Scoring, inputs: Vec<TensorSpec>) -> Option<String> {
        let examples = examples("m", &Signature::new(inputs, Vec::new()), scoring);
        let found = examples.iter().find(|example| example.protocol == "MLflow")?;
        found.body.text().map(str::to_owned)
    }

    #[test]
    fn a_folder_of_mlflow_has_a_request_of_its_own() {
        let row = || vec![spec(DType::F64, &[None, Some(2)])];
        let none = Scoring::default();
        assert_eq!(of_mlflow(&none, row()), None);
        let column = |name: &str, kind| Column { name: name.into(), kind, required: true };
        let columns = vec![column("a \"b\"", ColumnType::Double), column("c", ColumnType::Boolean)];
        let scoring = Scoring { schema: Some(Schema::Columns(columns)), ..none.clone() };
        let split = r#"{"dataframe_split":{"columns":["a \"b\"","c"],"data":[[0.0,false]]}}"#;
        assert_eq!(of_mlflow(&scoring, row()).as_deref(), Some(split));
        let example = Some(r#"{"instances":[[1]]}"#.into());
        let shown = Scoring { example, ..scoring };
        assert_eq!(of_mlflow(&shown, row()).as_deref(), Some(r#"{"instances":[[1]]}"#));
        let tensors = Scoring { schema: Some(Schema::Tensors(row())), ..none.clone() };
        assert_eq!(of_mlflow(&tensors, row()).as_deref(), Some(r#"{"inputs":[[0.0,0.0]]}"#));
        // A column that no value is known for.
        let dates = vec![column("d", ColumnType::Other("datetime".into()))];
        let dates = Scoring { schema: Some(Schema::Columns(dates)), ..none };
        assert_eq!(of_mlflow(&dates, row()), None);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "no server runs here; a user's shell would")]
    fn a_shell_writes_what_is_too_long_to_show() {
        let inputs = vec![spec(DType::F32, &[None, Some(3), Some(50)])];
        let signature = Signature::new(inputs, Vec::new());
        let examples = examples("it's", &signature, &Scoring::default());
        // Nested lists cannot be written so simply.
        assert_eq!(examples.len(), 5);
        let flat = vec!["0.0"; 150].join(",");
        for Example { body, .. } in &examples {
            assert_eq!(body.text(), None);
            let output = std::process::Command::new("sh").args(["-c", &body.shell()]).output();
            let text = String::from_utf8(output.unwrap().stdout).unwrap();
            assert!(text.contains(&format!("[{flat}]")), "{text}");
            assert!(text.starts_with('{') && text.ends_with('}'), "{text}");
        }
    }
}
