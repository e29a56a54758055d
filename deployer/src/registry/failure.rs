//! What a registry's error is for who typed the command: an exit code and a hint.

use anyhow::anyhow;
use radiant_storage::oci::OciError;

use crate::error::{Code, Failure};

/// Makes a failure of an error of a registry.
pub fn failed(registry: &str, error: OciError) -> Failure {
    let (code, hint) = match &error {
        OciError::Reference { .. } => {
            (Code::Usage, Some("an image is written `registry/repository:tag`".to_owned()))
        }
        OciError::AuthFile { .. } | OciError::Helper { .. } | OciError::Authorities { .. } => {
            (Code::Usage, None)
        }
        OciError::HelperFailed { helper, .. } => {
            let hint = format!(
                "try `echo {registry} | docker-credential-{helper} get`, or give `--username` and \
                 `--password-stdin`"
            );
            (Code::Forbidden, Some(hint))
        }
        OciError::Refused { .. } | OciError::Login { .. } => {
            let hint = format!(
                "log in with `docker login {registry}` or `podman login {registry}`, or give \
                 `--username` and `--password-stdin`"
            );
            (Code::Forbidden, Some(hint))
        }
        OciError::Connect { reason, .. } => {
            let hint = if reason.contains("refused") {
                format!("nothing listens at `{registry}`: check name and port")
            } else {
                format!("check that `{registry}` is right, and reachable from here")
            };
            (Code::Unreachable, Some(hint))
        }
        OciError::NotFound { .. } | OciError::Push { status: 404, .. } => (Code::NotFound, None),
        _ => (Code::Failed, None),
    };
    let failure = Failure::new(code, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// What is wrong with a document that came or is to go: where, expected, got.
pub(super) fn wrong(place: &str, expected: &str, got: &str) -> Failure {
    Failure::new(Code::Failed, anyhow!("{place}: expected {expected}, got {got}"))
}
