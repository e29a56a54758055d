//! Whether an operator means the same in two versions of its operator set.
//!
//! The body of a function names its own versions. In the graph it is put into, one version holds for
//! all, so the bodies of functions of other versions fit only where no operator changed in between.

/// In which versions from 14 on standard operators changed in more than the types that they take
/// (onnx 1.23, `defs`: other inputs, attributes or words; words that tell nothing new are not
/// counted).
const STANDARD: [(&str, &[i64]); 39] = [
    ("Attention", &[24, 25]),
    ("AveragePool", &[19, 22]),
    ("BatchNormalization", &[14, 15]),
    ("BitShift", &[28]),
    ("Cast", &[19, 24]),
    ("CastLike", &[19, 24]),
    ("DFT", &[20]),
    ("DequantizeLinear", &[19, 21, 23]),
    ("GRU", &[14]),
    ("GridSample", &[20]),
    ("GroupNormalization", &[21]),
    ("LSTM", &[14]),
    ("Loop", &[16]),
    ("LpPool", &[18]),
    ("MaxPool", &[22]),
    ("Mod", &[28]),
    ("OptionalGetElement", &[18]),
    ("OptionalHasElement", &[18]),
    ("Pad", &[18, 19]),
    ("QuantizeLinear", &[19, 21, 23, 25]),
    ("RNN", &[14]),
    ("Range", &[27]),
    ("ReduceL1", &[18]),
    ("ReduceL2", &[18]),
    ("ReduceLogSum", &[18]),
    ("ReduceLogSumExp", &[18]),
    ("ReduceMax", &[18, 20]),
    ("ReduceMean", &[18]),
    ("ReduceMin", &[18, 20]),
    ("ReduceProd", &[18]),
    ("ReduceSumSquare", &[18]),
    ("Reshape", &[14]),
    ("Resize", &[18, 19]),
    ("RoiAlign", &[16]),
    ("ScatterElements", &[16, 18]),
    ("ScatterND", &[16, 18]),
    ("Shape", &[15]),
    ("SpaceToDepth", &[28]),
    ("Split", &[18]),
];

/// The same for `ai.onnx.ml`, from version 1 on.
const ML: [(&str, &[i64]); 3] = [
    ("LabelEncoder", &[2, 4]),
    ("TreeEnsembleClassifier", &[3, 5]),
    ("TreeEnsembleRegressor", &[3, 5]),
];

/// The versions that the table of a domain begins and ends with.
fn known_versions(domain: &str) -> Option<std::ops::RangeInclusive<i64>> {
    match domain {
        "" => Some(13..=28),
        "ai.onnx.ml" => Some(1..=5),
        _ => None,
    }
}

/// Whether an operator is the same in both versions, as far as is known.
pub(super) fn agree(domain: &str, op_type: &str, a: i64, b: i64) -> bool {
    if a == b {
        return true;
    }
    let table: &[(&str, &[i64])] = if domain.is_empty() { &STANDARD } else { &ML };
    let is_known =
        known_versions(domain).is_some_and(|known| known.contains(&a) && known.contains(&b));
    let changes = table.iter().find(|(name, _)| *name == op_type).map_or(&[][..], |entry| entry.1);
    let between = a.min(b).saturating_add(1)..=a.max(b);
    is_known && !changes.iter().any(|change| between.contains(change))
}

#[cfg(test)]
mod tests {
    use super::agree;

    #[test]
    fn operators_agree_until_they_change() {
        assert!(agree("", "Softmax", 13, 22));
        assert!(!agree("", "Softmax", 12, 13));
        assert!(agree("", "Softmax", 11, 11));
        assert!(agree("", "ReduceMean", 18, 21));
        assert!(!agree("", "ReduceMean", 21, 17));
        assert!(!agree("ai.onnx.ml", "LabelEncoder", 1, 2));
        assert!(agree("ai.onnx.ml", "Scaler", 1, 4));
        assert!(!agree("com.acme", "Scaler", 1, 4));
        assert!(!agree("", "Add", 28, 29));
    }
}
