//! Why a library or a model was refused, and the containment of the `ort` crate's panics.
//!
//! No error of ONNX Runtime leaves this crate as a type: only its text, on one line.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use radiant_core::Error;
use radiant_onnx::pb::{GraphProto, NodeProto};

/// How to come by the library: the end of every error about one that is not there.
const HOW_TO_GET: &str = "install it with `pip install onnxruntime` (the library is \
     `onnxruntime/capi/libonnxruntime.so.X.Y.Z` in the package) or unpack a release of \
     https://github.com/microsoft/onnxruntime/releases, and give the path of the file";

/// Why there is no ONNX Runtime to use.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// It is in none of the usual places.
    #[error("libonnxruntime.so was not found; tried {}; {HOW_TO_GET}", .tried.join(", "))]
    NotFound {
        /// Where it was looked for, each with what was wrong there, if anything was.
        tried: Vec<String>,
    },
    /// There is no such file, or the folder has no library.
    #[error("`{}`: there is no libonnxruntime.so; {HOW_TO_GET}", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file cannot be used.
    #[error("`{}` cannot be loaded: {problem}; {HOW_TO_GET}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What the dynamic loader or ONNX Runtime says about it.
        problem: String,
    },
    /// The library is older than what this engine speaks to.
    #[error(
        "`{}`: expected ONNX Runtime {minimum} or later, got {version}; {HOW_TO_GET}",
        path.display()
    )]
    TooOld {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: String,
        /// The oldest version that will do.
        minimum: String,
    },
    /// Another library is loaded already; a process can have one.
    #[error(
        "`{}` cannot be loaded beside `{}`: a process has one ONNX Runtime",
        wanted.display(),
        loaded.display()
    )]
    Conflict {
        /// The file that is loaded.
        loaded: PathBuf,
        /// The file that was asked for.
        wanted: PathBuf,
    },
}

/// Why this engine does not take a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The graph's inputs or outputs are none that the server has.
    #[error(transparent)]
    Signature(#[from] radiant_onnx::OnnxError),
    /// The model does not fit a protobuf message.
    #[error("model: expected at most {limit} bytes, the longest protobuf message, got {bytes}")]
    TooLarge {
        /// The model's size.
        bytes: u64,
        /// The largest size.
        limit: u64,
    },
    /// ONNX Runtime has this operator, and would answer otherwise than the standard says.
    #[error("{node}: {reason}")]
    Operator {
        /// The node, and its operator.
        node: String,
        /// What ONNX Runtime does not do right.
        reason: &'static str,
    },
    /// An input can have no elements, on which ONNX Runtime must not run.
    #[error("input `{name}`: expected a shape with elements, got an extent of 0")]
    Empty {
        /// The input's name.
        name: String,
    },
    /// ONNX Runtime does not load the graph.
    #[error("ONNX Runtime cannot load the model: {culprit}{text}")]
    Refused {
        /// The operator that the text speaks of, as ``operator `X` (node `Y`): ``, or nothing.
        culprit: String,
        /// ONNX Runtime's own words.
        text: String,
    },
    /// An operator on text needs a locale that the host lacks.
    #[error(
        "ONNX Runtime cannot load the model: {culprit}this operator needs a locale that is not \
         installed here, `en_US.UTF-8` unless the model names another; install it (Debian: package \
         `locales`, then `localedef -i en_US -f UTF-8 en_US.UTF-8`) or use the native engine, which \
         needs none: {text}"
    )]
    Locale {
        /// As in [`Refused`](Self::Refused).
        culprit: String,
        /// ONNX Runtime's own words.
        text: String,
    },
    /// ONNX Runtime and the file do not agree on an input or output.
    #[error(
        "onnxruntime does not see what the file declares: {side} {index}: expected {expected}, got \
         {got}"
    )]
    Mismatch {
        /// `input` or `output`.
        side: &'static str,
        /// Its place among the inputs or outputs.
        index: usize,
        /// Name and type in the file.
        expected: String,
        /// Name and type in ONNX Runtime.
        got: String,
    },
    /// The `ort` crate panicked.
    #[error("ONNX Runtime's binding panicked while it loaded the model")]
    Panicked(#[source] Panic),
}

impl LoadError {
    /// ONNX Runtime's refusal, with the operator that it speaks of.
    #[cold]
    pub(crate) fn refused(text: &str, graph: &GraphProto) -> Self {
        let text = one_line(text);
        if text.contains("Failed to construct locale") {
            // Not every version names the operator; there is but one that asks for a locale.
            let culprit = culprit("(StringNormalizer)", graph);
            return Self::Locale { culprit, text };
        }
        Self::Refused { culprit: culprit(&text, graph), text }
    }
}

