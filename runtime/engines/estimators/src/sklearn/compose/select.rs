//! Which columns a transformer takes, as a file tells it.

use radiant_formats::numpy::Kind;
use radiant_formats::{Content, Node};

use crate::sklearn::data::{Cell, Data};
use crate::sklearn::source::{Read, cell, data};

/// The most columns of a table whose model does not tell their number.
const N_COLUMNS_MAX: i64 = 1 << 20;

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Column {
    Name(String),
    /// From zero, or below from the end.
    At(i64),
}

/// Which columns a transformer takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Selection {
    /// One, which comes without a second axis.
    One(Column),
    Several(Vec<Column>),
    /// From one to another, which is left out, in steps.
    Slice(Option<i64>, Option<i64>, Option<i64>),
}

impl Selection {
    /// Reads a selection; names of columns are needed for slices between names.
    pub(super) fn read(node: Node<'_>, names: Option<&[String]>) -> Read<Self> {
        if node.class().is_some_and(|class| class.name == "slice") {
            return slice(node, names);
        }
        if node.class().is_some_and(|class| class.name == "_RemainderColsList") {
            return Self::read(node.attr("data")?, names);
        }
        if node.class().is_some_and(|class| class.package() == "pandas") {
            let values = index(node)?.ok_or_else(|| {
                node.unsupported(
                    format_args!("columns that a {} tells", node.describe()),
                    "select columns by a list of names or places",
                )
            })?;
            return Self::read(values, names);
        }
        Ok(match node.content() {
            Content::Text(_) | Content::Int(_) => Self::One(column(node)?),
            Content::Array(array) if array.shape().is_empty() => Self::One(column(node)?),
            Content::Array(array) if array.dtype().kind == Kind::Bool => mask(array.to_bool()?),
            Content::Array(_) | Content::List => several(node)?,
            _ => {
                return Err(node.unsupported(
                    "this selection of columns",
                    "select columns by names or places",
                ));
            }
        })
    }

    /// The places in a table of so many columns; `None` if one is beyond, or known by name only.
    pub(super) fn places(&self, n_columns: usize) -> Option<Vec<usize>> {
        match self {
            Self::One(column) => Some(vec![place(column, n_columns)?]),
            Self::Several(columns) => {
                columns.iter().map(|column| place(column, n_columns)).collect()
            }
            Self::Slice(start, stop, step) => sliced(*start, *stop, *step, n_columns),
        }
    }
}

fn place(column: &Column, n_columns: usize) -> Option<usize> {
    let Column::At(at) = column else { return None };
    let at = if *at < 0 { at.checked_add(i64::try_from(n_columns).ok()?)? } else { *at };
    usize::try_from(at).ok().filter(|at| *at < n_columns)
}

/// The places of a slice, as Python takes them.
fn sliced(
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
    n_columns: usize,
) -> Option<Vec<usize>> {
    let n = i64::try_from(n_columns).ok().filter(|n| *n <= N_COLUMNS_MAX)?;
    let step = step.unwrap_or(1);
    let (first, last) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let end = |end: Option<i64>, default: i64| match end {
        None => default,
        Some(end) if end < 0 => end.saturating_add(n).clamp(first, last),
        Some(end) => end.clamp(first, last),
    };
    let (default_start, default_stop) = if step > 0 { (0, n) } else { (n - 1, -1) };
    let (start, stop) = (end(start, default_start), end(stop, default_stop));
    if step == 0 {
        return None;
    }
    let places = std::iter::successors(Some(start), |at| at.checked_add(step));
    let places = places.take_while(|at| if step > 0 { *at < stop } else { *at > stop });
    places.map(|at| usize::try_from(at).ok()).collect()
}

fn column(node: Node<'_>) -> Read<Column> {
    Ok(match cell(node)? {
        Cell::Text(name) => Column::Name(name.into()),
        Cell::Int(at) => Column::At(at),
        _ => return Err(node.expected("the name or place of a column")),
    })
}

