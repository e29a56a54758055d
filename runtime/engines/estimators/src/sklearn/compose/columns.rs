//! Transformers of some columns each, whose answers stand side by side.

use radiant_core::{DType, Error};
use radiant_formats::Node;

use super::block::Block;
use super::hint;
use super::select::{Column, Selection};
use super::union::common;
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wanted, Wants, Width};
use crate::sklearn::prepare::stack::{sparse, stacked};
use crate::sklearn::prepare::transformer::{Transform, Transformer};
use crate::sklearn::source::{Read, Source};

/// What helps where a file of scikit-learn 0.20 or 0.21 lacks what is needed.
const WAY_OUT: &str = "list the names of columns, or fit it with scikit-learn 0.22 or later";

/// A transformer and the columns that it takes.
#[derive(Debug)]
struct Part {
    block: Block,
    selection: Selection,
    /// Which of the wanted columns these are; `None` where columns come by place only.
    slots: Option<Vec<usize>>,
    /// In which order a transformer that wants columns by name gets them.
    order: Option<Vec<usize>>,
}

/// `ColumnTransformer`.
#[derive(Debug)]
struct Columns {
    parts: Vec<Part>,
    n_features: Option<usize>,
    /// The columns that are wanted by name; without them columns come by place.
    wanted: Option<Vec<Wanted>>,
    is_sparse: bool,
}

/// What is known of the columns in training.
#[derive(Debug)]
struct Known {
    names: Option<Vec<String>>,
    n_features: Option<usize>,
}

impl Known {
    /// Names are noted from 0.22, as far as they are texts.
    fn read(source: &Source<'_>) -> Read<Self> {
        let names = match source.some("feature_names_in_")?.or(source.some("_feature_names_in")?) {
            Some(node) => {
                let texts = |node: Node<'_>| node.text_opt().map(std::borrow::Cow::into_owned);
                node.array()?.to_text().ok().or_else(|| node.items().ok()?.map(texts).collect())
            }
            None => None,
        };
        let n_features = source.some("n_features_in_")?.or(source.some("_n_features")?);
        let n_features = n_features.map(Node::index).transpose()?;
        let n_features = n_features.or(names.as_ref().map(Vec::len));
        let names = names.filter(|names| Some(names.len()) == n_features);
        Ok(Self { names, n_features })
    }

    /// The name of a column.
    fn name<'c>(&'c self, column: &'c Column) -> Option<&'c str> {
        match column {
            Column::Name(name) => Some(name),
            Column::At(at) => {
                let names = self.names.as_ref()?;
                names.get(usize::try_from(*at).ok()?).map(String::as_str)
            }
        }
    }

    /// What to ask for to get a column; `None` if nobody knows where it is.
    fn wanted(&self, column: &Column, dtype: Option<DType>) -> Option<Wanted> {
        match (self.name(column), column) {
            (Some(name), _) => Some(Wanted { name: name.to_owned(), dtype, at: None }),
            (None, Column::At(at)) => {
                let at = usize::try_from(*at).ok()?;
                Some(Wanted { name: format!("column {at}"), dtype, at: Some(at) })
            }
            (None, Column::Name(_)) => None,
        }
    }

