//! Operators on strings.

use super::Builder;

/// The builder of the operator of this name, if there is one.
pub(super) fn builder(_name: &str) -> Option<Builder> {
    None
}

/// The same for the domain `com.microsoft`.
pub(super) fn microsoft_builder(_name: &str) -> Option<Builder> {
    None
}
