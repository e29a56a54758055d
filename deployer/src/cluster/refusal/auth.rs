//! Credentials that could not be had: programs of the kubeconfig, files of tokens.

use std::io::ErrorKind;

use anyhow::anyhow;
use kube::client::AuthError;

use crate::cluster::Place;
use crate::error::{Code, Failure};
use crate::output::clean;

/// How much of what a program says on stderr is told.
const SAID_CHARS_MAX: usize = 400;

pub(super) fn explain(error: &AuthError, place: &Place) -> Failure {
    let command = place.plugin.as_ref().map_or("", |plugin| plugin.command.as_str());
    let program = format!("cannot log in to {}: `{command}`", place.name());
    let (code, error) = match error {
        AuthError::AuthExecStart(cause) if cause.kind() == ErrorKind::NotFound => {
            let error = anyhow!("{program}, which gives the credentials, is not installed");
            (Code::NotFound, error)
        }
        AuthError::AuthExecStart(cause) => {
            (Code::Failed, anyhow!(cause.to_string()).context(format!("{program} cannot be run")))
        }
        // Its stdout, and the arguments that are in the error, may be secret.
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said: String = clean(&said).chars().take(SAID_CHARS_MAX).collect();
            let failed = format!("{program} failed with {}", out.status);
            let error =
                if said.is_empty() { anyhow!(failed) } else { anyhow!(said).context(failed) };
            (Code::Forbidden, error)
        }
        // Parsers quote what they read, and that is a credential.
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            (Code::Failed, anyhow!("{program} printed no ExecCredential with a `status`"))
        }
        AuthError::ReadTokenFile(cause, path) => {
            let file = format!("cannot read the token in `{}`", path.display());
            (Code::Forbidden, anyhow!(cause.to_string()).context(file))
        }
        AuthError::InvalidBearerToken(_) | AuthError::InvalidBasicAuth(_) => (
            Code::Usage,
            anyhow!("the kubeconfig's token or password has letters that it may not have"),
        ),
        AuthError::MissingCommand => {
            (Code::Usage, anyhow!("the kubeconfig's `exec`: expected a `command`, got none"))
        }
        other => {
            (Code::Failed, anyhow!("{other}").context(format!("cannot log in to {}", place.name())))
        }
    };
    let installing = place.plugin.as_ref().and_then(|plugin| plugin.install_hint.as_deref());
    let failure = Failure::new(code, error);
    match (code, installing) {
        (Code::NotFound, Some(installing)) => failure.hint(installing.trim()),
        (Code::NotFound, None) => {
            failure.hint(format!("install `{command}`, or put its folder into PATH"))
        }
        _ => {
            failure.hint("log in anew with the cloud's own tool, and try `kubectl get namespaces`")
        }
    }
}
