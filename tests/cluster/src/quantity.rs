//! Quantities of resources, as Kubernetes writes them.

/// The factors of a quantity's suffixes.
const SUFFIXES: [(&str, f64); 14] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("", 1.0),
];

/// The number that a quantity stands for; 0 where it is none, as the API server lets none through.
pub(crate) fn number(quantity: &str) -> f64 {
    let suffix = SUFFIXES.iter().find_map(|(suffix, factor)| {
        let digits = quantity.strip_suffix(suffix)?;
        Some(digits.parse::<f64>().ok()? * factor)
    });
    suffix.unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn quantities_are_read_with_every_kind_of_suffix() {
        let cases = [("1", 1.0), ("100m", 0.1), ("64Mi", 67_108_864.0), ("2G", 2e9), ("1e3", 1e3)];
        for (quantity, expected) in cases {
            let got = number(quantity);
            assert!((got - expected).abs() < 1e-9, "{quantity}: {got}");
        }
    }
}
