//! The nearest rows of a training set, and how much each of them counts.

use radiant_core::Error;
use radiant_formats::Node;

use super::metric::{Measured, Metric};
use super::nearest::{Near, Nearest};
use super::partition::least;
use super::stored::{Relation, StoredPoints};
use super::tree::Tree;
use crate::sklearn::data::Table;
use crate::sklearn::intake::Intake;
use crate::sklearn::reduce::sparse::StoredRows;
use crate::sklearn::source::{Matrix, Read, Source, matrix};

/// How many rows of a request are searched for before the next are, at most.
const TOGETHER: usize = 256;

/// How many neighbours are kept at once.
const KEPT: usize = 1 << 20;

/// Where the rows of the training set are.
#[derive(Debug)]
enum Places {
    /// Each is looked at.
    All(Measured),
    Tree(Tree),
    /// Rows that are mostly zero.
    Stored(StoredPoints, Relation),
}

/// Which rows are neighbours.
#[derive(Debug, Clone, Copy)]
enum Reach {
    /// So many, at least one.
    Nearest(usize),
    /// All that are not farther, by their reduced distance.
    Within(f64),
}

/// The part that estimators by nearest neighbours have in common.
#[derive(Debug)]
pub(super) struct Neighbours {
    pub(super) intake: Intake,
    metric: Metric,
    reach: Reach,
    n_rows: usize,
    // Invariant: at least one.
    n_features: usize,
    // Invariant: no tree where neighbours are all within a radius.
    places: Places,
    /// Whether near rows count more: by the inverse of their distance.
    by_distance: bool,
    /// Whether all rows are looked at in the way of numpy (dense ones before 1.1, sparse before 1.3).
    partitions: bool,
}

impl Neighbours {
    /// Reads an estimator by the nearest rows, of which an attribute says how many.
    pub(super) fn read(source: &Source<'_>, count: &str) -> Read<Self> {
        let k_node = source.attr(count)?;
        let reach = Reach::Nearest(k_node.index()?);
        let node = source.attr("_fit_X")?;
        let neighbours = if StoredRows::is_one(node) {
            Self::stored(source, reach, StoredPoints::new(&StoredRows::read(node)?))?
        } else {
            let Fitted { rows, metric, tree } = fitted(source)?;
            let places = match tree {
                Some(node) => Places::Tree(Tree::read(node, rows.n_rows, rows.n_columns)?),
                None => Places::All(Measured::new(metric, &rows)),
            };
            Self::new(source, metric, (rows.n_rows, rows.n_columns), (reach, places))?
        };
        let n_rows = neighbours.n_rows;
        match neighbours.reach {
            Reach::Nearest(k) if k == 0 || k > n_rows => {
                Err(k_node.expected(format_args!("a count from 1 to {n_rows}")))
            }
            _ => Ok(neighbours),
        }
    }

    fn stored(source: &Source<'_>, reach: Reach, points: StoredPoints) -> Read<Self> {
        let metric = metric(source)?;
        let relation = match metric {
            Metric::Euclidean | Metric::SquaredEuclidean => Relation::Squares,
            Metric::Cosine => Relation::Cosines,
            _ => {
                let what = "sparse rows and this metric";
                return Err(source.unsupported(what, "use `euclidean` or `cosine`"));
            }
        };
        let shape = (points.len(), points.n_features());
        Self::new(source, metric, shape, (reach, Places::Stored(points, relation)))
    }

    /// Reads an estimator by all rows within a radius.
    pub(super) fn read_within(source: &Source<'_>) -> Read<Self> {
        let Fitted { rows, metric, .. } = fitted(source)?;
        let reach = Reach::Within(metric.reduce(source.attr("radius")?.float()?));
        let places = Places::All(Measured::new(metric, &rows));
        Self::new(source, metric, (rows.n_rows, rows.n_columns), (reach, places))
    }

    fn new(
        source: &Source<'_>,
        metric: Metric,
        (n_rows, n_features): (usize, usize),
        (reach, places): (Reach, Places),
    ) -> Read<Self> {
        let partitions = match &places {
            Places::All(_) => !source.since(1, 1),
            Places::Stored(..) => !source.since(1, 3),
            Places::Tree(_) => false,
        };
        Ok(Self {
            partitions,
            intake: Intake::new(source, Some(n_features)),
            metric,
            reach,
            n_rows,
            n_features,
            places,
            by_distance: by_distance(source)?,
        })
    }