    /// The selection by places, as far as these are known.
    fn placed(&self, node: Node<'_>, selection: Selection) -> Read<Selection> {
        let place = |column: Column| match (&self.names, column) {
            (Some(names), Column::Name(name)) => {
                let at = names.iter().position(|known| *known == name);
                let at = at.and_then(|at| i64::try_from(at).ok());
                let missing =
                    || node.expected(format_args!("names of columns, which `{name}` is not"));
                Ok(Column::At(at.ok_or_else(missing)?))
            }
            (_, column) => Ok(column),
        };
        let selection = match selection {
            Selection::One(column) => Selection::One(place(column)?),
            Selection::Several(columns) => {
                Selection::Several(columns.into_iter().map(place).collect::<Read<_>>()?)
            }
            slice @ Selection::Slice(..) => slice,
        };
        let has_names = match &selection {
            Selection::One(column) => matches!(column, Column::Name(_)),
            Selection::Several(columns) => {
                columns.iter().any(|column| matches!(column, Column::Name(_)))
            }
            Selection::Slice(..) => false,
        };
        if let (Some(n_features), false) = (self.n_features, has_names) {
            let places = selection.places(n_features);
            let places =
                places.ok_or_else(|| node.expected(format_args!("columns of {n_features}")))?;
            let mut columns =
                places.into_iter().filter_map(|at| i64::try_from(at).ok()).map(Column::At);
            if let Selection::One(column) = selection {
                return Ok(Selection::One(columns.next().unwrap_or(column)));
            }
            return Ok(Selection::Several(columns.collect()));
        }
        Ok(selection)
    }
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let known = Known::read(source)?;
    let weights = source.some("transformer_weights")?;
    let resolved = source.some("_columns")?;
    let (mut parts, mut hints) = (Vec::new(), Vec::new());
    for (at, entry) in source.attr("transformers_")?.items()?.enumerate() {
        let [name, node, mut columns] = entry.tuple()?;
        // Before 0.22 what was chosen by a function stands beside it.
        if let (Some(_), Some(resolved)) = (columns.global(), resolved) {
            columns = resolved.item(at)?;
        }
        // What pandas tells is noted as places too, from 1.0 on.
        if columns.class().is_some_and(|class| class.package() == "pandas")
            && let Some(places) = source.some("_transformer_to_input_indices")?
            && let Some(places) = places.get(&name.text()?)?
        {
            columns = places;
        }
        let weight = match weights {
            Some(weights) => weights.get(&name.text()?)?,
            None => None,
        };
        if node.is_none() || columns.is_none() {
            continue;
        }
        let selection = Selection::read(columns, known.names.as_deref())?;
        let selection = known.placed(columns, selection)?;
        if selection == Selection::Several(Vec::new()) {
            continue;
        }
        if let Some(block) = Block::read(source, node, weight)? {
            parts.push(Part { block, selection, slots: None, order: None });
            hints.push(node);
        }
    }
    let wanted = wanted(&known, &mut parts, &hints)?;
    for part in &mut parts {
        part.order = part.order(&known);
    }
    Ok(Box::new(Transformer(Columns {
        parts,
        n_features: known.n_features,
        wanted,
        is_sparse: source.flag("sparse_output_", false)?,
    })))
}

