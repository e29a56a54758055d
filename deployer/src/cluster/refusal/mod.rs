//! What a cluster's refusal means to whoever asked: an exit code, what happened, and what to do.

mod auth;
mod status;
mod transport;

pub(crate) use status::{conflicts, no_namespace};

use std::error::Error as StdError;
use std::fmt;

use anyhow::anyhow;
use kube::Error;

use super::Place;
use crate::error::{Code, Failure};

/// One thing that was asked of a cluster, in the words of RBAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `get`, `list`, `watch`, `create`, `patch`, `delete`.
    pub(crate) verb: &'static str,
    /// The resource with its group, such as `deployments.apps` or `pods/log`.
    pub(crate) resource: String,
    /// The object, where one is meant.
    pub(crate) name: Option<String>,
    /// The namespace; none for all of them, and for what is in none.
    pub(crate) namespace: Option<String>,
}

impl fmt::Display for Asked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.verb, self.resource)?;
        if let Some(name) = &self.name {
            write!(out, " `{name}`")?;
        }
        match &self.namespace {
            Some(namespace) => write!(out, " in namespace `{namespace}`"),
            None => Ok(()),
        }
    }
}

/// The failure that an error of the client means.
pub(crate) fn explain(error: &Error, asked: &Asked, place: &Place) -> Failure {
    match error {
        Error::Api(status) => status::explain(status, asked, place),
        Error::BuildRequest(cause) => {
            Failure::usage(anyhow!("{cause}").context(format!("cannot {asked}")))
        }
        Error::SerdeError(cause) => odd_answer(asked, place, &cause.to_string()),
        Error::FromUtf8(_) => odd_answer(asked, place, "bytes that are no UTF-8"),
        other => of_client(other, place),
    }
}

/// The failure of a client that could not ask at all.
pub(crate) fn of_client(error: &Error, place: &Place) -> Failure {
    if let Error::Auth(cause) = error {
        return auth::explain(cause, place);
    }
    // Credentials are asked for anew while requests are made, within layers of other errors.
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<kube::client::AuthError>() {
            return auth::explain(found, place);
        }
        cause = error.source();
    }
    transport::explain(error, place)
}

/// The failure of a request that took longer than it may.
pub(crate) fn timed_out(asked: &Asked, place: &Place, limit: std::time::Duration) -> Failure {
    let limit = limit.as_secs_f64();
    let error = anyhow!("no answer within {limit} s").context(format!("cannot {asked}"));
    Failure::new(Code::Timeout, error).hint(format!(
        "{} may be slow or out of reach; allow more with `--request-timeout`",
        place.name()
    ))
}

fn odd_answer(asked: &Asked, place: &Place, got: &str) -> Failure {
    let what =
        format!("cannot {asked}: {} answered in a way that is not Kubernetes'", place.name());
    Failure::new(Code::Failed, anyhow!(got.to_owned()).context(what))
        .hint("is this the API server's address, and not that of a proxy or a login page?")
}

impl Place {
    /// The cluster by its address and context.
    pub(crate) fn name(&self) -> String {
        match &self.context {
            Some(context) => format!("the cluster `{}` of context `{context}`", self.server),
            None => format!("the cluster `{}`", self.server),
        }
    }
}

/// An error with causes below it, the first of them on top.
fn chained(what: String, causes: Vec<String>) -> anyhow::Error {
    let mut causes = causes.into_iter().rev();
    let Some(last) = causes.next() else { return anyhow!(what) };
    causes.fold(anyhow!(last), anyhow::Error::context).context(what)
}
