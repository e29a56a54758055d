//! A canary held at its share of the traffic: watched by its pods' own metrics, and given up as soon as it
//! is worse than it may be.

use std::time::Duration;

use anyhow::anyhow;
use http::{HeaderMap, Method};
use k8s_openapi::api::core::v1::Pod;

use super::pause::is_paused;
use super::waiting::interrupted;
use crate::cluster::seldon::selector;
use crate::cluster::{Cluster, PodRequest, SeldonObject, Selected};
use crate::error::{Code, Failure};
use crate::gate::{Limits, Requests, Verdict, judge, read};
use crate::output::Printer;
use crate::rollout::is_ready;
use crate::traffic::{self, MAIN};

/// How often pods are asked while a canary is held.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The label by which the operator says which predictor a pod is of.
const PREDICTOR: &str = "version";
/// Where the operator tells the server to show its metrics, and the port if none has that name.
const METRICS: (&str, u16) = ("/prometheus", 6000);

/// A canary of a deployment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Canary<'a> {
    pub(super) cluster: &'a Cluster,
    /// The deployment.
    pub(super) name: &'a str,
    /// Its predictor.
    pub(super) predictor: &'a str,
}

/// For how long it is held, and what to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold {
    /// How long it must be good; more than nothing.
    pub(super) time: Duration,
    /// How long it may be paused besides.
    pub(super) patience: Duration,
    pub(super) limits: Limits,
}

/// Watches a canary until its time is over; while it is paused, that stands still.
///
/// # Errors
/// When it is worse than it may be, no pod can be asked, it is not there any more, it is paused for too long,
/// or a signal comes.
pub(super) async fn hold(canary: Canary<'_>, hold: Hold, printer: &Printer) -> Result<(), Failure> {
    let Canary { cluster, name, predictor } = canary;
    let began = [canary.answered(predictor).await?, canary.answered(MAIN).await?];
    let (mut left, mut paused) = (hold.time, Duration::ZERO);
    loop {
        let pause = left.min(LOOK_EVERY);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = interrupted() => {
                return Err(left_alone(canary, Code::Interrupted, "interrupted"));
            }
        }
        let [of_canary, of_main] =
            [canary.answered(predictor).await?, canary.answered(MAIN).await?];
        let live = cluster.get::<SeldonObject>(name).await?;
        if traffic::canary(&live.to_value()) != Some(predictor) {
            let error = anyhow!("`{name}`: expected `{predictor}` beside the main model, got none");
            let hint = "somebody has promoted it, given it up, or applied another revision";
            return Err(Failure::new(Code::Conflict, error).hint(hint));
        }
        let verdict = judge(&of_canary.since(&began[0]), &of_main.since(&began[1]), hold.limits);
        let share = share(&live, predictor);
        if let Verdict::Errors { .. } | Verdict::Slow { .. } = verdict {
            let error = anyhow!("`{predictor}` with {share} of the traffic: {verdict}");
            return Err(Failure::new(Code::Gate, error));
        }
        if is_paused(&live) {
            if paused.is_zero() {
                printer.tell(&format!(
                    "{predictor} with {share} of the traffic is paused: `radiant-deploy rollout \
                     resume {name}` lets it go on\n"
                ));
            }
            paused += pause;
            if paused >= hold.patience {
                return Err(left_alone(canary, Code::Timeout, "paused for too long"));
            }
            continue;
        }
        left = left.saturating_sub(pause);
        if left.is_zero() {
            printer.tell(&format!("{predictor} with {share} of the traffic: {verdict}\n"));
            return Ok(());
        }
    }
}

/// The canary's share as people read it.
fn share(live: &SeldonObject, predictor: &str) -> String {
    let percent = traffic::percent(&live.to_value(), predictor);
    percent.map_or("a copy".to_owned(), |percent| format!("{percent}%"))
}

/// Nobody watches it any more; it stays as it is.
fn left_alone(Canary { name, predictor, .. }: Canary<'_>, code: Code, why: &str) -> Failure {
    let error = anyhow!("`{predictor}` of `{name}`: {why}, and it stays as it is");
    Failure::new(code, error).hint(format!(
        "the same `apply` goes on with it; `radiant-deploy promote {name}` or `abort {name}` ends it"
    ))
}

impl Canary<'_> {
    /// What all pods of a predictor have answered since they began.
    async fn answered(&self, predictor: &str) -> Result<Requests, Failure> {
        let which = format!("{},{PREDICTOR}={predictor}", selector(self.name));
        let pods: Vec<Pod> = self.cluster.list(&Selected::labels(which)).await?;
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
            if let Ok(answer) = self.cluster.ask_pod(&request).await
                && answer.status == 200
            {
                all.add(&read(&String::from_utf8_lossy(&answer.body)));
            }
        }
        Ok(all)
    }
}

/// The port of the metrics, by its name.
fn port(pod: &Pod) -> u16 {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    let named = ports.find(|port| port.name.as_deref() == Some("metrics"));
    named.and_then(|port| u16::try_from(port.container_port).ok()).unwrap_or(METRICS.1)
}
