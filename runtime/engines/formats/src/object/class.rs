//! Names of classes and functions.

use std::fmt;

use super::value::Global;

/// A class or function as a file names it: `sklearn.svm._classes` and `SVC`.
///
/// Modules move between versions of a library: tell classes by [`name`](Self::name) and
/// [`package`](Self::package), not by the whole path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassName<'g> {
    /// The module, dots included.
    pub module: &'g str,
    /// The name in the module.
    pub name: &'g str,
}

impl<'g> ClassName<'g> {
    pub(crate) fn of(global: &'g Global) -> Self {
        Self { module: &global.module, name: &global.name }
    }

    /// The first component of the module: `sklearn`.
    pub fn package(&self) -> &'g str {
        self.module.split('.').next().unwrap_or_default()
    }

    /// Whether it is one of numpy's functions that pickles call: they lie in `numpy.core`, from
    /// numpy 2 in `numpy._core`.
    pub(crate) fn is_numpy(&self, module: &str, name: &str) -> bool {
        let rest = self.module.strip_prefix("numpy.core.");
        let rest = rest.or_else(|| self.module.strip_prefix("numpy._core."));
        rest == Some(module) && self.name == name
    }

    /// Whether it is a name of Python itself, of either generation.
    pub(crate) fn is_builtin(&self, name: &str) -> bool {
        matches!(self.module, "builtins" | "__builtin__") && self.name == name
    }
}

impl fmt::Display for ClassName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}