    /// How many rows were trained with.
    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Whether near rows count more.
    pub(super) fn by_distance(&self) -> bool {
        self.by_distance
    }

    /// The distance that a reduced one stands for.
    pub(super) fn distance(&self, reduced: f64) -> f64 {
        self.metric.distance(reduced)
    }

    /// Tells of each row how much each of its neighbours counts, nearest first.
    ///
    /// # Errors
    /// What is wrong with the rows.
    pub(super) fn each(
        &self,
        x: &Table<'_>,
        mut tell: impl FnMut(&[Near]),
    ) -> Result<usize, Error> {
        self.each_near(x, |neighbours| {
            self.weigh(neighbours);
            tell(neighbours);
        })
    }

    /// Tells of each row the reduced distances of its neighbours, nearest first.
    ///
    /// # Errors
    /// What is wrong with the rows.
    pub(super) fn each_near(
        &self,
        x: &Table<'_>,
        mut tell: impl FnMut(&mut [Near]),
    ) -> Result<usize, Error> {
        if let (Places::Stored(points, relation), Reach::Nearest(k)) = (&self.places, self.reach) {
            let mut nearest = Nearest::new(k);
            let mut found = Vec::with_capacity(k);
            return points.each(&self.intake, x, *relation, &mut |distances| {
                if self.partitions {
                    return tell(&mut partitioned(distances, k));
                }
                nearest.clear();
                nearest.push_all(0, distances);
                nearest.tell(&mut found, &mut tell);
            });
        }
        let rows = self.intake.doubles(x)?;
        match (&self.places, self.reach) {
            (Places::All(measured), Reach::Nearest(k)) if self.partitions => {
                let mut distances = vec![0.0; self.n_rows];
                for row in rows.iter() {
                    measured.reduced(row, &mut distances);
                    tell(&mut partitioned(&distances, k));
                }
            }
            (places, Reach::Nearest(k)) => self.each_nearest(places, k, &rows.values, &mut tell),
            (Places::All(measured), Reach::Within(radius)) => {
                let mut distances = vec![0.0; self.n_rows];
                let mut found = Vec::new();
                for row in rows.iter() {
                    measured.reduced(row, &mut distances);
                    found.clear();
                    let near = distances.iter().zip(0..).filter(|(d, _)| **d <= radius);
                    found.extend(near.map(|(distance, at)| (*distance, at)));
                    tell(&mut found);
                }
            }
            (Places::Tree(_) | Places::Stored(..), Reach::Within(_)) => {
                return Err(Error::internal(
                    "trees and sparse rows are not searched within a radius",
                ));
            }
        }
        Ok(rows.n_rows)
    }

    fn each_nearest(
        &self,
        places: &Places,
        k: usize,
        rows: &[f64],
        tell: &mut impl FnMut(&mut [Near]),
    ) {
        let together = (KEPT / k).clamp(1, TOGETHER);
        let n_rows = rows.len() / self.n_features;
        let mut nearest = vec![Nearest::new(k); n_rows.min(together)];
        let mut found = Vec::with_capacity(k);
        for rows in rows.chunks(self.n_features * together) {
            nearest.iter_mut().for_each(Nearest::clear);
            match places {
                Places::Tree(tree) => {
                    for (row, nearest) in rows.chunks_exact(self.n_features).zip(&mut nearest) {
                        tree.search(self.metric, row, nearest);
                    }
                }
                Places::All(measured) => search_all(measured, rows, &mut nearest),
                // Sparse rows are searched as they come, one by one.
                Places::Stored(..) => {}
            }
            for nearest in nearest.iter().take(rows.len() / self.n_features) {
                nearest.tell(&mut found, tell);
            }
        }
    }

    /// Makes weights of reduced distances: rows at no distance are all that counts.
    fn weigh(&self, neighbours: &mut [Near]) {
        if !self.by_distance {
            for (weight, _) in neighbours {
                *weight = 1.0;
            }
            return;
        }
        for (weight, _) in &mut *neighbours {
            *weight = 1.0 / self.metric.distance(*weight);
        }
        if neighbours.iter().any(|(weight, _)| weight.is_infinite()) {
            for (weight, _) in neighbours {
                *weight = f64::from(u8::from(weight.is_infinite()));
            }
        }
    }
}

