//! Trees of rows (`KDTree`, `BallTree`) as scikit-learn stores them.

use radiant_formats::Node;

use super::metric::Metric;
use super::nearest::Nearest;
use crate::sklearn::source::{Read, indices, matrix};

/// A part of the rows and where its children are: at twice its own place, plus one and two.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: usize,
    end: usize,
    is_leaf: bool,
    /// How far rows are from the centre of a ball.
    radius: f64,
}

/// What holds the rows of a part.
#[derive(Debug)]
enum Holder {
    /// The least and the greatest value of each feature.
    // Invariant: both as many as parts times features.
    Box { low: Vec<f64>, high: Vec<f64> },
    /// The centre.
    // Invariant: as many as parts times features.
    Ball { centres: Vec<f64> },
}

/// A tree over rows.
///
/// It is searched in scikit-learn's order, so that of equally far rows the same ones are found.
#[derive(Debug)]
pub(super) struct Tree {
    n_features: usize,
    /// The rows in the order of the tree.
    // Invariant: as many as places times features.
    rows: Vec<f64>,
    /// Which row of the training set each is.
    places: Vec<usize>,
    // Invariant: at least one; ranges are ranges of `places`; what is no leaf has both children.
    parts: Vec<Part>,
    holder: Holder,
}

impl Tree {
    /// Reads a tree of so many rows and features.
    pub(super) fn read(node: Node<'_>, n_rows: usize, n_features: usize) -> Read<Self> {
        let is_ball = node.class().is_some_and(|class| class.name.starts_with("BallTree"));
        let state = node.state()?;
        let data = matrix(state.item(0)?)?;
        if (data.n_rows, data.n_columns) != (n_rows, n_features) || n_rows == 0 {
            let expected = format!("an array with shape [{n_rows}, {n_features}]");
            return Err(state.item(0)?.expected(expected));
        }
        let places = indices(state.item(1)?)?;
        if places.len() != n_rows || places.iter().any(|place| *place >= n_rows) {
            return Err(state.item(1)?.expected(format_args!("{n_rows} places of rows")));
        }
        let parts = parts(state.item(2)?, n_rows)?;
        let holder = holder(state.item(3)?, is_ball, parts.len(), n_features)?;
        let row = |place: &usize| &data.values[place * n_features..(place + 1) * n_features];
        let rows = places.iter().flat_map(row).copied().collect();
        Ok(Self { n_features, rows, places, parts, holder })
    }

    /// Searches the rows that are nearest to one.
    pub(super) fn search(&self, metric: Metric, row: &[f64], nearest: &mut Nearest) {
        self.search_part(0, self.least(metric, 0, row), &mut Query { metric, row, nearest });
    }

    /// Each level doubles the place, so that levels are few.
    fn search_part(&self, at: usize, least: f64, query: &mut Query<'_>) {
        if least > query.nearest.farthest() {
            return;
        }
        let part = self.parts[at];
        if part.is_leaf {
            let rows = &self.rows[part.start * self.n_features..part.end * self.n_features];
            let places = &self.places[part.start..part.end];
            for (row, place) in rows.chunks_exact(self.n_features).zip(places) {
                query.nearest.push(query.metric.reduced(query.row, row), *place);
            }
            return;
        }
        let (left, right) = (2 * at + 1, 2 * at + 2);
        let to_left = self.least(query.metric, left, query.row);
        let to_right = self.least(query.metric, right, query.row);
        if to_left <= to_right {
            self.search_part(left, to_left, query);
            self.search_part(right, to_right, query);
        } else {
            self.search_part(right, to_right, query);
            self.search_part(left, to_left, query);
        }
    }

    /// The least reduced distance that rows of a part can have.
    fn least(&self, metric: Metric, at: usize, row: &[f64]) -> f64 {
        let range = at * self.n_features..(at + 1) * self.n_features;
        match &self.holder {
            Holder::Box { low, high } => {
                metric.reduced_to_box(row, &low[range.clone()], &high[range])
            }
            Holder::Ball { centres } => {
                let to_centre = metric.distance(metric.reduced(row, &centres[range]));
                metric.reduce((to_centre - self.parts[at].radius).max(0.0))
            }
        }
    }
}

/// A search on its way.
struct Query<'q> {
    metric: Metric,
    row: &'q [f64],
    nearest: &'q mut Nearest,
}

fn parts(node: Node<'_>, n_rows: usize) -> Read<Vec<Part>> {
    let records = node.array()?;
    let ends = |name| -> Read<Vec<usize>> {
        let field = records.field(name)?;
        let place = |place: i64| {
            let place = usize::try_from(place).ok().filter(|place| *place <= n_rows);
            place.ok_or_else(|| field.expected(format_args!("places from 0 to {n_rows}")))
        };
        field.to_i64()?.into_iter().map(place).collect()
    };
    let (starts, ends) = (ends("idx_start")?, ends("idx_end")?);
    let leaves = records.field("is_leaf")?.to_i64()?;
    let radii = records.field("radius")?.to_f64()?;
    let parts: Vec<Part> = starts
        .into_iter()
        .zip(ends)
        .zip(leaves.into_iter().zip(radii))
        .map(|((start, end), (leaf, radius))| Part { start, end, is_leaf: leaf != 0, radius })
        .collect();
    let is_whole = |(at, part): (usize, &Part)| {
        part.start <= part.end && (part.is_leaf || 2 * at + 2 < parts.len())
    };
    // Leaves share the rows among them, so that a search looks at each row once.
    let leaves = parts.iter().filter(|part| part.is_leaf);
    let n_in_leaves = leaves.map(|part| part.end.saturating_sub(part.start)).sum::<usize>();
    let is_whole = parts.iter().enumerate().all(is_whole) && n_in_leaves == n_rows;
    if parts.is_empty() || !is_whole {
        return Err(node.expected("the parts of a tree"));
    }
    Ok(parts)
}

fn holder(node: Node<'_>, is_ball: bool, n_parts: usize, n_features: usize) -> Read<Holder> {
    let bounds = node.array()?;
    let n_sides = if is_ball { 1 } else { 2 };
    bounds.check_shape(&[n_sides, n_parts, n_features])?;
    let mut values = bounds.to_f64()?;
    if is_ball {
        return Ok(Holder::Ball { centres: values });
    }
    let high = values.split_off(values.len() / 2);
    Ok(Holder::Box { low: values, high })
}
