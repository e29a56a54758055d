//! The one part that asks a Kubernetes cluster: who we are, what there is, what is to change.
//!
//! [`Cluster`] is a client for one namespace. Its methods ask for one thing each, wait no longer than
//! they may, and every refusal comes back as a [`Failure`] that says what to do.

mod access;
mod connect;
mod forward;
mod nodes;
mod objects;
mod outside;
mod pods;
mod proxy;
mod refusal;
pub(crate) mod seldon;
mod watch;

#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::anyhow;
use kube::{Client, Error, Resource};
use radiant_contract::{EnvSource, ProcessEnv};

pub(crate) use access::{Access, SeldonCrd};
pub(crate) use connect::{Contexts, Place};
pub(crate) use forward::Forward;
pub(crate) use objects::{Apply, Cascade, Deletion, Selected};
pub(crate) use pods::{LogLine, LogLines, LogRequest, PodRequest};
pub(crate) use refusal::Asked;
pub(crate) use seldon::SeldonObject;
pub(crate) use watch::Change;

use crate::cli::ClusterArgs;
use crate::cli::duration;
use crate::error::Failure;

/// How often a request is made again that the server was too busy for.
const RETRIES_MAX: u32 = 3;
/// The pause before the first of these.
const RETRY_FIRST: Duration = Duration::from_millis(500);

/// A cluster, a namespace in it, and whoever we are there.
#[derive(Clone)]
pub(crate) struct Cluster {
    client: Client,
    place: Place,
    namespace: String,
    manager: String,
    request_timeout: Duration,
    /// The pause before a request is made again; each next one is twice as long.
    retry_first: Duration,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Cluster").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Finds the cluster and makes a client; nothing is asked yet, but a program of the kubeconfig
    /// that gives credentials is run.
    ///
    /// The namespace is the flag's, else `config_namespace`, else the context's or the pod's own, else
    /// `default`.
    ///
    /// # Errors
    /// When the kubeconfig is not as it must be, or there are no credentials.
    pub(crate) async fn connect(
        args: &ClusterArgs,
        config_namespace: Option<&str>,
    ) -> Result<Self, Failure> {
        Self::connect_with(args, config_namespace, &ProcessEnv).await
    }

    /// The same with an environment that is given.
    ///
    /// # Errors
    /// As above.
    pub(crate) async fn connect_with(
        args: &ClusterArgs,
        config_namespace: Option<&str>,
        env: &(dyn EnvSource + Sync),
    ) -> Result<Self, Failure> {
        let request_timeout = duration(&args.request_timeout)
            .ok()
            .filter(|limit| !limit.is_zero())
            .ok_or_else(|| {
                let got = args.request_timeout.escape_debug();
                Failure::usage(anyhow!(
                    "`--request-timeout`: expected one such as `30s`, got `{got}`"
                ))
            })?;
        let found = connect::find(args, config_namespace, env).await?;
        let (client, place, namespace) = connect::client(found).await?;
        let manager = args.field_manager.clone();
        let retry_first = RETRY_FIRST;
        Ok(Self { client, place, namespace, manager, request_timeout, retry_first })
    }

    /// The client, for watchers.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Where it is.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The namespace that is asked.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same cluster and user in another namespace, such as that of an object of a list of all.
    pub(crate) fn within(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    /// What an error of a client of this cluster means, for whoever watches by [`Self::client`].
    pub(crate) fn explain(&self, error: &Error, asked: &Asked) -> Failure {
        refusal::explain(error, asked, &self.place)
    }

    /// What is asked when a verb is used on objects of a kind in this namespace.
    pub(crate) fn asked<K: Resource<DynamicType = ()>>(
        &self,
        verb: &'static str,
        name: Option<&str>,
    ) -> Asked {
        let (group, plural) = (K::group(&()), K::plural(&()));
        let resource =
            if group.is_empty() { plural.into_owned() } else { format!("{plural}.{group}") };
        let namespace = Some(self.namespace.clone());
        Asked { verb, resource, name: name.map(str::to_owned), namespace }
    }

    /// Asks, waits as long as one may, and asks again where the server was too busy.
    async fn ask<T, F>(&self, asked: &Asked, request: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Error>>,
    {
        self.try_ask(asked, request).await?.map_err(|error| self.explain(&error, asked))
    }

    /// The same for whoever looks at the refusal first.
    async fn try_ask<T, F>(
        &self,
        asked: &Asked,
        request: impl Fn() -> F,
    ) -> Result<Result<T, Error>, Failure>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let limit = self.request_timeout;
        let attempts = async {
            let mut pause = self.retry_first;
            for _ in 0..RETRIES_MAX {
                match request().await {
                    Err(Error::Api(status)) if is_busy(status.code) => {
                        tracing::debug!(code = status.code, "the cluster is busy, asking again");
                    }
                    result => return result,
                }
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2);
            }
            request().await
        };
        let result = tokio::time::timeout(limit, attempts).await;
        result.map_err(|_| refusal::timed_out(asked, &self.place, limit))
    }
}

/// Whether the server did nothing, and wants to be asked later.
fn is_busy(code: u16) -> bool {
    matches!(code, 429 | 503)
}
