//! Where we may answer otherwise than onnxruntime, pipeline by pipeline, and why.

use super::compare::Bound;

/// What a pipeline is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Allowed {
    /// The names of the columns are not told.
    NoClasses,
    /// Numbers within another bound than [`Bound::USUAL`].
    Within(Bound),
    /// Another label in this row: the two best scores are this far apart, relative to them.
    NearTie { output: &'static str, row: usize, margin: f64 },
}

/// One line: a pipeline, what it is allowed, and why.
#[derive(Debug)]
pub(super) struct Deviation {
    pub(super) pipeline: &'static str,
    pub(super) allowed: Allowed,
    pub(super) because: &'static str,
}

const fn no_classes(pipeline: &'static str, because: &'static str) -> Deviation {
    Deviation { pipeline, allowed: Allowed::NoClasses, because }
}

const fn near_tie(
    pipeline: &'static str,
    row: usize,
    margin: f64,
    because: &'static str,
) -> Deviation {
    Deviation { pipeline, allowed: Allowed::NearTie { output: "label", row, margin }, because }
}

const fn within(
    pipeline: &'static str,
    relative: f64,
    noise: f64,
    because: &'static str,
) -> Deviation {
    Deviation { pipeline, allowed: Allowed::Within(Bound { relative, noise }), because }
}

const BAYES: &str = "the exponential function rounds otherwise than onnxruntime's";

/// Every deviation.
const DEVIATIONS: [Deviation; 8] = [
    within("text_count_bayes", 2e-6, 2.4e-7, BAYES),
    within("kernel_centerer", 1e-5, 1e-5, "kernels of 50 cancel to less than 1"),
    within("qda", 1e-5, 2.4e-7, "exponentials of differences between squares of 145"),
    within("sgd_one_class", 1e-5, 1e-6, "terms of 6 cancel to 3e-3"),
    near_tie("ridge_classifier", 39, 6.9e-7, "onnxruntime gives another label to the row alone"),
    near_tie("ridge_classifier_cv", 39, 1.5e-7, "the row is the mean of all: each class has 1/3"),
    no_classes("one_vs_rest_tags", "there is a label for each column, not one for each row"),
    no_classes("qda", "the labels are a row, so that they are not known as labels"),
];

/// The deviations of a pipeline.
pub(super) fn of(pipeline: &str) -> impl Iterator<Item = &'static Deviation> {
    DEVIATIONS.iter().filter(move |deviation| deviation.pipeline == pipeline)
}

/// The pipelines that have a deviation.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    DEVIATIONS.iter().map(|deviation| {
        assert!(!deviation.because.is_empty(), "{} deviates without a reason", deviation.pipeline);
        deviation.pipeline
    })
}

/// Whether a pipeline may not tell the names of its columns.
pub(super) fn may_name_no_classes(pipeline: &str) -> bool {
    of(pipeline).any(|deviation| deviation.allowed == Allowed::NoClasses)
}

/// Where all pipelines whose name begins so give the same bits: looking up, counting, and sums in
/// the order of onnxruntime.
const EXACT: [&str; 12] = [
    "bagging",
    "bins_o",
    "boosted_regressor",
    "extra_tree",
    "forest",
    "histogram_regressor",
    "imputer",
    "label",
    "one_hot",
    "ordinal",
    "text_count",
    "tree",
];

/// The bound of a pipeline's numbers.
pub(super) fn bound(pipeline: &str) -> Bound {
    let within = of(pipeline).find_map(|deviation| {
        if let Allowed::Within(bound) = deviation.allowed { Some(bound) } else { None }
    });
    let is_exact = EXACT.iter().any(|family| pipeline.starts_with(family));
    within.unwrap_or(if is_exact { Bound::EXACT } else { Bound::USUAL })
}

/// Rows of an output that may have another label.
pub(super) fn near_ties(pipeline: &str, output: &str) -> Vec<usize> {
    let row = |deviation: &Deviation| {
        let Allowed::NearTie { output: tied, row, margin } = deviation.allowed else { return None };
        assert!(margin < 1e-5, "a margin of {margin} in {pipeline} is no near-tie");
        (tied == output).then_some(row)
    };
    of(pipeline).filter_map(row).collect()
}
