//! Searches for the best parameters: the estimator that they found.

use crate::sklearn::estimator::Estimator;
use crate::sklearn::source::{Read, Source};

/// Reads `GridSearchCV`, `RandomizedSearchCV` and their halving kin.
pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let Some(best) = source.some("best_estimator_")? else {
        let what = "no estimator that was fitted on all rows (`refit=False`)";
        return Err(source.unsupported(what, "save the estimator itself, or search with `refit`"));
    };
    source.estimator(best)
}