/// The columns that are wanted by name, of which each part gets its own.
fn wanted(known: &Known, parts: &mut [Part], hints: &[Node<'_>]) -> Read<Option<Vec<Wanted>>> {
    let is_name = |column: &Column| matches!(column, Column::Name(_));
    if known.names.is_none() && !parts.iter().any(|part| part.columns().iter().any(is_name)) {
        return Ok(None);
    }
    let mut all: Vec<(Column, Wanted)> = Vec::new();
    for (part, hint) in parts.iter().zip(hints) {
        if let Selection::Slice(..) = part.selection {
            return Err(hint.unsupported(
                "a slice of columns beside names, in a file that does not list all names",
                WAY_OUT,
            ));
        }
        for (at, column) in part.columns().iter().enumerate() {
            let dtype = hint::dtype(*hint, at)?;
            if let Some((_, wanted)) = all.iter_mut().find(|(known, _)| known == column) {
                wanted.dtype = wanted.dtype.or(dtype);
            } else {
                let wanted = known.wanted(column, dtype);
                let wanted = wanted.ok_or_else(|| {
                    hint.unsupported("columns counted from the end beside names", WAY_OUT)
                })?;
                all.push((column.clone(), wanted));
            }
        }
    }
    if known.names.is_some() {
        all.sort_by_key(|(column, _)| match column {
            Column::At(at) => *at,
            Column::Name(_) => i64::MAX,
        });
    }
    for part in parts {
        let slot = |column: &Column| all.iter().position(|(known, _)| known == column);
        part.slots = part.columns().iter().map(slot).collect();
    }
    Ok(Some(all.into_iter().map(|(_, wanted)| wanted).collect()))
}

impl Part {
    /// The columns that are chosen one by one.
    fn columns(&self) -> &[Column] {
        match &self.selection {
            Selection::One(column) => std::slice::from_ref(column),
            Selection::Several(columns) => columns,
            Selection::Slice(..) => &[],
        }
    }

    /// In which order a transformer gets its columns that wants them by name.
    fn order(&self, known: &Known) -> Option<Vec<usize>> {
        let Some(Wants::Frame(wanted)) = self.block.wants() else { return None };
        let names: Option<Vec<&str>> =
            self.columns().iter().map(|column| known.name(column)).collect();
        let names = names?;
        let find = |wanted: &Wanted| names.iter().position(|name| *name == wanted.name);
        wanted.iter().map(find).collect()
    }

    /// The rows of its columns.
    fn rows<'t>(&self, x: &'t Table<'_>, is_named: bool) -> Result<Table<'t>, Error> {
        let beyond = || {
            let n_columns = x.n_columns();
            Error::invalid_input(format!(
                "ColumnTransformer: a column is missing: got {n_columns} columns"
            ))
        };
        if let (Selection::Slice(None, None, None), Table::Array(_)) = (&self.selection, x) {
            return Ok(view(x));
        }
        let mut places = match &self.slots {
            Some(slots) if is_named => slots.clone(),
            _ => self.selection.places(x.n_columns()).ok_or_else(beyond)?,
        };
        if let Some(order) = &self.order {
            let ordered = order.iter().map(|at| places.get(*at).copied());
            places = ordered.collect::<Option<_>>().ok_or_else(beyond)?;
        }
        if let (Selection::One(_), [at]) = (&self.selection, &places[..]) {
            return Ok(Table::Array(Array::column(x.column(*at).ok_or_else(beyond)?)));
        }
        chosen(x, &places).ok_or_else(beyond)
    }
}

/// Some columns of a table; `None` if one is not there.
fn chosen<'t>(x: &'t Table<'_>, places: &[usize]) -> Option<Table<'t>> {
    let n_columns = x.n_columns();
    if places.iter().any(|at| *at >= n_columns) {
        return None;
    }
    Some(match x {
        Table::Frame { n_rows, columns } => {
            let columns = places.iter().filter_map(|at| Some(columns.get(*at)?.view()));
            Table::Frame { n_rows: *n_rows, columns: columns.collect() }
        }
        Table::Array(_) if places.iter().copied().eq(0..n_columns) => view(x),
        Table::Array(Array { n_rows, data, .. }) => {
            let row = |row: usize| places.iter().map(move |at| row * n_columns + at);
            let data = match data {
                Data::F64(values) => {
                    let mut chosen = Vec::with_capacity(n_rows.saturating_mul(places.len()));
                    for row in values.chunks_exact(n_columns.max(1)) {
                        chosen.extend(places.iter().map(|at| row[*at]));
                    }
                    chosen.into()
                }
                data => data.pick((0..*n_rows).flat_map(row)),
            };
            Table::Array(Array::matrix(*n_rows, places.len(), data))
        }
        Table::Sparse(sparse) => Table::Sparse(sparse.select(places)),
    })
}

/// The same table, borrowed; a sparse one is copied.
fn view<'t>(x: &'t Table<'_>) -> Table<'t> {
    match x {
        Table::Array(Array { n_rows, n_columns, data }) => {
            Table::Array(Array { n_rows: *n_rows, n_columns: *n_columns, data: data.view() })
        }
        Table::Frame { n_rows, columns } => {
            Table::Frame { n_rows: *n_rows, columns: columns.iter().map(Data::view).collect() }
        }
        Table::Sparse(sparse) => Table::Sparse(sparse.clone()),
    }
}

impl Transform for Columns {
    fn class(&self) -> &'static str {
        "ColumnTransformer"
    }

    fn fact(&self) -> Fact {
        let width = |part: &Part| {
            let n_columns = match &part.selection {
                Selection::Slice(..) => None,
                Selection::One(_) | Selection::Several(_) => Some(part.columns().len()),
            };
            part.block.width(n_columns)
        };
        let dtypes = self.parts.iter().map(|part| part.block.dtype());
        Fact { dtype: common(dtypes), width: Width::Columns(self.parts.iter().map(width).sum()) }
    }

    fn wants(&self) -> Wants {
        match &self.wanted {
            Some(wanted) => Wants::Frame(wanted.clone()),
            None => Wants::Matrix(self.n_features),
        }
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let n_wanted = self.wanted.as_ref().map(Vec::len);
        let is_named = matches!(x, Table::Frame { .. }) && n_wanted == Some(x.n_columns());
        if let (Some(expected), false) = (self.n_features, is_named)
            && expected != x.n_columns()
        {
            return Err(Error::invalid_input(format!(
                "ColumnTransformer: expected {expected} columns, got {}",
                x.n_columns()
            )));
        }
        let run = |part: &Part| part.block.run(&part.rows(x, is_named)?);
        let tables = self.parts.iter().map(run).collect::<Result<Vec<_>, _>>()?;
        if self.is_sparse {
            return sparse(&tables, x.n_rows()).map(Table::Sparse);
        }
        Ok(stacked(tables, x.n_rows()))
    }
}
