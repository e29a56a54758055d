//! Classes by the votes of nearest neighbours.

use radiant_core::{Error, Strings};
use radiant_formats::Node;

use super::search::Neighbours;
use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::reduce::sums::sum;
use crate::sklearn::source::{Read, Source, labels};

/// The classes of one output, and which of them each row of the training set has.
#[derive(Debug)]
struct Output {
    classes: Data<'static>,
    /// Places in the classes.
    // Invariant: one for each row, each a place in the classes.
    of_rows: Vec<usize>,
}

/// `KNeighborsClassifier`.
#[derive(Debug)]
struct Classifier {
    neighbours: Neighbours,
    // Invariant: at least one.
    outputs: Vec<Output>,
    has_two_axes: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let neighbours = Neighbours::read(source, "n_neighbors")?;
    let has_two_axes = source.flag("outputs_2d_", false)?;
    let classes_node = source.attr("classes_")?;
    let classes: Vec<_> = if has_two_axes {
        classes_node.items()?.map(labels).collect::<Read<_>>()?
    } else {
        vec![labels(classes_node)?]
    };
    if classes.is_empty() {
        return Err(classes_node.expected("the classes of at least one output"));
    }
    let targets = targets(source.attr("_y")?, neighbours.n_rows(), &classes)?;
    let outputs = classes.into_iter().zip(targets);
    let outputs = outputs.map(|(classes, of_rows)| Output { classes, of_rows }).collect();
    Ok(Box::new(Classifier { neighbours, outputs, has_two_axes }))
}

/// The class of each row, for each output.
pub(super) fn targets(
    node: Node<'_>,
    n_rows: usize,
    classes: &[Data<'_>],
) -> Read<Vec<Vec<usize>>> {
    let array = node.array()?;
    let n_outputs = classes.len();
    let is_whole = match *array.shape() {
        [n] => n == n_rows && n_outputs == 1,
        [n, columns] => n == n_rows && columns == n_outputs,
        _ => false,
    };
    if !is_whole {
        return Err(array.expected(format_args!("{n_outputs} classes for {n_rows} rows")));
    }
    let places = array.to_i64()?;
    let of_output = |(at, classes): (usize, &Data<'_>)| {
        let place = |place: &i64| {
            let place = usize::try_from(*place).ok().filter(|place| *place < classes.len());
            place.ok_or_else(|| array.expected("places of classes"))
        };
        places.iter().skip(at).step_by(n_outputs).map(place).collect()
    };
    classes.iter().enumerate().map(of_output).collect()
}

impl Classifier {
    /// For each output the votes of each class, `[n_rows, n_classes]`.
    ///
    /// Labels go by other sums than probabilities: those of numpy, of each class's weights among
    /// zeros.
    fn votes(&self, method: Method, x: &Table<'_>) -> Result<(usize, Vec<Vec<f64>>), Error> {
        let adds_up_at_once = method == Method::Predict && self.neighbours.by_distance();
        let mut terms = Vec::new();
        let n_rows = x.n_rows();
        let mut votes: Vec<Vec<f64>> = (self.outputs.iter())
            .map(|output| Vec::with_capacity(n_rows * output.classes.len()))
            .collect();
        let n_rows = self.neighbours.each(x, |weighted| {
            for (votes, output) in votes.iter_mut().zip(&self.outputs) {
                let start = votes.len();
                votes.resize(start + output.classes.len(), 0.0);
                let votes = &mut votes[start..];
                if adds_up_at_once && weighted.len() >= 8 {
                    for (class, votes) in votes.iter_mut().enumerate() {
                        terms.clear();
                        terms.extend(weighted.iter().map(|(weight, row)| {
                            if output.of_rows[*row] == class { *weight } else { 0.0 }
                        }));
                        *votes = sum(&terms);
                    }
                    continue;
                }
                for (weight, row) in weighted {
                    votes[output.of_rows[*row]] += weight;
                }
            }
        })?;
        Ok((n_rows, votes))
    }

    fn labels(&self, n_rows: usize, votes: &[Vec<f64>]) -> Answer {
        let outputs = self.outputs.iter().zip(votes);
        let mut columns: Vec<Data<'static>> = outputs
            .map(|(Output { classes, .. }, votes)| {
                classes.pick(votes.chunks_exact(classes.len()).map(argmax))
            })
            .collect();
        if !self.has_two_axes && columns.len() == 1 {
            return Answer::column(columns.swap_remove(0));
        }
        Answer::matrix(n_rows, columns.len(), side_by_side(n_rows, &columns))
    }
}

/// Columns as the rows of a matrix, in the type of the first.
fn side_by_side(n_rows: usize, columns: &[Data<'static>]) -> Data<'static> {
    fn rows<T: Clone>(n_rows: usize, columns: &[&[T]]) -> Vec<T> {
        let row = |row: usize| columns.iter().filter_map(move |column| column.get(row).cloned());
        (0..n_rows).flat_map(row).collect()
    }
    macro_rules! same {
        ($variant:ident) => {{
            let all: Option<Vec<_>> = columns
                .iter()
                .map(|column| match column {
                    Data::$variant(values) => Some(&values[..]),
                    _ => None,
                })
                .collect();
            if let Some(all) = all {
                return Data::$variant(rows(n_rows, &all).into());
            }
        }};
    }
    same!(I64);
    same!(F64);
    same!(F32);
    same!(Bool);
    let cells = (0..n_rows).flat_map(|row| columns.iter().filter_map(move |c| c.cell(row)));
    if columns.iter().all(|column| matches!(column, Data::Text(_))) {
        let mut texts = Strings::new();
        for row in 0..n_rows {
            for column in columns {
                if let Data::Text(values) = column
                    && let Some(text) = values.get(row)
                {
                    texts.push(text);
                }
            }
        }
        return Data::Text(std::borrow::Cow::Owned(texts));
    }
    Data::Cells(cells.collect())
}

impl Estimator for Classifier {
    fn fact(&self, method: Method) -> Option<Fact> {
        let first = &self.outputs.first()?.classes;
        match method {
            Method::Predict if self.has_two_axes => {
                Some(Fact { dtype: first.dtype(), width: Width::Columns(Some(self.outputs.len())) })
            }
            Method::Predict => Some(Fact::labels(first)),
            Method::PredictProba if self.has_two_axes => {
                Some(Fact { width: Width::List(self.outputs.len()), ..Fact::NUMBER })
            }
            Method::PredictProba => Some(Fact::numbers(first.len())),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if !matches!(method, Method::Predict | Method::PredictProba) {
            return Err(no_method(&self.neighbours.intake.class, method));
        }
        let (n_rows, votes) = self.votes(method, x)?;
        if method == Method::Predict {
            return Ok(self.labels(n_rows, &votes));
        }
        let arrays = votes.into_iter().zip(&self.outputs).map(|(mut votes, output)| {
            let n_classes = output.classes.len();
            for row in votes.chunks_exact_mut(n_classes) {
                let sum: f64 = row.iter().sum();
                let sum = if sum == 0.0 { 1.0 } else { sum };
                for vote in &mut *row {
                    *vote /= sum;
                }
            }
            Array::matrix(n_rows, n_classes, votes)
        });
        let mut arrays: Vec<_> = arrays.collect();
        if self.has_two_axes {
            return Ok(Answer::List(arrays));
        }
        // There is an output, and a second one only with two axes.
        Ok(Answer::Table(Table::Array(arrays.swap_remove(0))))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.neighbours.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        if self.has_two_axes { None } else { self.outputs.first().map(|output| &output.classes) }
    }
}