/// What a panic said: for logs, not for clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("panic: {0}")]
pub struct Panic(pub(crate) String);

/// What ONNX Runtime said when it gave an error: for logs, not for clients.
#[derive(Debug, Clone, thiserror::Error)]
#[error("onnxruntime: {0}")]
struct Complaint(String);

/// The failure of a request.
#[cold]
pub(crate) fn run_error(error: &ort::Error) -> Error {
    let complaint = Complaint(one_line(error.message()));
    Error::model_failed("model failed on this input").with_source(complaint)
}

/// Calls into the `ort` crate; a panic stays here. What the closure borrowed must not be used after
/// one.
pub(crate) fn contain<T>(call: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| Panic(panic_text(&*payload)))
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is no text".to_owned()
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The operator that ONNX Runtime's words name, by its node's name if that is there.
fn culprit(text: &str, graph: &GraphProto) -> String {
    let nodes = graph.all_nodes();
    let by_name = |node: &&&NodeProto| {
        let quoted = [('"', '"'), ('\'', '\''), ('(', ')')];
        let name = &node.name;
        !name.is_empty() && quoted.iter().any(|(a, z)| text.contains(&format!("{a}{name}{z}")))
    };
    let by_operator = |node: &&&NodeProto| {
        let op = &node.op_type;
        let forms = [
            format!(" {op}("),
            format!(":{op}("),
            format!("({op})"),
            format!(", {op},"),
            format!("::{op}::"),
        ];
        forms.iter().any(|form| text.contains(form))
    };
    let found = nodes.iter().find(by_name).or_else(|| nodes.iter().find(by_operator));
    let Some(node) = found else { return String::new() };
    let domain = node.canonical_domain();
    let dot = if domain.is_empty() { "" } else { "." };
    let name = match node.name.as_str() {
        "" => node.output.first().map_or("", String::as_str),
        name => name,
    };
    format!("operator `{domain}{dot}{}` (node `{name}`): ", node.op_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: &[(&str, &str, &str)]) -> GraphProto {
        let node = |&(domain, op_type, name): &(&str, &str, &str)| NodeProto {
            domain: domain.to_owned(),
            op_type: op_type.to_owned(),
            name: name.to_owned(),
            output: vec!["y".to_owned()],
            ..NodeProto::default()
        };
        GraphProto { node: nodes.iter().map(node).collect(), ..GraphProto::default() }
    }

    /// The texts are those of ONNX Runtime 1.32.
    #[test]
    fn refusals_name_the_operator_that_the_text_speaks_of() {
        let graph = graph(&[
            ("", "Relu", "first"),
            ("com.acme", "Foo", ""),
            ("", "Sin", "wave"),
            ("", "MatMul", "product"),
        ]);
        for (text, culprit) in [
            (
                "Fatal error: com.acme:Foo(-1) is not a registered function/op",
                "operator `com.acme.Foo` (node `y`): ",
            ),
            (
                "Could not find an implementation for Sin(22) node with name 'wave'",
                "operator `Sin` (node `wave`): ",
            ),
            (
                "Node (product) Op (MatMul) [ShapeInferenceError] Incompatible dimensions",
                "operator `MatMul` (node `product`): ",
            ),
            (
                "In Node, (\"\", Foo, \"\", -1) : (\"x\": tensor(float),) -> (), Error No Op",
                "operator `com.acme.Foo` (node `y`): ",
            ),
            ("Protobuf parsing failed.", ""),
        ] {
            let expected = format!("ONNX Runtime cannot load the model: {culprit}{text}");
            assert_eq!(LoadError::refused(text, &graph).to_string(), expected);
        }
    }

    #[test]
    fn a_missing_locale_is_explained_with_a_way_out() {
        let text = "Exception during initialization: /onnxruntime_src/string_normalizer.cc:235 \
                    onnxruntime::StringNormalizer::Locale::Locale(const std::string&)::<lambda()> \
                    Failed to construct locale with name:en_US.UTF-8:locale::facet::\
                    _S_create_c_locale name not valid:Please, install necessary language-pack-XX \
                    and configure locales";
        let graph = graph(&[("", "StringNormalizer", "lower")]);
        let error = LoadError::refused(text, &graph).to_string();
        assert!(error.contains("operator `StringNormalizer` (node `lower`): "), "{error}");
        assert!(error.contains("`en_US.UTF-8`") && error.contains("native engine"), "{error}");
    }
}
