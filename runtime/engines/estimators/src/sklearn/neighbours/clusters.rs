//! Clusters by the nearest of some centres.

use radiant_core::{DType, Error};
use radiant_formats::Node;

use super::halves::Halves;
use super::points::Points;
use crate::sklearn::activation::argmax;
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::intake::{Intake, Rows};
use crate::sklearn::reduce::precision::{doubled, is_single, rounded};
use crate::sklearn::source::{Read, Source, matrix};

/// `KMeans`, `MiniBatchKMeans`, `BisectingKMeans`, `AffinityPropagation`, `MeanShift` and `Birch`.
#[derive(Debug)]
struct Means {
    intake: Intake,
    centres: Points,
    choice: Choice,
    /// Whether rows can be transformed into their distances.
    transforms: bool,
    /// Whether it was trained in single precision.
    is_single: bool,
}

/// How a row finds its cluster.
#[derive(Debug)]
enum Choice {
    /// That of the nearest centre.
    Nearest,
    /// Several centres make a cluster.
    // Invariant: a label for each centre.
    Labels(Vec<i64>),
    /// By halves of halves.
    Halves(Halves),
}

/// `KMeans` and `MiniBatchKMeans`.
pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    means(source, Choice::Nearest, true)
}

/// `AffinityPropagation` and `MeanShift`.
pub(super) fn read_centres(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    means(source, Choice::Nearest, false)
}

/// `BisectingKMeans`.
pub(super) fn read_bisecting(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let halves = Halves::read(source)?;
    means(source, Choice::Halves(halves), true)
}

fn means(source: &Source<'_>, choice: Choice, transforms: bool) -> Read<Box<dyn Estimator>> {
    let (centres, is_single) = centres(source.attr("cluster_centers_")?)?;
    let intake = Intake::new(source, Some(centres.n_features()));
    if let Choice::Halves(halves) = &choice
        && halves.n_features() != centres.n_features()
    {
        return Err(source.attr("cluster_centers_")?.expected("centres as wide as their halves"));
    }
    Ok(Box::new(Means { intake, centres, choice, transforms, is_single }))
}

/// `Birch`.
pub(super) fn read_birch(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let (centres, is_single) = centres(source.attr("subcluster_centers_")?)?;
    let labels_node = source.attr("subcluster_labels_")?;
    let labels = labels_node.array()?.to_i64()?;
    if labels.len() != centres.len() {
        return Err(labels_node.expected(format_args!("{} labels", centres.len())));
    }
    let intake = Intake::new(source, Some(centres.n_features()));
    let choice = Choice::Labels(labels);
    Ok(Box::new(Means { intake, centres, choice, transforms: true, is_single }))
}

/// At least one centre, and whether they are in single precision.
fn centres(node: Node<'_>) -> Read<(Points, bool)> {
    let centres = matrix(node)?;
    if centres.n_rows == 0 || centres.n_columns == 0 {
        return Err(node.expected("at least one centre"));
    }
    Ok((Points::new(&centres), is_single(node)?))
}

impl Means {
    /// The Euclidean distance of every row to every centre.
    fn distances(&self, rows: &Rows<'_, f64>) -> Vec<f64> {
        let n = self.centres.len();
        let mut out = vec![0.0; rows.n_rows * n];
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(n)) {
            self.centres.squares(row, out);
            for square in &mut *out {
                *square = square.sqrt();
            }
        }
        out
    }

    fn clusters(&self, rows: &Rows<'_, f64>) -> Vec<i64> {
        if let Choice::Halves(halves) = &self.choice {
            return rows.iter().map(|row| halves.cluster(row)).collect();
        }
        let mut squares = vec![0.0; self.centres.len()];
        let nearest = |row: &[f64]| {
            self.centres.squares(row, &mut squares);
            for square in &mut squares {
                *square = -*square;
            }
            let nearest = argmax(&squares);
            match &self.choice {
                Choice::Labels(labels) => labels.get(nearest).copied().unwrap_or(-1),
                Choice::Nearest | Choice::Halves(_) => i64::try_from(nearest).unwrap_or(i64::MAX),
            }
        };
        rows.iter().map(nearest).collect()
    }
}

impl Estimator for Means {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact { dtype: DType::I64, width: Width::One }),
            Method::Transform if self.transforms => Some(Fact::numbers(self.centres.len())),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let (rows, came_single) = doubled(self.intake.lane(x)?);
        match method {
            Method::Predict => Ok(Answer::column(self.clusters(&rows))),
            Method::Transform if self.transforms => {
                let distances = self.distances(&rows);
                let data = rounded(distances, came_single && self.is_single);
                Ok(Answer::matrix(rows.n_rows, self.centres.len(), data))
            }
            _ => Err(no_method(&self.intake.class, method)),
        }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}
