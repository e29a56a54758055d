//! Categories as columns of zeros and ones.

use radiant_core::{DType, Error};
use radiant_formats::Node;

use super::categories::{Categories, check, unknown};
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Cell, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::{Intake, numbers};
use crate::sklearn::source::{Read, Source, data, indices};
use crate::sklearn::sparse::Sparse;

/// One column of what comes.
#[derive(Debug)]
struct Column {
    categories: Categories,
    /// Which column of the answer each category marks; `None` for one that is dropped.
    // Invariant: one for each category, below the number of columns of the answer.
    marks: Vec<Option<u32>>,
    /// What an unknown category marks.
    unknown: Option<u32>,
}

/// `OneHotEncoder`.
#[derive(Debug)]
struct OneHot {
    intake: Intake,
    columns: Vec<Column>,
    n_columns: usize,
    refuses_unknown: bool,
    is_sparse: bool,
    dtype: DType,
    takes_nan: bool,
    /// Whether numbers are cut to whole ones first.
    cuts: bool,
}

/// The most values of ranges.
const N_RANGES_MAX: usize = 1 << 20;

/// Reads the groups that rare categories of each column are put into (1.1).
pub(super) fn groups(source: &Source<'_>, sizes: &[usize]) -> Read<Vec<Option<Vec<usize>>>> {
    let node = match source.some("_default_to_infrequent_mappings")? {
        Some(node) if source.flag("_infrequent_enabled", false)? => node,
        _ => return Ok(vec![None; sizes.len()]),
    };
    let groups = node.items()?.zip(sizes).map(|(node, size)| {
        if node.is_none() {
            return Ok(None);
        }
        let group = indices(node)?;
        // A missing value is in no group: encoders of numbers leave it out.
        let is_whole = group.len() == *size || group.len() + 1 == *size;
        if is_whole && group.iter().all(|at| at < size) {
            return Ok(Some(group));
        }
        Err(node.expected(format_args!("{size} groups below {size}")))
    });
    let groups: Vec<_> = groups.collect::<Read<_>>()?;
    if groups.len() == sizes.len() {
        Ok(groups)
    } else {
        Err(node.expected("a list for each column"))
    }
}

/// Reads which group or category of each column has no column of its own.
fn dropped(source: &Source<'_>, n_columns: usize) -> Read<Vec<Option<usize>>> {
    let Some(node) = source.some("_drop_idx_after_grouping")?.or(source.some("drop_idx_")?) else {
        return Ok(vec![None; n_columns]);
    };
    let places = data(node)?;
    let place = |at: usize| match places.cell(at) {
        Some(Cell::None) => Ok(None),
        Some(Cell::Int(place)) => {
            Ok(Some(usize::try_from(place).map_err(|_| node.expected("places from 0"))?))
        }
        _ => Err(node.expected(format_args!("{n_columns} places"))),
    };
    (0..n_columns).map(place).collect()
}

pub(super) fn categories<'g>(source: &Source<'g>) -> Read<Vec<(Node<'g>, Data<'static>)>> {
    source.attr("categories_")?.items()?.map(|node| Ok((node, data(node)?))).collect()
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    if source.flag("_legacy_mode", false)? {
        return read_ranges(source);
    }
    let categories = categories(source)?;
    let sizes: Vec<_> = categories.iter().map(|(_, categories)| categories.len()).collect();
    let groups = groups(source, &sizes)?;
    let dropped = dropped(source, sizes.len())?;
    let handle = source.choice("handle_unknown", "error")?;
    let groups_unknown = match &*handle {
        "infrequent_if_exist" => true,
        // Before, it warned and left out what it warned of.
        "warn" => source.since(1, 8),
        _ => false,
    };
    let (mut columns, mut start) = (Vec::new(), 0_usize);
    for (((node, categories), group), drop) in categories.iter().zip(groups).zip(dropped) {
        let group_of = |at: usize| match &group {
            Some(group) => group.get(at).copied(),
            None => Some(at),
        };
        let Some(places) = (0..categories.len()).map(group_of).collect::<Option<Vec<_>>>() else {
            return Err(node.expected("a group for each category"));
        };
        let n_places = places.iter().max().map_or(0, |most| most + 1);
        let mark = |place: usize| match drop {
            Some(drop) if place == drop => None,
            Some(drop) if place > drop => u32::try_from(start + place - 1).ok(),
            _ => u32::try_from(start + place).ok(),
        };
        // The last place is that of the rare ones.
        let unknown =
            group.as_ref().filter(|_| groups_unknown).and_then(|_| n_places.checked_sub(1));
        columns.push(Column {
            categories: Categories::new(categories),
            marks: places.into_iter().map(mark).collect(),
            unknown: unknown.and_then(mark),
        });
        let n_dropped = usize::from(drop.is_some_and(|drop| drop < n_places));
        start = start.saturating_add(n_places - n_dropped);
        if u32::try_from(start).is_err() {
            return Err(node.expected("fewer categories"));
        }
    }
    encoder(source, columns, start, false)
}

