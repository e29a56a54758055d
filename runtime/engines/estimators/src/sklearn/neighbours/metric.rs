//! How far rows are apart.

use std::ops::Range;

use radiant_formats::Node;

use super::nearest::Nearest;
use super::points::Points;
use crate::sklearn::source::{Matrix, Read, Source};

/// A metric of scikit-learn.
///
/// Metrics are computed *reduced*, where that is cheaper: as a number that orders rows as the
/// distance does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Metric {
    Euclidean,
    SquaredEuclidean,
    Manhattan,
    Chebyshev,
    Minkowski(f64),
    Cosine,
    Canberra,
    /// What the sum of differences is divided by: absolute sums (scipy) or sums of absolutes.
    BrayCurtis {
        by_absolute_sums: bool,
    },
    Hamming,
}

/// How many points are looked at together.
const LOOK: usize = 16;

/// From how many features on a dot product is so much cheaper than a distance that it is formed first.
const FEATURES_FOR_DOTS: usize = 32;

const WAY_OUT: &str = "train with one of euclidean, manhattan, chebyshev, minkowski, cosine, \
                       canberra, braycurtis, hamming";

impl Metric {
    /// Reads a metric by its name; `parameters` is a dict.
    pub(super) fn read(
        source: &Source<'_>,
        name: &str,
        parameters: Option<Node<'_>>,
    ) -> Read<Self> {
        let mut p = 2.0;
        if let Some(parameters) = parameters.filter(|node| !node.is_none()) {
            for (key, value) in parameters.entries()? {
                if value.is_none() {
                    continue;
                }
                if key.text()? != "p" {
                    let what = format!("metric `{name}` and parameter `{}`", key.text()?);
                    return Err(source.unsupported(what, WAY_OUT));
                }
                p = value.float()?;
            }
        }
        Ok(match name {
            "euclidean" | "l2" => Self::Euclidean,
            "sqeuclidean" => Self::SquaredEuclidean,
            "manhattan" | "cityblock" | "l1" => Self::Manhattan,
            "chebyshev" | "infinity" => Self::Chebyshev,
            "minkowski" | "p" => Self::minkowski(p),
            "cosine" => Self::Cosine,
            "canberra" => Self::Canberra,
            "braycurtis" => Self::BrayCurtis { by_absolute_sums: true },
            "hamming" => Self::Hamming,
            _ => return Err(source.unsupported(format_args!("metric `{name}`"), WAY_OUT)),
        })
    }

    fn minkowski(p: f64) -> Self {
        match p {
            1.0 => Self::Manhattan,
            2.0 => Self::Euclidean,
            f64::INFINITY => Self::Chebyshev,
            _ => Self::Minkowski(p),
        }
    }

    /// The reduced distance of two rows.
    pub(super) fn reduced(self, x: &[f64], y: &[f64]) -> f64 {
        let fold = |step: fn(f64, f64, f64) -> f64| {
            x.iter().zip(y).fold(0.0, |sum, (x, y)| step(sum, *x, *y))
        };
        match self {
            // The two that matter are not to be called through a pointer for each value.
            Self::Euclidean | Self::SquaredEuclidean => {
                x.iter().zip(y).fold(0.0, |sum, (x, y)| squares(sum, *x, *y))
            }
            Self::Manhattan => x.iter().zip(y).fold(0.0, |sum, (x, y)| absolutes(sum, *x, *y)),
            Self::Chebyshev => fold(greatest),
            Self::Minkowski(p) => {
                x.iter().zip(y).fold(0.0, |sum, (x, y)| sum + (x - y).abs().powf(p))
            }
            Self::Cosine => {
                let norms = (norm(x), norm(y));
                cosine(fold(|sum, x, y| sum + x * y), norms.0, norms.1)
            }
            Self::Canberra => fold(canberra),
            Self::BrayCurtis { by_absolute_sums } => {
                let all = fold(if by_absolute_sums { absolute_sums } else { sums_of_absolutes });
                fold(absolutes) / all
            }
            Self::Hamming => fold(unequal) / x.len() as f64,
        }
    }

    /// The distance that a reduced one stands for.
    pub(super) fn distance(self, reduced: f64) -> f64 {
        match self {
            Self::Euclidean => reduced.sqrt(),
            Self::Minkowski(p) => reduced.powf(1.0 / p),
            _ => reduced,
        }
    }

    /// The reduced form of a distance.
    pub(super) fn reduce(self, distance: f64) -> f64 {
        match self {
            Self::Euclidean => distance * distance,
            Self::Minkowski(p) => distance.powf(p),
            _ => distance,
        }
    }

