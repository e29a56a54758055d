//! The classes of one output or of several.

use radiant_core::DType;

use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Array, Cell, Data};
use crate::sklearn::estimator::{Answer, Fact, Width};
use crate::sklearn::source::{Read, Source, labels};

/// The classes of each output of a classifier.
#[derive(Debug)]
pub(crate) struct Outputs {
    // Invariant: at least one, and each has at least one class.
    classes: Vec<Data<'static>>,
    /// Whether answers have an axis for outputs.
    is_multi: bool,
    /// Whether labels of several outputs become numbers in double precision (0.20).
    is_doubles: bool,
}

impl Outputs {
    /// Reads the attribute `classes_`, which is a list where there are several outputs.
    pub(crate) fn read(source: &Source<'_>, n_outputs: usize) -> Read<Self> {
        let node = source.attr("classes_")?;
        if n_outputs <= 1 {
            return Ok(Self::one(labels(node)?));
        }
        let classes = node.items()?.map(labels).collect::<Read<Vec<_>>>()?;
        if classes.len() != n_outputs {
            return Err(node.expected(format_args!("the classes of {n_outputs} outputs")));
        }
        Ok(Self { classes, is_multi: true, is_doubles: !source.since(0, 21) })
    }

    /// Keeps labels of several outputs as they are in all versions.
    pub(crate) fn keeping_types(self) -> Self {
        Self { is_doubles: false, ..self }
    }

    /// A single output.
    pub(crate) fn one(classes: Data<'static>) -> Self {
        Self { classes: vec![classes], is_multi: false, is_doubles: false }
    }

    pub(crate) fn len(&self) -> usize {
        self.classes.len()
    }

    /// The classes, if there is one output.
    pub(crate) fn single(&self) -> Option<&Data<'static>> {
        if self.is_multi { None } else { self.classes.first() }
    }

    /// The classes of an output; `None` behind the last.
    pub(crate) fn classes(&self, output: usize) -> Option<&Data<'static>> {
        self.classes.get(output)
    }

    /// How many classes each output has.
    pub(crate) fn widths(&self) -> impl ExactSizeIterator<Item = usize> {
        self.classes.iter().map(Data::len)
    }

    /// The number of classes of all outputs.
    pub(crate) fn n_classes(&self) -> usize {
        self.widths().sum()
    }

    /// The form of predicted labels.
    pub(crate) fn labels_fact(&self) -> Fact {
        let dtype = self.classes.first().map_or(DType::F64, Data::dtype);
        let width =
            if self.is_multi { Width::Columns(Some(self.classes.len())) } else { Width::One };
        Fact { dtype: if self.is_doubles { DType::F64 } else { dtype }, width }
    }

    /// The form of probabilities.
    pub(crate) fn probabilities_fact(&self) -> Fact {
        match self.single() {
            Some(classes) => Fact::numbers(classes.len()),
            None => Fact { dtype: DType::F64, width: Width::List(self.classes.len()) },
        }
    }

    /// Labels by their places among the classes: `[n_rows, n_outputs]`, row-major.
    pub(crate) fn labels(&self, places: &[usize]) -> Answer {
        let n_outputs = self.classes.len();
        let column = |(output, classes): (usize, &Data<'static>)| {
            classes.pick(places.iter().skip(output).step_by(n_outputs).copied())
        };
        let mut columns: Vec<_> = self.classes.iter().enumerate().map(column).collect();
        if !self.is_multi {
            return Answer::column(columns.swap_remove(0));
        }
        if self.is_doubles
            && let Some(doubles) = columns.iter().map(doubles).collect::<Option<Vec<_>>>()
        {
            columns = doubles.into_iter().map(Data::from).collect();
        }
        Answer::matrix(places.len() / n_outputs, n_outputs, interleaved(&columns))
    }

    /// The labels of the greatest of all outputs' probabilities, `[n_rows, n_classes]`.
    pub(crate) fn greatest(&self, probabilities: &[f64]) -> Answer {
        let mut places = Vec::with_capacity(probabilities.len());
        for mut row in probabilities.chunks_exact(self.n_classes()) {
            for width in self.widths() {
                let (of_output, rest) = row.split_at(width);
                places.push(argmax(of_output));
                row = rest;
            }
        }
        self.labels(&places)
    }

    /// Probabilities of all classes of all outputs, `[n_rows, n_classes]`, as an array for each
    /// output.
    pub(crate) fn probabilities(&self, n_rows: usize, all: Vec<f64>) -> Answer {
        if let Some(classes) = self.single() {
            return Answer::matrix(n_rows, classes.len(), all);
        }
        let stride = self.n_classes();
        let mut start = 0;
        let arrays = self.widths().map(|width| {
            let from = start;
            start += width;
            let row = |row: &[f64]| row[from..from + width].to_vec();
            let values: Vec<f64> = all.chunks_exact(stride).flat_map(row).collect();
            Array::matrix(n_rows, width, values)
        });
        Answer::List(arrays.collect())
    }
}

/// Whole numbers and truth values as doubles; `None` where there is text.
fn doubles(data: &Data<'static>) -> Option<Vec<f64>> {
    (0..data.len())
        .map(|at| match data.cell(at)? {
            Cell::Float(number) => Some(number),
            Cell::Int(number) => Some(number as f64),
            Cell::Bool(truth) => Some(f64::from(u8::from(truth))),
            Cell::None | Cell::Text(_) => None,
        })
        .collect()
}

/// Columns side by side, row-major; columns of different types become objects.
pub(crate) fn interleaved(columns: &[Data<'static>]) -> Data<'static> {
    fn of<T: Clone>(columns: &[&[T]], n_rows: usize) -> Vec<T> {
        (0..n_rows).flat_map(|row| columns.iter().map(move |column| column[row].clone())).collect()
    }
    let n_rows = columns.iter().map(Data::len).min().unwrap_or(0);
    macro_rules! alike {
        ($variant:ident) => {
            let all = columns.iter().map(|column| match column {
                Data::$variant(values) => Some(&values[..]),
                _ => None,
            });
            if let Some(all) = all.collect::<Option<Vec<_>>>() {
                return Data::$variant(of(&all, n_rows).into());
            }
        };
    }
    alike!(F64);
    alike!(F32);
    alike!(I64);
    alike!(Bool);
    let is_text = |column: &Data<'_>| matches!(column, Data::Text(_));
    let cells = (0..n_rows).flat_map(|row| columns.iter().filter_map(move |c| c.cell(row)));
    if columns.iter().all(is_text) {
        let mut texts = radiant_core::Strings::new();
        for cell in cells {
            if let Cell::Text(text) = cell {
                texts.push(text.as_bytes());
            }
        }
        return Data::Text(std::borrow::Cow::Owned(texts));
    }
    Data::Cells(cells.collect())
}
