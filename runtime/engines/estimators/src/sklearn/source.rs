//! A fitted object of scikit-learn as its reader sees it.

use std::borrow::Cow;

use radiant_core::Strings;
use radiant_formats::numpy::Kind;
use radiant_formats::{Content, FormatError, Node};

use super::data::{Cell, Data};
use super::estimator::Estimator;
use super::registry;
use super::version::Version;

/// What readers give.
pub(crate) type Read<T> = Result<T, FormatError>;

/// Rows and columns of numbers, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix {
    pub(crate) n_rows: usize,
    pub(crate) n_columns: usize,
    // Invariant: as many as rows times columns.
    pub(crate) values: Vec<f64>,
}

impl Matrix {
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        // Without columns there is nothing to iterate over.
        self.values.chunks_exact(self.n_columns.max(1))
    }

    /// The same numbers with rows and columns exchanged.
    pub(crate) fn transposed(&self) -> Self {
        let columns = (0..self.n_columns)
            .flat_map(|column| self.values.iter().skip(column).step_by(self.n_columns).copied());
        let values = columns.collect();
        Self { n_rows: self.n_columns, n_columns: self.n_rows, values }
    }
}

/// A fitted object, and the version of scikit-learn that wrote it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'g> {
    pub(crate) node: Node<'g>,
    pub(crate) version: Version,
}

impl<'g> Source<'g> {
    /// An object that, unless it says otherwise, is of the same version as what holds it.
    pub(crate) fn new(node: Node<'g>, holder: Version) -> Read<Self> {
        let version = match node.attr_opt("_sklearn_version")? {
            Some(text) => {
                let version = Version::parse(&text.text()?);
                version.ok_or_else(|| text.expected("a version of scikit-learn"))?
            }
            None => holder,
        };
        Ok(Self { node, version })
    }

    /// An object that belongs to this one.
    pub(crate) fn part(&self, node: Node<'g>) -> Read<Self> {
        Self::new(node, self.version)
    }

    /// The name of the class, without its module.
    pub(crate) fn class(&self) -> &'g str {
        self.node.class().map_or("", |class| class.name)
    }

    /// Whether it was written by this version or a later one.
    pub(crate) fn since(&self, major: u16, minor: u16) -> bool {
        self.version >= Version::new(major, minor)
    }

    /// Reads a fitted estimator that belongs to this object.
    pub(crate) fn estimator(&self, node: Node<'g>) -> Read<Box<dyn Estimator>> {
        registry::read(node, self.version)
    }

    pub(crate) fn attr(&self, name: &str) -> Read<Node<'g>> {
        self.node.attr(name)
    }

    /// An attribute that is there and not `None`.
    pub(crate) fn some(&self, name: &str) -> Read<Option<Node<'g>>> {
        self.node.attr_some(name)
    }

    /// A truth value, or what holds in versions without the attribute.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Read<bool> {
        self.some(name)?.map_or(Ok(default), Node::bool)
    }

    /// A number, or what holds in versions without the attribute.
    pub(crate) fn number(&self, name: &str, default: f64) -> Read<f64> {
        self.some(name)?.map_or(Ok(default), Node::float)
    }

    /// A text, or what holds in versions without the attribute.
    pub(crate) fn choice(&self, name: &str, default: &'static str) -> Read<Cow<'g, str>> {
        self.some(name)?.map_or(Ok(Cow::Borrowed(default)), Node::text)
    }

    /// Numbers with one axis; a single number is one.
    pub(crate) fn vector(&self, name: &str) -> Read<Vec<f64>> {
        vector(self.attr(name)?)
    }

    /// Exactly so many numbers.
    pub(crate) fn vector_of(&self, name: &str, n: usize) -> Read<Vec<f64>> {
        let node = self.attr(name)?;
        let numbers = vector(node)?;
        if numbers.len() == n {
            Ok(numbers)
        } else {
            Err(node.expected(format_args!("{n} numbers")))
        }
    }

    /// Numbers with two axes.
    pub(crate) fn matrix(&self, name: &str) -> Read<Matrix> {
        matrix(self.attr(name)?)
    }

    /// Numbers with two axes of these lengths.
    pub(crate) fn matrix_of(&self, name: &str, n_rows: usize, n_columns: usize) -> Read<Matrix> {
        let node = self.attr(name)?;
        let matrix = matrix(node)?;
        if (matrix.n_rows, matrix.n_columns) == (n_rows, n_columns) {
            return Ok(matrix);
        }
        Err(node.expected(format_args!("an array with shape [{n_rows}, {n_columns}]")))
    }

    /// The attribute `classes_`: at least one.
    pub(crate) fn classes(&self) -> Read<Data<'static>> {
        labels(self.attr("classes_")?)
    }

    /// Whether the numbers of an attribute are of single precision; numbers of Python have no
    /// precision of their own, and so are too.
    pub(crate) fn is_single(&self, name: &str) -> Read<bool> {
        is_single(self.attr(name)?)
    }

    /// The number of features, where this version notes it (0.24).
    pub(crate) fn n_features_in(&self) -> Read<Option<usize>> {
        self.some("n_features_in_")?.map(Node::index).transpose()
    }

    /// The error that something of this object is not offered.
    pub(crate) fn unsupported(&self, what: impl std::fmt::Display, way_out: &str) -> FormatError {
        let class = self.class();
        self.node.unsupported(format_args!("{class} with {what}"), way_out)
    }
}

