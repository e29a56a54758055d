//! Clusters that are halves of halves.

use radiant_formats::Node;

use crate::sklearn::source::{Read, Source, vector};

/// A cluster, or the two that it was split into.
#[derive(Debug)]
enum Part {
    Cluster(i64),
    /// The places of the halves, and their centres.
    // Invariant: both places are places of parts, behind this one.
    Split {
        places: [usize; 2],
        centres: [Vec<f64>; 2],
    },
}

/// The tree of a `BisectingKMeans`.
#[derive(Debug)]
pub(super) struct Halves {
    /// The first is the whole.
    parts: Vec<Part>,
    n_features: usize,
}

impl Halves {
    pub(super) fn read(source: &Source<'_>) -> Read<Self> {
        let root = source.attr("_bisecting_tree")?;
        let mean = source.vector("_X_mean")?;
        let mut halves = Self { parts: Vec::new(), n_features: mean.len() };
        halves.add(root, &mean)?;
        Ok(halves)
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Adds what a node of the tree is, and gives its place.
    fn add(&mut self, node: Node<'_>, mean: &[f64]) -> Read<usize> {
        let _visit = node.enter()?;
        let at = self.parts.len();
        let Some(left) = node.attr_some("left")? else {
            self.parts.push(Part::Cluster(node.attr("label")?.int()?));
            return Ok(at);
        };
        let right = node.attr("right")?;
        // Stands in for itself until its halves have places.
        self.parts.push(Part::Cluster(-1));
        let places = [self.add(left, mean)?, self.add(right, mean)?];
        let centres = [centre(left, mean)?, centre(right, mean)?];
        self.parts[at] = Part::Split { places, centres };
        Ok(at)
    }

    /// The cluster of a row, which is as wide as the centres.
    pub(super) fn cluster(&self, row: &[f64]) -> i64 {
        let square = |centre: &[f64]| -> f64 {
            row.iter().zip(centre).map(|(x, centre)| (x - centre) * (x - centre)).sum()
        };
        let mut at = 0;
        loop {
            match &self.parts[at] {
                Part::Cluster(label) => return *label,
                Part::Split { places: [left, right], centres: [to_left, to_right] } => {
                    at = if square(to_left) <= square(to_right) { *left } else { *right };
                }
            }
        }
    }
}

/// The centre of a half: it was found in rows less their mean.
fn centre(node: Node<'_>, mean: &[f64]) -> Read<Vec<f64>> {
    let node = node.attr("center")?;
    let centre = vector(node)?;
    if centre.len() != mean.len() {
        return Err(node.expected(format_args!("{} numbers", mean.len())));
    }
    Ok(centre.iter().zip(mean).map(|(x, mean)| x + mean).collect())
}
