//! Clusters by the nearest of some centres.

use radiant_core::{DType, Error};
use radiant_formats::Node;

use super::halves::Halves;
use super::points::Points;
use crate::sklearn::activation::argmax;
use crate::sklearn::affine::Scores;
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::intake::{Intake, Rows};
use crate::sklearn::source::{Read, Source, is_single, matrix};

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

/// How many rows are held against the centres at once.
const TOGETHER: usize = 16;

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
        let mut out = vec![0.0; rows.n_rows * self.centres.len()];
        self.centres.squares(&rows.values, &mut out);
        for square in &mut out {
            *square = square.sqrt();
        }
        out
    }

    fn clusters(&self, rows: &Rows<'_, f64>) -> Vec<i64> {
        if let Choice::Halves(halves) = &self.choice {
            return rows.iter().map(|row| halves.cluster(row)).collect();
        }
        let n = self.centres.len();
        let mut squares = vec![0.0; TOGETHER * n];
        let mut clusters = Vec::with_capacity(rows.n_rows);
        for rows in rows.values.chunks(TOGETHER * self.centres.n_features()) {
            let squares = &mut squares[..rows.len() / self.centres.n_features() * n];
            self.centres.squares(rows, squares);
            for square in &mut *squares {
                *square = -*square;
            }
            clusters.extend(squares.chunks_exact(n).map(|row| self.label(argmax(row))));
        }
        clusters
    }

    fn label(&self, centre: usize) -> i64 {
        match &self.choice {
            Choice::Labels(labels) => labels.get(centre).copied().unwrap_or(-1),
            Choice::Nearest | Choice::Halves(_) => i64::try_from(centre).unwrap_or(i64::MAX),
        }
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
        let rows = self.intake.doubles(x)?;
        match method {
            Method::Predict => Ok(Answer::column(self.clusters(&rows))),
            Method::Transform if self.transforms => {
                let distances = self.distances(&rows);
                let is_single = self.is_single && x.is_single();
                Ok(Scores::new(rows.n_rows, self.centres.len(), distances, is_single).into_matrix())
            }
            _ => Err(no_method(&self.intake.class, method)),
        }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}
