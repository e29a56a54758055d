//! What is measured, and the limits.

use crate::who::Who;

/// One model.
#[derive(Debug)]
pub(crate) struct Case {
    /// Its folder's name.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// The most that a run of the best of [`Kind::ours`] may take, in times of the best of
    /// [`Kind::others`].
    pub(crate) limit: Option<f64>,
    /// Batches, in rows.
    pub(crate) batches: &'static [usize],
}

/// What sort of model it is, as far as the best engine depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Estimators of a few operators of `ai.onnx.ml`.
    Small,
    /// Forests.
    Forest,
    /// Networks of dense layers, attention, recurrence.
    Network,
    /// Networks whose time goes into convolutions.
    Convolution,
}

impl Kind {
    /// Whose best has to keep the limit.
    pub(crate) const fn ours(self) -> &'static [Who] {
        match self {
            Self::Small | Self::Forest => &[Who::Native],
            Self::Network | Self::Convolution => &Who::OURS,
        }
    }

    /// Whose best is the measure: everybody else that has one thread.
    pub(crate) const fn others(self) -> &'static [Who] {
        use Who::{Lightgbm, Ort, Rten, Sklearn, Tl2cgen, Tract, Xgboost};
        match self {
            Self::Small | Self::Network | Self::Convolution => &[Ort],
            Self::Forest => &[Tract, Rten, Ort, Xgboost, Lightgbm, Sklearn, Tl2cgen],
        }
    }
}

/// The most that the engine that `auto` takes may take, in times of the fastest that it could take:
/// it goes by rules for kinds of models, and prefers what is compiled in to ONNX Runtime where that
/// gains less than this.
pub(crate) const AUTO_LIMIT: f64 = 1.3;

const SMALL: &[usize] = &[1, 8, 64];
const TREES: &[usize] = &[1, 64, 1024];
/// Images of 224 x 224 are many numbers each.
const LARGE: &[usize] = &[1, 8];

const fn small(name: &'static str, limit: f64) -> Case {
    Case { name, kind: Kind::Small, limit: Some(limit), batches: SMALL }
}

const fn forest(name: &'static str) -> Case {
    Case { name, kind: Kind::Forest, limit: Some(1.0), batches: TREES }
}

const fn network(name: &'static str, batches: &'static [usize]) -> Case {
    Case { name, kind: Kind::Network, limit: Some(1.4), batches }
}

/// No limit: where ONNX Runtime is installed, `auto` takes it.
const fn convolution(name: &'static str, batches: &'static [usize]) -> Case {
    Case { name, kind: Kind::Convolution, limit: None, batches }
}

/// What `models.py` makes.
pub(crate) const CASES: [Case; 27] = [
    small("iris", 0.15),
    small("logreg30", 1.0),
    small("rf10", 1.0),
    small("tfidf", 1.0),
    forest("xgb100"),
    forest("xgb500"),
    forest("lgb200"),
    forest("rf100"),
    forest("xgb100-binary"),
    forest("xgb500-binary"),
    forest("lgb200-binary"),
    forest("rf100-binary"),
    network("mlp", SMALL),
    network("transformer", LARGE),
    network("gru", SMALL),
    network("lstm", SMALL),
    network("magika", &[1, 8]),
    network("silero-vad", &[1]),
    network("silero-vad-ifless", &[1]),
    network("silero-vad-openvino", &[1]),
    convolution("cnn8", SMALL),
    convolution("cnn28", SMALL),
    convolution("resnet18", LARGE),
    convolution("mobilenetv2", LARGE),
    convolution("ocr-find", &[1]),
    convolution("ocr-turn", &[1]),
    convolution("ocr-read", &[1, 6]),
];

/// Models of the tree's own tests, to try this program on.
pub(crate) const SMOKE: [Case; 4] = [
    small("iris", 0.15),
    forest("cancer-gbt"),
    network("digits-mlp", SMALL),
    convolution("digits-cnn", SMALL),
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

    #[test]
    fn nobody_is_measured_with_itself() {
        for kind in [Kind::Small, Kind::Forest, Kind::Network, Kind::Convolution] {
            assert!(kind.ours().iter().all(|who| !kind.others().contains(who)), "{kind:?}");
        }
    }
}
