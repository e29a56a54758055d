//! Estimators behind the server's trait.
//!
//! Outputs are the methods that an estimator has, under their names in scikit-learn, `predict` first:
//! that is what a request gets which asks for none, as of MLServer. Seldon's own server answers
//! `predict_proba` of what has it. Of an estimator with several outputs `predict_proba` is one output
//! for each: `predict_proba_0`, `predict_proba_1`, and so on.
//!
//! Sources: `sklearnserver` of Seldon Core 1.18.2; `mlserver_sklearn` 1.7.1.

use std::sync::Arc;

use radiant_core::{
    Answers, Cancel, Classifier, DType, Engine, Error, Form, Signature, Strings, Tensor,
    TensorData, TensorSpec,
};
use radiant_formats::{Audit, FormatError, Graph, Limits, Node, object};

use super::data::{Array, Cell, Data, Table};
use super::estimator::{Answer, Estimator, Fact, Method, Wants, Width};
use super::version::Version;
use super::{bind, registry};
use crate::Unsupported;
use crate::first::put_first;

/// The name of the one input of models that do not know the names of columns.
const INPUT: &str = "input";

/// An estimator of scikit-learn, or of XGBoost or LightGBM for scikit-learn, with what it was fitted
/// to.
#[derive(Debug)]
pub struct SklearnEngine {
    estimator: Box<dyn Estimator>,
    wants: Wants,
    /// The names of the columns, where the model knows them.
    names: Vec<String>,
    /// What gives each output: a method, and which of its arrays.
    outputs: Vec<(Method, Option<usize>)>,
    signature: Signature,
    description: String,
}

impl SklearnEngine {
    /// Reads a pickle, a file of joblib (compressed or not), or a file of skops.
    ///
    /// # Errors
    /// [`FormatError`] if the bytes are none of these or contradict themselves, if they name what
    /// would run code, or if an estimator is one that is not known, by name and place.
    pub fn read(bytes: Vec<u8>, limits: &Limits, audit: &Audit) -> Result<Self, FormatError> {
        let graph = object::read(bytes, limits, audit)?;
        Self::new(&graph)
    }

    fn new(graph: &Graph) -> Result<Self, FormatError> {
        let root = graph.root();
        let estimator = registry::read(root, Version::UNKNOWN)?;
        let wants = estimator.wants();
        let mut outputs = Vec::new();
        let mut specs = Vec::new();
        for method in Method::ALL {
            let Some(fact) = estimator.fact(method) else { continue };
            match fact.width {
                Width::List(n) => {
                    for at in 0..n {
                        outputs.push((method, Some(at)));
                        let dims = vec![None, None];
                        let name = format!("{}_{at}", method.name());
                        specs.push(TensorSpec::new(name, fact.dtype, dims));
                    }
                }
                Width::One | Width::Columns(_) => {
                    outputs.push((method, None));
                    specs.push(spec(method, fact));
                }
            }
        }
        if outputs.is_empty() {
            return Err(root.expected("an estimator that predicts or transforms"));
        }
        let (names, description) = (feature_names(root)?, description(root));
        let (inputs, form) = inputs(&wants, &names);
        let classifier = classifier(&*estimator, &outputs);
        let answers = Answers::First;
        let signature = Signature { classifier, answers, form, ..Signature::new(inputs, specs) };
        Ok(Self { estimator, wants, names, outputs, signature, description })
    }

    /// The same estimator, which answers with this output where none is asked for.
    ///
    /// # Errors
    /// [`Unsupported`] if it has no such output.
    pub fn answering(mut self, output: &str) -> Result<Self, Unsupported> {
        put_first(&mut self.signature, &mut self.outputs, output)?;
        Ok(self)
    }

    /// `scikit-learn 1.5.2, Pipeline of StandardScaler, LogisticRegression`
    pub fn description(&self) -> &str {
        &self.description
    }
}

impl Engine for SklearnEngine {
    fn name(&self) -> &'static str {
        "native"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Methods run one after the other; one that gives several arrays runs once for them.
    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let table = bind::table(&self.wants, &self.names, inputs)?;
        outputs.resize_with(wanted.len(), Tensor::default);
        let mut last: Option<(Method, Answer)> = None;
        for (&at, output) in wanted.iter().zip(outputs) {
            cancel.check()?;
            let (Some(&(method, which)), Some(spec)) =
                (self.outputs.get(at), self.signature.outputs.get(at))
            else {
                return Err(Error::internal(format!("no output {at}")));
            };
            let answer = match last.take() {
                Some((of, answer)) if of == method && which.is_some() => answer,
                _ => self.estimator.run(method, &table)?,
            };
            output.name = Arc::clone(&spec.name);
            match which {
                None => write(super::estimator::table(answer)?, output)?,
                Some(which) => {
                    if let Answer::List(arrays) = &answer
                        && let Some(array) = arrays.get(which)
                    {
                        write(Table::Array(array.clone()), output)?;
                    }
                    last = Some((method, answer));
                }
            }
        }
        Ok(())
    }
}

fn spec(method: Method, fact: Fact) -> TensorSpec {
    let dims = match fact.width {
        Width::One => vec![None],
        Width::Columns(n_columns) => vec![None, n_columns],
        Width::List(_) => vec![None, None],
    };
    TensorSpec::new(method.name(), fact.dtype, dims)
}