/// The array of an index of pandas, which is made from a class and a dict with its values: an array, or
/// an array with a type around it.
fn index(node: Node<'_>) -> Read<Option<Node<'_>>> {
    let Some(parts) = node.args()?.nth(1) else { return Ok(None) };
    if !matches!(parts.content(), Content::Dict) {
        return Ok(None);
    }
    let Some(values) = parts.get("data")? else { return Ok(None) };
    if values.array_opt()?.is_some() {
        return Ok(Some(values));
    }
    for part in values.state()?.items()? {
        if part.array_opt()?.is_some() {
            return Ok(Some(part));
        }
    }
    Ok(None)
}

fn mask(mask: Vec<bool>) -> Selection {
    let chosen = (0..).zip(mask).filter(|(_, is_chosen)| *is_chosen);
    Selection::Several(chosen.map(|(at, _)| Column::At(at)).collect())
}

fn several(node: Node<'_>) -> Read<Selection> {
    let values = data(node)?;
    let columns = match &values {
        Data::I64(places) => places.iter().map(|at| Column::At(*at)).collect(),
        Data::Cells(cells) if matches!(cells.first(), Some(Cell::Bool(_))) => {
            let truth = |cell: &Cell| match cell {
                Cell::Bool(truth) => Some(*truth),
                _ => None,
            };
            let truths = cells.iter().map(truth).collect::<Option<_>>();
            return Ok(mask(truths.ok_or_else(|| node.expected("truth values"))?));
        }
        values => {
            let column = |at: usize| match values.cell(at) {
                Some(Cell::Text(name)) => Some(Column::Name(name.into())),
                Some(Cell::Int(at)) => Some(Column::At(at)),
                _ => None,
            };
            let columns = (0..values.len()).map(column).collect::<Option<_>>();
            columns.ok_or_else(|| node.expected("names or places of columns"))?
        }
    };
    Ok(Selection::Several(columns))
}

/// Slices between names take the last one too.
fn slice(node: Node<'_>, names: Option<&[String]>) -> Read<Selection> {
    let ends: Vec<_> = node.args()?.collect();
    let &[start, stop, step] = &ends[..] else { return Err(node.expected("a slice")) };
    let step = if step.is_none() { None } else { Some(step.int()?) };
    let has_names = start.text_opt().is_some() || stop.text_opt().is_some();
    let end = |end: Node<'_>, behind: i64| {
        if end.is_none() {
            return Ok(None);
        }
        let Some(name) = end.text_opt() else { return end.int().map(Some) };
        let names = names.ok_or_else(|| {
            node.unsupported(
                "a slice between names in a file that does not list all names",
                "list the names of columns, or fit it with scikit-learn 0.22 or later",
            )
        })?;
        let at = names.iter().position(|known| *known == *name);
        let at = at.and_then(|at| i64::try_from(at).ok());
        Ok(Some(at.ok_or_else(|| end.expected("the name of a column"))? + behind))
    };
    Ok(Selection::Slice(end(start, 0)?, end(stop, i64::from(has_names))?, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_take_what_python_takes() {
        let places = |start, stop, step| Selection::Slice(start, stop, step).places(5);
        assert_eq!(places(Some(1), Some(3), None), Some(vec![1, 2]));
        assert_eq!(places(None, Some(-3), None), Some(vec![0, 1]));
        assert_eq!(places(Some(-2), None, None), Some(vec![3, 4]));
        assert_eq!(places(None, None, Some(-2)), Some(vec![4, 2, 0]));
        assert_eq!(places(Some(9), None, None), Some(vec![]));
        assert_eq!(places(None, None, Some(i64::MIN)), Some(vec![4]));
        assert_eq!(places(None, None, Some(0)), None);
        assert_eq!(Selection::Slice(None, None, None).places(usize::MAX), None);
    }

    #[test]
    fn places_beyond_the_last_column_are_none() {
        let several = |places: &[i64]| {
            Selection::Several(places.iter().map(|at| Column::At(*at)).collect()).places(3)
        };
        assert_eq!(several(&[2, -3]), Some(vec![2, 0]));
        assert_eq!(several(&[3]), None);
        assert_eq!(several(&[-4]), None);
        assert_eq!(Selection::One(Column::Name("a".to_owned())).places(3), None);
    }
}