fn encoder(
    source: &Source<'_>,
    columns: Vec<Column>,
    n_columns: usize,
    cuts: bool,
) -> Read<Box<dyn Estimator>> {
    let is_sparse = match source.some("sparse_output")? {
        Some(flag) => flag.bool()?,
        None => source.flag("sparse", true)?,
    };
    Ok(Box::new(Transformer(OneHot {
        intake: Intake::new(source, Some(columns.len())),
        columns,
        n_columns,
        refuses_unknown: source.choice("handle_unknown", "error")? == "error",
        is_sparse,
        dtype: source.some("dtype")?.map_or(Ok(DType::F64), super::dtype::read)?,
        takes_nan: source.since(0, 24),
        cuts,
    })))
}

/// Ranges of whole numbers from zero, as 0.20 took numbers without being told of categories.
///
/// A number within a range that was not seen in training marks nothing.
fn read_ranges(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let all = source.choice("_categorical_features", "")? == "all";
    if !all {
        return Err(source.unsupported("chosen features", "use a `ColumnTransformer`"));
    }
    let node = source.attr("_n_values_")?;
    let sizes = indices(node)?;
    let total = sizes.iter().try_fold(0_usize, |sum, size| sum.checked_add(*size));
    let total = total.filter(|total| *total <= N_RANGES_MAX);
    let total =
        total.ok_or_else(|| node.expected(format_args!("at most {N_RANGES_MAX} values")))?;
    let mut marks = vec![None; total];
    let mut n_columns = 0;
    match source.some("_active_features_")? {
        Some(active) => {
            for at in indices(active)? {
                let mark = marks.get_mut(at);
                *mark.ok_or_else(|| active.expected(format_args!("features below {total}")))? =
                    u32::try_from(n_columns).ok();
                n_columns += 1;
            }
        }
        None => {
            for mark in &mut marks {
                *mark = u32::try_from(n_columns).ok();
                n_columns += 1;
            }
        }
    }
    let mut rest = &marks[..];
    let column = |size: usize| {
        let (marks, behind) = rest.split_at_checked(size).unwrap_or_default();
        rest = behind;
        let values: Vec<_> = (0..size).filter_map(|value| i64::try_from(value).ok()).collect();
        Column { categories: Categories::new(&values.into()), marks: marks.to_vec(), unknown: None }
    };
    let columns = sizes.into_iter().map(column).collect();
    encoder(source, columns, n_columns, true)
}

impl OneHot {
    /// The columns that each row marks: as many for each row as there are columns that come.
    fn marks(&self, x: &Table<'_>) -> Result<Vec<Option<u32>>, Error> {
        let (n_rows, width) = (x.n_rows(), self.columns.len());
        let mut marks = vec![None; n_rows.saturating_mul(width)];
        for (at, column) in self.columns.iter().enumerate() {
            let mut values = x.column(at).unwrap_or(Data::Bool(Vec::new().into()));
            check(&self.intake.class, &values, self.takes_nan)?;
            if self.cuts {
                values = numbers(&values)?.iter().map(|x| x.trunc()).collect::<Vec<_>>().into();
            }
            let places = column.categories.places(&values);
            if let (true, Some(row)) =
                (self.refuses_unknown, places.iter().position(Option::is_none))
            {
                return Err(unknown(&self.intake.class, at, &values, row));
            }
            let targets = marks.iter_mut().skip(at).step_by(width);
            for (mark, place) in targets.zip(places) {
                *mark = match place {
                    Some(place) => column.marks.get(place).copied().flatten(),
                    None => column.unknown,
                };
            }
        }
        Ok(marks)
    }

    fn dense<T: Copy>(&self, marks: &[Option<u32>], n_rows: usize, ends: [T; 2]) -> Vec<T> {
        let mut out = vec![ends[0]; n_rows.saturating_mul(self.n_columns)];
        let rows = out.chunks_exact_mut(self.n_columns.max(1));
        for (row, marks) in rows.zip(marks.chunks_exact(self.columns.len().max(1))) {
            for mark in marks.iter().flatten() {
                row[*mark as usize] = ends[1];
            }
        }
        out
    }
}

impl Transform for OneHot {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact { dtype: self.dtype, width: Width::Columns(Some(self.n_columns)) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(self.columns.len()))
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        self.intake.check_table(x)?;
        let (n_rows, marks) = (x.n_rows(), self.marks(x)?);
        if self.is_sparse {
            let mut sparse = Sparse::new(self.n_columns).with_dtype(self.dtype);
            for row in marks.chunks_exact(self.columns.len().max(1)) {
                sparse.push_row(row.iter().flatten().map(|mark| (*mark, 1.0)));
            }
            return Ok(Table::Sparse(sparse));
        }
        let data: Data<'static> = match self.dtype {
            DType::F32 => self.dense(&marks, n_rows, [0.0_f32, 1.0]).into(),
            DType::I64 => self.dense(&marks, n_rows, [0_i64, 1]).into(),
            DType::Bool => Data::Bool(self.dense(&marks, n_rows, [false, true]).into()),
            _ => self.dense(&marks, n_rows, [0.0_f64, 1.0]).into(),
        };
        Ok(Table::Array(Array::matrix(n_rows, self.n_columns, data)))
    }
}
