//! A canary's way: its share of the traffic grows step by step, and it is given up as soon as it is worse
//! than it may be.

use std::time::Duration;

use anyhow::anyhow;
use http::{HeaderMap, Method};
use k8s_openapi::api::core::v1::Pod;

use crate::cluster::seldon::selector;
use crate::cluster::{Cluster, PodRequest, Selected};
use crate::config::{Canary, units};
use crate::error::{Code, Failure};
use crate::gate::{Limits, Requests, Verdict, judge, read};
use crate::output::Printer;
use crate::traffic::MAIN;

/// How often pods are asked while a step is held.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The label by which the operator says which predictor a pod is of.
const PREDICTOR: &str = "version";
/// Where the operator tells the server to show its metrics, and the port if none has that name.
const METRICS: (&str, u16) = ("/prometheus", 6000);

/// What a canary is held to.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// Its shares of the traffic in percent, the first of which it has already.
    pub(super) steps: Vec<u8>,
    hold: Duration,
    limits: Limits,
}

impl Way {
    /// Reads it.
    ///
    /// # Errors
    /// When a duration or a share is none.
    pub(super) fn of(canary: &Canary) -> Result<Self, Failure> {
        let hold = units::duration(&canary.hold).ok_or_else(|| {
            let got = &canary.hold;
            let expected = "expected a duration such as `5m`";
            Failure::usage(anyhow!("`rollout.canary.hold`: {expected}, got `{got}`"))
        })?;
        let limits = Limits::read(&canary.abort_when).map_err(Failure::usage)?;
        Ok(Self { steps: canary.steps.clone(), hold, limits })
    }
}

/// Watches a step until its time is over. Gives what it came to.
///
/// # Errors
/// When it is worse than it may be, or no pod can be asked.
pub(super) async fn hold(
    cluster: &Cluster,
    (name, canary): (&str, &str),
    way: &Way,
    percent: u8,
    printer: &Printer,
) -> Result<Verdict, Failure> {
    let began = [answered(cluster, name, canary).await?, answered(cluster, name, MAIN).await?];
    let deadline = tokio::time::Instant::now() + way.hold;
    loop {
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        tokio::time::sleep(left.min(LOOK_EVERY)).await;
        let [of_canary, of_main] =
            [answered(cluster, name, canary).await?, answered(cluster, name, MAIN).await?];
        let since = [of_canary.since(&began[0]), of_main.since(&began[1])];
        let verdict = judge(&since[0], &since[1], way.limits);
        match &verdict {
            Verdict::Errors { .. } | Verdict::Slow { .. } => {
                let error = anyhow!("`{canary}` with {percent}% of the traffic: {verdict}");
                return Err(Failure::new(Code::Gate, error)
                    .hint("`rollout.canary.abortWhen` says how bad it may be"));
            }
            Verdict::Good | Verdict::TooFew(_) if left <= LOOK_EVERY => {
                printer.tell(&format!("{canary} with {percent}% of the traffic: {verdict}\n"));
                return Ok(verdict);
            }
            Verdict::Good | Verdict::TooFew(_) => {}
        }
    }
}

/// What all pods of a predictor have answered since they began.
async fn answered(cluster: &Cluster, name: &str, predictor: &str) -> Result<Requests, Failure> {
    let which = format!("{},{PREDICTOR}={predictor}", selector(name));
    let pods: Vec<Pod> = cluster.list(&Selected::labels(which)).await?;
    let mut all = Requests::default();
    for pod in pods.iter().filter(|pod| is_ready(pod)) {
        let request = PodRequest {
            pod: pod.metadata.name.clone().unwrap_or_default(),
            port: port(pod),
            method: Method::GET,
            path: METRICS.0.to_owned(),
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
        };
        // One that goes away in between has nothing to say.
        if let Ok(answer) = cluster.ask_pod(&request).await
            && answer.status == 200
        {
            all.add(&read(&String::from_utf8_lossy(&answer.body)));
        }
    }
    Ok(all)
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|it| it.type_ == "Ready" && it.status == "True")
}

/// The port of the metrics, by its name.
fn port(pod: &Pod) -> u16 {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    let named = ports.find(|port| port.name.as_deref() == Some("metrics"));
    named.and_then(|port| u16::try_from(port.container_port).ok()).unwrap_or(METRICS.1)
}
