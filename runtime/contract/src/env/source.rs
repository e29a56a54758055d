//! Where values of environment variables come from.

use std::collections::BTreeMap;

use super::VariablesFile;

/// A set of environment variables.
pub trait EnvSource {
    /// The value of the variable with this name; `None` when it is unset or empty.
    fn get(&self, name: &str) -> Option<String>;

    /// The names of all variables, set or empty, in no order.
    fn names(&self) -> Vec<String>;

    /// Variables that somebody wrote into a file for this program, which come before the others
    /// and are among them.
    fn explicit(&self) -> Option<&VariablesFile> {
        None
    }
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnv;

impl EnvSource for ProcessEnv {
    /// Bytes that are no UTF-8 come as replacement characters, so that a value that needs them is
    /// refused by its own rule and not taken for unset.
    fn get(&self, name: &str) -> Option<String> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let value = std::env::var_os(name)?;
        Some(value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
    }

    /// Names that are no UTF-8 are left out: they are nobody's here.
    fn names(&self) -> Vec<String> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let variables = std::env::vars_os();
        variables.filter_map(|(name, _)| name.into_string().ok()).collect()
    }
}

/// Variables from a map: for tests, and for programs that configure a server by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MapEnv(BTreeMap<String, String>);

impl EnvSource for MapEnv {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

impl<E: EnvSource + ?Sized> EnvSource for &E {
    fn get(&self, name: &str) -> Option<String> {
        (**self).get(name)
    }

    fn names(&self) -> Vec<String> {
        (**self).names()
    }

    fn explicit(&self) -> Option<&VariablesFile> {
        (**self).explicit()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for MapEnv {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_unset() {
        let env: MapEnv = [("A", ""), ("B", "1")].into_iter().collect();
        assert_eq!((env.get("A"), env.get("B"), env.get("C")), (None, Some("1".into()), None));
    }

    #[test]
    fn the_environment_of_the_process_is_read() {
        assert!(ProcessEnv.get("PATH").is_some());
        assert_eq!(ProcessEnv.get("RADIANT_NO_SUCH_VARIABLE"), None);
        assert!(ProcessEnv.names().iter().any(|name| name == "PATH"));
    }
}
