//! The name and the version in a container image's reference.
//!
//! Not a validator of references: whatever stands in `PREDICTIVE_UNIT_IMAGE` is split, as metadata
//! and metric labels show both halves.

/// An image reference in two halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// Everything before the tag, registry and port included.
    pub name: &'a str,
    /// The tag; empty when there is none.
    pub version: &'a str,
}

impl<'a> Image<'a> {
    /// Splits `reference` at its last colon: `reg:5000/img:1.0` is `reg:5000/img` and `1.0`.
    ///
    /// A colon before the last `/` belongs to the registry's port, so `reg:5000/img` has no version
    /// (Seldon Core's Python microservice takes `5000/img` for one).
    pub fn parse(reference: &'a str) -> Self {
        match reference.rsplit_once(':') {
            Some((name, version)) if !version.contains('/') => Self { name, version },
            Some(_) | None => Self { name: reference, version: "" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_split_at_the_tag_and_not_at_the_port() {
        let cases = [
            ("org/img:1.0", "org/img", "1.0"),
            ("reg:5000/img:1.0", "reg:5000/img", "1.0"),
            ("reg:5000/img", "reg:5000/img", ""),
            ("img", "img", ""),
            ("org/img@sha256:abc", "org/img@sha256", "abc"),
            ("img:", "img", ""),
            ("", "", ""),
        ];
        for (reference, name, version) in cases {
            assert_eq!(Image::parse(reference), Image { name, version }, "{reference}");
        }
    }
}
