//! Outliers by how much sparser their surroundings are than those of their neighbours.

use radiant_core::{DType, Error};

use super::search::Neighbours;
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::source::{Read, Source};

/// `LocalOutlierFactor` for new rows.
#[derive(Debug)]
struct Factor {
    neighbours: Neighbours,
    /// Of each row trained with, the distance of its farthest neighbour.
    // Invariant: both have one for each row.
    reaches: Vec<f64>,
    /// Of each row trained with, how dense its surroundings are.
    densities: Vec<f64>,
    /// The score from which a row belongs to the others.
    offset: f64,
    /// Whether distances are rounded where rows came in single precision (1.2).
    rounds: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    if !source.flag("novelty", false)? {
        return Err(source.unsupported(
            "`novelty=False`, which knows nothing of new rows",
            "train with `novelty=True`",
        ));
    }
    let neighbours = Neighbours::read(source, "n_neighbors_")?;
    let k = source.attr("n_neighbors_")?.index()?;
    let distances_node = source.attr("_distances_fit_X_")?;
    let distances = source.matrix("_distances_fit_X_")?;
    if distances.n_rows != neighbours.n_rows() || distances.n_columns < k {
        return Err(distances_node.expected(format_args!("{k} distances for each row")));
    }
    let reaches = distances.rows().filter_map(|row| row.get(k - 1).copied()).collect();
    Ok(Box::new(Factor {
        reaches,
        densities: source.vector_of("_lrd", neighbours.n_rows())?,
        offset: source.attr("offset_")?.float()?,
        neighbours,
        rounds: source.since(1, 2),
    }))
}

impl Factor {
    #[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
    fn scores(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let is_single = matches!(x, Table::Array(Array { data: Data::F32(_), .. }));
        let rounds = self.rounds && is_single;
        let mut scores = Vec::with_capacity(x.n_rows());
        self.neighbours.each_near(x, |near| {
            let n = near.len() as f64;
            let reach = near.iter().map(|(reduced, row)| {
                let distance = self.neighbours.distance(*reduced);
                let distance = if rounds { f64::from(distance as f32) } else { distance };
                distance.max(self.reaches[*row])
            });
            // The library's guard against rows that all are the same.
            let density = 1.0 / (reach.sum::<f64>() / n + 1e-10);
            let ratios = near.iter().map(|(_, row)| self.densities[*row] / density);
            scores.push(-(ratios.sum::<f64>() / n));
        })?;
        Ok(scores)
    }
}

impl Estimator for Factor {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact { dtype: DType::I64, width: Width::One }),
            Method::DecisionFunction | Method::ScoreSamples => Some(Fact::NUMBER),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.neighbours.intake.class, method));
        }
        let mut scores = self.scores(x)?;
        if method == Method::ScoreSamples {
            return Ok(Answer::column(scores));
        }
        for score in &mut scores {
            *score -= self.offset;
        }
        if method == Method::DecisionFunction {
            return Ok(Answer::column(scores));
        }
        let side = |score: &f64| if *score < 0.0 { -1 } else { 1 };
        Ok(Answer::column(scores.iter().map(side).collect::<Vec<i64>>()))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.neighbours.intake.n_features)
    }
}