    /// The least reduced distance of a row to a box, where trees of boxes know the metric.
    pub(super) fn reduced_to_box(self, row: &[f64], low: &[f64], high: &[f64]) -> f64 {
        let sides = row.iter().zip(low.iter().zip(high));
        let outside = sides.map(|(x, (low, high))| (low - x).max(0.0) + (x - high).max(0.0));
        match self {
            Self::Chebyshev => outside.fold(0.0, f64::max),
            Self::Manhattan => outside.sum(),
            Self::Minkowski(p) => outside.map(|side| side.powf(p)).sum(),
            _ => outside.map(|side| side * side).sum(),
        }
    }
}

#[inline]
fn squares(sum: f64, x: f64, y: f64) -> f64 {
    sum + (x - y) * (x - y)
}

#[inline]
fn absolutes(sum: f64, x: f64, y: f64) -> f64 {
    sum + (x - y).abs()
}

#[inline]
fn greatest(sum: f64, x: f64, y: f64) -> f64 {
    sum.max((x - y).abs())
}

#[inline]
fn canberra(sum: f64, x: f64, y: f64) -> f64 {
    let all = x.abs() + y.abs();
    if all > 0.0 { sum + (x - y).abs() / all } else { sum }
}

#[inline]
#[expect(clippy::float_cmp, reason = "the metric counts values that are not the same")]
fn unequal(sum: f64, x: f64, y: f64) -> f64 {
    sum + f64::from(u8::from(x != y))
}

#[inline]
fn absolute_sums(sum: f64, x: f64, y: f64) -> f64 {
    sum + (x + y).abs()
}

#[inline]
fn sums_of_absolutes(sum: f64, x: f64, y: f64) -> f64 {
    sum + (x.abs() + y.abs())
}

/// The Euclidean length of a row.
fn norm(row: &[f64]) -> f64 {
    row.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// From a dot product and two lengths; a row of zeros is as far as can be from everything.
fn cosine(dot: f64, x: f64, y: f64) -> f64 {
    let lengths = x * y;
    if lengths > 0.0 { (1.0 - dot / lengths).clamp(0.0, 2.0) } else { 1.0 }
}

/// Points and what a metric needs of them.
#[derive(Debug)]
pub(super) struct Measured {
    metric: Metric,
    pub(super) points: Points,
    /// The length of each point, for cosines.
    norms: Vec<f64>,
    /// The square of each point's length less what rounding may do, to tell far points (see
    /// [`Far`]).
    squares: Vec<f64>,
}

/// Tells points that are farther than some from their dot product with a row, which is cheaper than
/// the distance.
#[derive(Debug)]
pub(super) struct Far<'m> {
    measured: &'m Measured,
    row: &'m [f64],
    /// The square of the row's length less what rounding may do.
    square: f64,
}

impl Far<'_> {
    /// Takes in the points of a chunk that may be nearer than the farthest, by their distance.
    pub(super) fn push(&self, chunk: Range<usize>, dots: &[f64], nearest: &mut Nearest) {
        let squares = self.measured.squares[chunk.clone()].chunks(LOOK);
        let mut farthest = nearest.farthest();
        for (block, (dots, squares)) in dots.chunks(LOOK).zip(squares).enumerate() {
            let square = self.square;
            let least = |(dot, of_point): (&f64, &f64)| square + of_point - 2.0 * dot;
            // Blocks of which all points are far are the rule, and quickly told.
            let may_be_near = |any, pair| {
                let least = least(pair);
                any | u8::from(least <= farthest) | u8::from(least.is_nan())
            };
            if dots.iter().zip(squares).fold(0, may_be_near) == 0 {
                continue;
            }
            for (at, pair) in dots.iter().zip(squares).enumerate() {
                if least(pair) > farthest {
                    continue;
                }
                let point = chunk.start + block * LOOK + at;
                nearest.push(self.measured.points.square(self.row, point), point);
                farthest = nearest.farthest();
            }
        }
    }
}

/// What is left of the square of a length of so many features if all roundings of three dot products
/// and a distance go the wrong way, with a margin.
fn less_rounding(square: f64, n_features: usize) -> f64 {
    square * (1.0 - 8.0 * (n_features + 8) as f64 * f64::EPSILON)
}

impl Measured {
    pub(super) fn new(metric: Metric, rows: &Matrix) -> Self {
        let norms =
            if metric == Metric::Cosine { rows.rows().map(norm).collect() } else { Vec::new() };
        let square = |row: &[f64]| less_rounding(row.iter().map(|x| x * x).sum(), rows.n_columns);
        let tells_far = metric == Metric::Euclidean && rows.n_columns >= FEATURES_FOR_DOTS;
        let squares = if tells_far { rows.rows().map(square).collect() } else { Vec::new() };
        Self { metric, points: Points::new(rows), norms, squares }
    }