/// Columns by name are those of the training in its order, where they are known: so rows without names
/// are meant. It may have had some that the estimator does not look at.
fn inputs(wants: &Wants, names: &[String]) -> (Vec<TensorSpec>, Form) {
    let numbers = |dims| TensorSpec::new(INPUT, DType::F64, dims);
    match wants {
        Wants::Matrix(n_columns) => (vec![numbers(vec![None, *n_columns])], Form::Matrix),
        Wants::Texts => (vec![TensorSpec::new(INPUT, DType::Bytes, vec![None])], Form::Matrix),
        Wants::Frame(columns) => {
            let dtype = |name: &str| {
                let found = columns.iter().find(|column| column.name == name);
                found.and_then(|column| column.dtype).unwrap_or(DType::F64)
            };
            let spec = |name: &str| TensorSpec::new(name, dtype(name), vec![None]);
            let names = bind::order(columns, names).into_iter().map(spec);
            (names.collect(), Form::Frame)
        }
    }
}

fn classifier(
    estimator: &dyn Estimator,
    outputs: &[(Method, Option<usize>)],
) -> Option<Classifier> {
    let find = |method| outputs.iter().position(|(of, which)| *of == method && which.is_none());
    let (labels, probabilities) = (find(Method::Predict)?, find(Method::PredictProba)?);
    let classes = estimator.classes().map(texts).unwrap_or_default();
    Some(Classifier { labels, probabilities, classes })
}

/// The names of the columns that an estimator was fitted to, or the first of its steps.
fn feature_names(root: Node<'_>) -> Result<Vec<String>, FormatError> {
    let mut node = root;
    // Pipelines may stand in pipelines; a cycle was refused when they were read.
    for _ in 0..8 {
        // A ColumnTransformer before 1.0 kept them to itself.
        for key in ["feature_names_in_", "_feature_names_in"] {
            if let Some(names) = node.attr_some(key)? {
                return names.items()?.map(|name| Ok(name.text()?.into_owned())).collect();
            }
        }
        let Some(steps) = node.attr_some("steps")? else { break };
        node = steps.item(0)?.item(1)?;
    }
    Ok(Vec::new())
}

/// Classes and versions of the outermost objects.
fn description(root: Node<'_>) -> String {
    fn class(node: Node<'_>) -> &str {
        node.class().map_or("?", |class| class.name)
    }
    let version = root.attr_opt("_sklearn_version").ok().flatten();
    let version = version.and_then(|version| Some(version.text_opt()?.into_owned()));
    let mut text = match version {
        Some(version) => format!("scikit-learn {version}, {}", class(root)),
        None => class(root).to_owned(),
    };
    if let Ok(Some(steps)) = root.attr_some("steps")
        && let Ok(steps) = steps.items()
    {
        let steps = steps.filter_map(|step| step.item(1).ok()).map(class);
        text = format!("{text} of {}", steps.collect::<Vec<_>>().join(", "));
    }
    text
}

/// Puts a table into a tensor; columns of several types become texts.
fn write(table: Table<'static>, output: &mut Tensor) -> Result<(), Error> {
    let array = match table {
        Table::Array(array) => array,
        Table::Sparse(sparse) => {
            sparse.check_dense()?;
            Array::matrix(sparse.n_rows(), sparse.n_columns(), sparse.dense())
        }
        Table::Frame { n_rows, columns } => {
            let row = |row: usize| columns.iter().filter_map(move |column| column.cell(row));
            let cells: Vec<Cell> = (0..n_rows).flat_map(row).collect();
            Array::matrix(n_rows, columns.len(), Data::Cells(cells.into()))
        }
    };
    output.shape.set(&[array.n_rows]);
    if let Some(n_columns) = array.n_columns {
        output.shape.push(n_columns);
    }
    output.data = match array.data {
        Data::F64(values) => TensorData::F64(values.into_owned()),
        Data::F32(values) => TensorData::F32(values.into_owned()),
        Data::I64(values) => TensorData::I64(values.into_owned()),
        Data::Bool(values) => TensorData::Bool(values.into_owned()),
        Data::Text(values) => TensorData::Bytes(values.into_owned()),
        Data::Cells(cells) => objects(&cells),
    };
    Ok(())
}

/// Python objects as the one type that all of them have, else as texts.
fn objects(cells: &[Cell]) -> TensorData {
    let integer = |cell: &Cell| match cell {
        Cell::Int(number) => Some(*number),
        _ => None,
    };
    let truth = |cell: &Cell| match cell {
        Cell::Bool(truth) => Some(*truth),
        _ => None,
    };
    let number = |cell: &Cell| match cell {
        Cell::Int(number) => Some(*number as f64),
        Cell::Float(number) => Some(*number),
        Cell::None => Some(f64::NAN),
        Cell::Bool(_) | Cell::Text(_) => None,
    };
    if let Some(integers) = cells.iter().map(integer).collect() {
        return TensorData::I64(integers);
    }
    if let Some(truths) = cells.iter().map(truth).collect() {
        return TensorData::Bool(truths);
    }
    if let Some(numbers) = cells.iter().map(number).collect() {
        return TensorData::F64(numbers);
    }
    let mut strings = Strings::new();
    for cell in cells {
        strings.push(text(cell).as_bytes());
    }
    TensorData::Bytes(strings)
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::None => "None".to_owned(),
        Cell::Bool(truth) => if *truth { "True" } else { "False" }.to_owned(),
        Cell::Int(number) => number.to_string(),
        Cell::Float(number) => format!("{number:?}"),
        Cell::Text(text) => text.to_string(),
    }
}

/// Labels as the texts by which a server names classes.
fn texts(labels: &Data<'static>) -> Strings {
    let mut strings = Strings::new();
    for at in 0..labels.len() {
        let name = labels.cell(at).map(|cell| text(&cell)).unwrap_or_default();
        strings.push(name.as_bytes());
    }
    strings
}
