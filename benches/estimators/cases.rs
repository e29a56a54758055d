//! What is measured, and the limits.

use crate::who::Who;

/// One model.
#[derive(Debug)]
pub(crate) struct Case {
    /// The name of its folder; of a model of the tree's tests, that of its files without suffix.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// How many times as long a row may take the library, called from Python, at least.
    pub(crate) gain: f64,
}

/// What sort of model it is, as far as the limits depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A forest, of any library.
    Trees,
    /// Everything else: most of its time goes into products and sums of numbers.
    Dense,
}

impl Kind {
    /// The most that a batch may take, in times of the fastest of [`Kind::others`].
    pub(crate) const fn batch_limit(self) -> f64 {
        match self {
            Self::Trees => 1.0,
            Self::Dense => 1.25,
        }
    }

    /// Whose fastest is the measure for batches. What is not trees is held against its own library
    /// alone: converted models compute in single precision, which is other arithmetic.
    pub(crate) const fn others(self) -> &'static [Who] {
        match self {
            Self::Trees => &Who::OTHERS,
            Self::Dense => &[Who::Library],
        }
    }
}

/// The most that opening a file may take, in times of its library's.
pub(crate) const LOAD_LIMIT: f64 = 1.0;

/// Batches, in rows.
pub(crate) const BATCHES: [usize; 3] = [1, 64, 1024];

const fn trees(name: &'static str) -> Case {
    Case { name, kind: Kind::Trees, gain: 40.0 }
}

const fn dense(name: &'static str) -> Case {
    Case { name, kind: Kind::Dense, gain: 40.0 }
}

/// Bound by a kernel that the library has in C as well.
const fn bound(name: &'static str) -> Case {
    Case { name, kind: Kind::Dense, gain: 1.0 }
}

/// What `models.py` makes.
pub(crate) const CASES: [Case; 14] = [
    dense("logistic"),
    trees("forest"),
    trees("boosting"),
    trees("histogram"),
    bound("svc"),
    bound("neighbours"),
    bound("neighbours-kd"),
    dense("mlp"),
    dense("pca-lda"),
    dense("columns"),
    dense("text"),
    trees("xgboost-json"),
    trees("xgboost-ubj"),
    Case { name: "lightgbm", kind: Kind::Trees, gain: 5.0 },
];

/// Models of the tree's own tests, to try this program on.
pub(crate) const SMOKE: [Case; 7] = [
    dense("sklearn/1.9.1/logistic"),
    trees("sklearn/1.9.1/forest"),
    trees("sklearn/1.9.1/histogram_two"),
    bound("sklearn/1.9.1/knn_kd_tree_uniform"),
    dense("skops/columns_logistic"),
    bound("skops/svc_probability_three"),
    dense("skops/text_tfidf_logistic"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_a_name_of_its_own() {
        for (index, case) in CASES.iter().enumerate() {
            assert!(CASES[..index].iter().all(|earlier| earlier.name != case.name), "{case:?}");
        }
    }
}