    /// Whether far points can be told from dot products, and these are worth their while.
    pub(super) fn tells_far(&self) -> bool {
        !self.squares.is_empty()
    }

    /// What tells far points of a row; only where [`tells_far`](Self::tells_far).
    pub(super) fn far<'m>(&'m self, row: &'m [f64]) -> Far<'m> {
        let square = less_rounding(row.iter().map(|x| x * x).sum(), row.len());
        Far { measured: self, row, square }
    }

    /// The reduced distance of a row to every point.
    pub(super) fn reduced(&self, row: &[f64], out: &mut [f64]) {
        self.reduced_of(0..self.points.len(), row, out);
    }

    /// The reduced distance of rows to a chunk of the points, row-major.
    pub(super) fn reduced_of(&self, chunk: Range<usize>, rows: &[f64], out: &mut [f64]) {
        let points = &self.points;
        match self.metric {
            Metric::Euclidean | Metric::SquaredEuclidean => {
                points.fold(chunk, rows, out, squares);
            }
            Metric::Manhattan => points.fold(chunk, rows, out, absolutes),
            Metric::Chebyshev => points.fold(chunk, rows, out, greatest),
            Metric::Minkowski(p) => {
                points.fold(chunk, rows, out, |sum, x, y| sum + (x - y).abs().powf(p));
            }
            Metric::Cosine => {
                points.fold(chunk.clone(), rows, out, |sum, x, y| sum + x * y);
                self.cosines(chunk, rows, out);
            }
            Metric::Canberra => points.fold(chunk, rows, out, canberra),
            Metric::BrayCurtis { by_absolute_sums } => {
                let mut all = vec![0.0; out.len()];
                if by_absolute_sums {
                    points.fold(chunk.clone(), rows, &mut all, absolute_sums);
                } else {
                    points.fold(chunk.clone(), rows, &mut all, sums_of_absolutes);
                }
                points.fold(chunk, rows, out, absolutes);
                out.iter_mut().zip(all).for_each(|(out, all)| *out /= all);
            }
            Metric::Hamming => {
                points.fold(chunk, rows, out, unequal);
                let n_features = points.n_features() as f64;
                for out in out {
                    *out /= n_features;
                }
            }
        }
    }

    /// Makes distances of dot products.
    fn cosines(&self, chunk: Range<usize>, rows: &[f64], out: &mut [f64]) {
        let rows = rows.chunks_exact(self.points.n_features());
        for (row, out) in rows.zip(out.chunks_exact_mut(chunk.len())) {
            let length = norm(row);
            for (out, norm) in out.iter_mut().zip(&self.norms[chunk.clone()]) {
                *out = cosine(*out, length, *norm);
            }
        }
    }

    /// The distance that a reduced one stands for.
    pub(super) fn distance(&self, reduced: f64) -> f64 {
        self.metric.distance(reduced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pair_and_many_points_give_the_same_distance() {
        let metrics = [
            Metric::Euclidean,
            Metric::Manhattan,
            Metric::Chebyshev,
            Metric::Minkowski(3.0),
            Metric::Cosine,
            Metric::Canberra,
            Metric::BrayCurtis { by_absolute_sums: true },
            Metric::BrayCurtis { by_absolute_sums: false },
            Metric::Hamming,
        ];
        let rows = Matrix { n_rows: 2, n_columns: 3, values: vec![1.0, -2.0, 0.5, 3.0, 0.0, -1.0] };
        let row = [0.25, -2.0, 2.0];
        for metric in metrics {
            let mut out = [0.0; 2];
            Measured::new(metric, &rows).reduced(&row, &mut out);
            let expected: Vec<_> = rows.rows().map(|point| metric.reduced(&row, point)).collect();
            assert_eq!(out[..], expected, "{metric:?}");
        }
    }

    #[test]
    fn a_row_in_a_box_is_not_away_from_it() {
        let (low, high) = ([0.0, 0.0], [1.0, 2.0]);
        for metric in [Metric::Euclidean, Metric::Manhattan, Metric::Chebyshev] {
            assert_eq!(metric.reduced_to_box(&[0.5, 2.0], &low, &high), 0.0);
        }
        assert_eq!(Metric::Euclidean.reduced_to_box(&[-1.0, 4.0], &low, &high), 5.0);
        assert_eq!(Metric::Manhattan.reduced_to_box(&[-1.0, 4.0], &low, &high), 3.0);
        assert_eq!(Metric::Chebyshev.reduced_to_box(&[-1.0, 4.0], &low, &high), 2.0);
    }
}
