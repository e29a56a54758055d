//! Versions of scikit-learn: numbers must be those of the version that wrote a model.

use std::fmt;

/// A version of scikit-learn, as far as formulas depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u16,
    minor: u16,
}

impl Version {
    /// What wrote models that do not say: none since 0.18.
    pub(crate) const UNKNOWN: Self = Self::new(0, 17);

    pub(crate) const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Reads `1.5.2`, `0.22.2.post1` or `1.6.dev0`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut number = || parts.next()?.parse().ok();
        Some(Self::new(number()?, number()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        let version = |text: &str| Version::parse(text).expect("is a version");
        assert!(version("0.22.2.post1") < version("0.24.2"));
        assert!(version("1.10.0") > version("1.9.1"));
        assert_eq!(version("1.6.dev0"), Version::new(1, 6));
        assert_eq!(Version::parse("one"), None);
        assert_eq!(version("1.3.2").to_string(), "1.3");
    }
}