/// Numbers with one axis; a single number is one.
pub(crate) fn vector(node: Node<'_>) -> Read<Vec<f64>> {
    let (numbers, shape) = node.floats()?;
    if shape.len() <= 1 { Ok(numbers) } else { Err(node.expected("numbers with one axis")) }
}

/// Numbers with two axes.
pub(crate) fn matrix(node: Node<'_>) -> Read<Matrix> {
    let (values, shape) = node.floats()?;
    match shape[..] {
        [n_rows, n_columns] => Ok(Matrix { n_rows, n_columns, values }),
        _ => Err(node.expected("numbers with two axes")),
    }
}

/// Whether an array or the stored elements of a sparse matrix are of single precision; numbers of
/// Python have no precision of their own, and so are too.
pub(crate) fn is_single(node: Node<'_>) -> Read<bool> {
    let array = match node.array_opt()? {
        Some(array) => Some(array),
        None if node.class().is_some() => node.attr("data")?.array_opt()?,
        None => None,
    };
    Ok(array.is_none_or(|array| {
        let dtype = array.dtype();
        dtype.kind == Kind::Float && dtype.size == 4
    }))
}

/// A number in single precision.
#[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
pub(crate) fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

/// Whole numbers that are counts or indices, with one axis.
pub(crate) fn indices(node: Node<'_>) -> Read<Vec<usize>> {
    let index =
        |number: i64| usize::try_from(number).map_err(|_| node.expected("whole numbers from 0"));
    match node.array_opt()? {
        Some(array) if array.dtype().kind != Kind::Object => {
            array.to_i64()?.into_iter().map(index).collect()
        }
        _ => node.items()?.map(Node::index).collect(),
    }
}

/// Classes or categories: values of one type, at least one.
pub(crate) fn labels(node: Node<'_>) -> Read<Data<'static>> {
    let data = data(node)?;
    if data.len() == 0 { Err(node.expected("at least one class")) } else { Ok(data) }
}

/// Values of an array with one axis, or of a list.
pub(crate) fn data(node: Node<'_>) -> Read<Data<'static>> {
    let Some(array) = node.array_opt()? else {
        return Ok(narrowed(node.items()?.map(cell).collect::<Read<_>>()?));
    };
    if array.shape().len() > 1 {
        return Err(array.expected("an array with one axis"));
    }
    let dtype = array.dtype();
    Ok(match dtype.kind {
        Kind::Float if dtype.size == 4 => array.to_f32()?.into(),
        Kind::Float => array.to_f64()?.into(),
        Kind::Int | Kind::UInt => array.to_i64()?.into(),
        Kind::Bool => Data::Bool(array.to_bool()?.into()),
        Kind::Text | Kind::Bytes => texts(&array.to_text()?),
        _ => narrowed(array.to_nodes()?.into_iter().map(cell).collect::<Read<_>>()?),
    })
}

fn texts(texts: &[String]) -> Data<'static> {
    Data::Text(Cow::Owned(texts.iter().map(String::as_str).collect::<Strings>()))
}

/// Objects that all are texts as such.
fn narrowed(cells: Vec<Cell>) -> Data<'static> {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => Some(text.to_string()),
        _ => None,
    };
    match cells.iter().map(text).collect::<Option<Vec<_>>>() {
        Some(all) if !all.is_empty() => texts(&all),
        _ => Data::Cells(cells.into()),
    }
}

/// A value of Python or a scalar of numpy.
pub(crate) fn cell(node: Node<'_>) -> Read<Cell> {
    Ok(match node.content() {
        Content::None => Cell::None,
        Content::Bool(truth) => Cell::Bool(truth),
        Content::Int(number) => Cell::Int(number),
        Content::Float(number) => Cell::Float(number),
        Content::Text(text) => Cell::Text(text.into()),
        Content::Array(array) if array.len() == 1 => match array.dtype().kind {
            Kind::Float => Cell::Float(node.float()?),
            Kind::Int | Kind::UInt => Cell::Int(node.int()?),
            Kind::Bool => Cell::Bool(node.bool()?),
            Kind::Text | Kind::Bytes => Cell::Text(node.text()?.into()),
            _ => return Err(node.expected("a number, a truth value or a text")),
        },
        _ => return Err(node.expected("a number, a truth value, a text or `None`")),
    })
}
