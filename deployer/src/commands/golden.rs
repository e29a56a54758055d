//! Golden requests as the gate of a revision: asked of its pods, before it counts as deployed.

use anyhow::anyhow;
use k8s_openapi::api::core::v1::Pod;

use super::release::Change;
use crate::cluster::seldon::selector;
use crate::cluster::{Cluster, SeldonObject, Selected};
use crate::config::Loaded;
use crate::error::{Code, Failure};
use crate::output::{Printer, tell_always};
use crate::predict::{Case, Proxied, path, read_case, ready_pod, served, try_out};

/// Asks all golden requests of a pod of the revision, by way of the API server.
///
/// # Errors
/// When one is answered otherwise than it must be, or no pod can be asked.
pub(super) async fn ask(
    cluster: &Cluster,
    loaded: &Loaded,
    change: &Change,
    printer: &Printer,
) -> Result<(), Failure> {
    let name = &change.name;
    let deployment = cluster.get::<SeldonObject>(name).await?;
    let served = served(&deployment);
    let path = path(served.protocol, &served.model);
    let tests = &loaded.deployment.tests;
    let cases = tests.iter().map(|test| read_case(test, &path));
    let cases: Vec<Case> = cases.collect::<Result<_, Failure>>()?;
    let pods: Vec<Pod> = cluster.list(&Selected::labels(selector(name))).await?;
    let target = ready_pod(&deployment, &pods, change.predictor().as_deref())?;
    let outcomes = try_out(&Proxied::new(cluster.clone(), target), &cases).await?;
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.is_passed()).collect();
    let n = outcomes.len();
    if failed.is_empty() {
        printer.tell(&format!("golden requests: {n} of {n} answered as expected\n"));
        return Ok(());
    }
    let told: String = failed.iter().map(|outcome| outcome.text()).collect();
    // Who wants to hear of problems only hears of these.
    tell_always(&told);
    Err(otherwise(name, n, failed.len()))
}

/// The failure that answers are not those that were expected.
pub(super) fn otherwise(name: &str, n: usize, n_failed: usize) -> Failure {
    let error = anyhow!("`{name}`: golden requests: {n_failed} of {n} answered otherwise");
    Failure::new(Code::Gate, error)
        .hint("correct the model, or the expected answers where the new ones are right")
}
