//! Why there are no credentials for pods.

use radiant_contract::credentials::CredentialError;

use crate::error::{Code, Failure};

/// Why there are no credentials for pods: where, expected, got, what to do. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// A source holds something else than it should.
    #[error("{place}: expected {expected}, got {got}")]
    Source {
        /// Where.
        place: String,
        /// What should be there.
        expected: String,
        /// What is there.
        got: String,
        /// What to do.
        hint: String,
    },
    /// The server's reader refuses variables.
    #[error("{place}: {problem}")]
    Variables {
        /// Where the variables are from.
        place: String,
        /// Which of them, and why.
        problem: CredentialError,
    },
}

impl CredentialsError {
    pub(super) fn new(
        place: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        let (place, expected, got) = (place.into(), expected.into(), got.into());
        Self::Source { place, expected, got, hint: String::new() }
    }

    pub(super) fn hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Source { hint, .. } = &mut self {
            *hint = text.into();
        }
        self
    }
}

impl From<CredentialsError> for Failure {
    fn from(error: CredentialsError) -> Self {
        let hint = match &error {
            CredentialsError::Source { hint, .. } => hint.clone(),
            CredentialsError::Variables { problem: CredentialError::NoAccount { .. }, .. } => {
                "name the storage account by `--account`, or in the model's address".to_owned()
            }
            // The message says the way out.
            CredentialsError::Variables { .. } => String::new(),
        };
        let failure = Self::new(Code::Storage, error);
        if hint.is_empty() { failure } else { failure.hint(hint) }
    }
}