/// What every estimator by neighbours stores.
struct Fitted<'g> {
    /// At least one row and one column.
    rows: Matrix,
    metric: Metric,
    tree: Option<Node<'g>>,
}

fn fitted<'g>(source: &Source<'g>) -> Read<Fitted<'g>> {
    let fitted = source.attr("_fit_X")?;
    if StoredRows::is_one(fitted) {
        return Err(source.unsupported("sparse rows", "train with a dense array"));
    }
    let rows = matrix(fitted)?;
    if rows.n_rows == 0 || rows.n_columns == 0 {
        return Err(fitted.expected("rows"));
    }
    let metric = metric(source)?;
    Ok(Fitted { rows, metric, tree: source.some("_tree")? })
}

fn metric(source: &Source<'_>) -> Read<Metric> {
    let name = source.attr("effective_metric_")?;
    let name = name.text().map_err(|_| {
        source.unsupported("a metric of your own", "use one of scikit-learn's by its name")
    })?;
    let mut metric = Metric::read(source, &name, source.some("effective_metric_params_")?)?;
    if (source.some("_tree")?.is_some() || source.since(1, 1))
        && let Metric::BrayCurtis { by_absolute_sums } = &mut metric
    {
        *by_absolute_sums = false;
    }
    Ok(metric)
}

/// The nearest of all points, as numpy finds them.
fn partitioned(distances: &[f64], k: usize) -> Vec<Near> {
    let mut found: Vec<Near> =
        least(distances, k).into_iter().map(|at| (distances[at], at)).collect();
    found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    found
}

/// Holds rows against all points.
fn search_all(measured: &Measured, rows: &[f64], nearest: &mut [Nearest]) {
    let n_features = measured.points.n_features();
    let mut distances = Vec::new();
    for chunk in measured.points.chunks() {
        distances.resize(chunk.len(), 0.0);
        for (row, nearest) in rows.chunks_exact(n_features).zip(&mut *nearest) {
            if measured.tells_far() {
                let dot = |sum: f64, x: f64, y: f64| x.mul_add(y, sum);
                measured.points.fold(chunk.clone(), row, &mut distances, dot);
                measured.far(row).push(chunk.clone(), &distances, nearest);
            } else {
                measured.reduced_of(chunk.clone(), row, &mut distances);
                nearest.push_all(chunk.start, &distances);
            }
        }
    }
}

fn by_distance(source: &Source<'_>) -> Read<bool> {
    let Some(weights) = source.some("weights")? else { return Ok(false) };
    match weights.text_opt().as_deref() {
        Some("uniform") => Ok(false),
        Some("distance") => Ok(true),
        _ => Err(source.unsupported("weights of your own", "use `uniform` or `distance`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of which many repeat.
    fn numbers(n: usize, seed: usize) -> Vec<f64> {
        (0..n).map(|at| ((at * 7919 + seed * 104_729) % 1009 % 7) as f64 / 3.0).collect()
    }

    #[test]
    fn far_points_that_are_passed_over_are_none_of_the_nearest() {
        for (n_points, n_features) in [(1, 32), (40, 32), (3000, 32), (900, 70)] {
            let values = numbers(n_points * n_features, 1);
            let points = Matrix { n_rows: n_points, n_columns: n_features, values };
            let measured = Measured::new(Metric::Euclidean, &points);
            assert!(measured.tells_far());
            let rows = numbers(7 * n_features, 2);
            let k = n_points.min(5);
            let mut nearest = vec![Nearest::new(k); 7];
            search_all(&measured, &rows, &mut nearest);
            for (row, nearest) in rows.chunks_exact(n_features).zip(&nearest) {
                let mut distances = vec![0.0; n_points];
                measured.reduced(row, &mut distances);
                let mut expected = Nearest::new(k);
                expected.push_all(0, &distances);
                assert_eq!(told(nearest), told(&expected), "{n_points} {n_features}");
            }
        }
    }

    fn told(nearest: &Nearest) -> Vec<Near> {
        let mut told = Vec::new();
        nearest.tell(&mut Vec::new(), &mut |found: &mut [Near]| told = found.to_vec());
        told
    }
}
