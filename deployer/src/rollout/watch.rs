//! What a cluster shows of one deployment, as it changes.
//!
//! Five kinds are watched at once. Connections break and are made anew: only when the cluster does not
//! answer at all for a while does a watch give up.

mod store;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, SelectAll};
use http::{Method, Request};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Namespace, Pod};
use k8s_openapi::jiff::fmt::rfc2822;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep_until, timeout};

use super::cause::{LogAt, ProbeAt};
use super::observed::{Observed, Operator, Surroundings};
use super::source::Source;
use crate::cluster::seldon::selector;
use crate::cluster::{Cluster, LogRequest, PodRequest, SeldonObject, Selected};
use crate::error::Failure;
use store::{Store, Told};

/// How long after a change others are awaited that belong to it.
const SETTLED_AFTER: Duration = Duration::from_millis(150);
/// How long the cluster may be gone.
const LOST_MAX: Duration = Duration::from_mins(1);
/// How many events are kept.
const EVENTS_MAX: usize = 2000;
/// How long last words may take; they are of use, and no more.
const WORDS_WITHIN: Duration = Duration::from_secs(5);
/// How many last lines are of use.
const LINES: u32 = 10;
/// How much of a server's answer is of use.
const ANSWER_LEN_MAX: usize = 300;
/// How far clocks may differ before that is minded: the header has whole seconds.
const SKEW_MIN: SignedDuration = SignedDuration::from_secs(2);
/// Where the stock operator runs, and what it is called.
const OPERATOR: (&str, &str) = ("seldon-system", "seldon-controller-manager");

/// A watch of one deployment and all that was made of it.
pub struct Watch {
    cluster: Cluster,
    name: String,
    began: Instant,
    changes: SelectAll<BoxStream<'static, Change>>,
    sdep: Store<SeldonObject>,
    deployments: Store<Deployment>,
    replica_sets: Store<ReplicaSet>,
    pods: Store<Pod>,
    events: Store<Event>,
    /// By how much the cluster's clock is ahead of this machine's, once that is known.
    skew: Option<SignedDuration>,
    /// Since when there is something new that nobody was told.
    changed: Option<Instant>,
    /// Since when the cluster may be gone.
    lost: Option<Instant>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What one of the watches brought.
enum Change {
    Sdep(watcher::Result<watcher::Event<SeldonObject>>),
    Deployment(watcher::Result<watcher::Event<Deployment>>),
    ReplicaSet(watcher::Result<watcher::Event<ReplicaSet>>),
    Pod(watcher::Result<watcher::Event<Pod>>),
    Event(watcher::Result<watcher::Event<Event>>),
}

impl Watch {
    /// Begins to watch; nothing is asked before the first call of [`Source::next`].
    pub(crate) fn of(cluster: &Cluster, name: &str) -> Self {
        let by_name = watcher::Config::default().fields(&format!("metadata.name={name}"));
        let by_label = || watcher::Config::default().labels(&selector(name));
        let mut changes = SelectAll::new();
        changes.push(watched(cluster, by_name).map(Change::Sdep).boxed());
        changes.push(watched(cluster, by_label()).map(Change::Deployment).boxed());
        changes.push(watched(cluster, by_label()).map(Change::ReplicaSet).boxed());
        changes.push(watched(cluster, by_label()).map(Change::Pod).boxed());
        changes.push(watched(cluster, watcher::Config::default()).map(Change::Event).boxed());
        Self {
            cluster: cluster.clone(),
            name: name.to_owned(),
            began: Instant::now(),
            changes,
            sdep: Store::default(),
            deployments: Store::default(),
            replica_sets: Store::default(),
            pods: Store::default(),
            events: Store::default(),
            skew: None,
            changed: None,
            lost: None,
        }
    }

    fn is_whole(&self) -> bool {
        self.sdep.is_listed
            && self.deployments.is_listed
            && self.replica_sets.is_listed
            && self.pods.is_listed
            && self.events.is_listed
    }

    fn observed(&self) -> Observed {
        Observed {
            sdep: self.sdep.objects.values().next().map(SeldonObject::to_value),
            deployments: self.deployments.objects.values().cloned().collect(),
            replica_sets: self.replica_sets.objects.values().cloned().collect(),
            pods: self.pods.objects.values().cloned().collect(),
            events: self.events.objects.values().cloned().collect(),
            ..Observed::nothing(self.cluster.namespace(), &self.name, self.now())
        }
    }

    /// The cluster's time, as far as it is known.
    fn now(&self) -> Timestamp {
        let now = here();
        now.checked_add(self.skew.unwrap_or_default()).unwrap_or(now)
    }

    fn take(&mut self, change: Change) -> Result<(), Failure> {
        let (cluster, name) = (&self.cluster, &self.name);
        let trouble = match change {
            Change::Sdep(Ok(event)) => self.sdep.take(event),
            Change::Deployment(Ok(event)) => self.deployments.take(event),
            Change::ReplicaSet(Ok(event)) => self.replica_sets.take(event),
            Change::Pod(Ok(event)) => self.pods.take(event),
            Change::Event(Ok(event)) => self.events.take_if(event, |it| is_ours(it, name)),
            Change::Sdep(Err(error)) => self.sdep.judge(cluster, error, true)?,
            Change::Deployment(Err(error)) => self.deployments.judge(cluster, error, true)?,
            Change::ReplicaSet(Err(error)) => self.replica_sets.judge(cluster, error, false)?,
            Change::Pod(Err(error)) => self.pods.judge(cluster, error, true)?,
            Change::Event(Err(error)) => self.events.judge(cluster, error, false)?,
        };
        self.events.keep_newest(EVENTS_MAX);
        match trouble {
            Told::Changed => {
                self.lost = None;
                self.changed.get_or_insert_with(Instant::now);
            }
            Told::Nothing => self.lost = None,
            Told::Refused => {
                self.changed.get_or_insert_with(Instant::now);
            }
            Told::Lost if self.lost.is_none() => {
                tracing::warn!("the connection to the cluster was lost, trying again");
                self.lost = Some(Instant::now());
            }
            Told::Lost => {}
        }
        Ok(())
    }

    /// Learns how far the clocks are apart: what happened when is told in the cluster's time.
    async fn learn_skew(&mut self) {
        let Ok(request) = Request::get("/version").body(Body::empty()) else { return };
        let answer = self.cluster.client().send(request).await;
        let date =
            answer.ok().and_then(|it| it.headers().get("date")?.to_str().ok().map(str::to_owned));
        let there = date.and_then(|text| rfc2822::parse(&text).ok());
        let skew = there.map(|there| there.timestamp().duration_since(here())).unwrap_or_default();
        self.skew = Some(if skew.abs() < SKEW_MIN { SignedDuration::ZERO } else { skew });
    }
}

impl Source for Watch {
    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    async fn next(&mut self, until: Duration) -> Result<Option<Observed>, Failure> {
        if self.skew.is_none() {
            self.learn_skew().await;
        }
        let until = self.began.checked_add(until);
        loop {
            let settled = self.changed.filter(|_| self.is_whole()).map(|at| at + SETTLED_AFTER);
            let given_up = self.lost.map(|at| at + LOST_MAX);
            tokio::select! {
                biased;
                () = at(until), if until.is_some() => return Ok(None),
                () = at(settled), if settled.is_some() => {
                    self.changed = None;
                    return Ok(Some(self.observed()));
                }
                () = at(given_up), if given_up.is_some() => {
                    // A watch that has come back says nothing before something changes.
                    self.cluster.server_version().await?;
                    self.lost = None;
                }
                Some(change) = self.changes.next() => self.take(change)?,
            }
        }
    }

    async fn last_lines(&mut self, at: &LogAt) -> Vec<String> {
        let request = |is_previous| LogRequest {
            pod: at.pod.clone(),
            container: at.container.clone(),
            is_previous,
            tail: Some(LINES),
            ..LogRequest::default()
        };
        let reading = async {
            let lines = self.cluster.last_lines(&request(at.is_previous)).await;
            if lines.is_err() && at.is_previous {
                // Its log may be gone with it, and the present one is there.
                return self.cluster.last_lines(&request(false)).await.unwrap_or_default();
            }
            lines.unwrap_or_default()
        };
        let mut lines = timeout(WORDS_WITHIN, reading).await.unwrap_or_default();
        lines.retain(|line| !line.trim().is_empty());
        lines
    }

    async fn answer(&mut self, at: &ProbeAt) -> Option<String> {
        let request = PodRequest {
            pod: at.pod.clone(),
            port: at.port,
            method: Method::GET,
            path: at.path.clone(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
        };
        let answer = timeout(WORDS_WITHIN, self.cluster.ask_pod(&request)).await.ok()?;
        let answer = answer.ok().filter(|it| it.status >= 400)?;
        words_of(&answer.body)
    }

    async fn absence(&mut self) -> Option<Failure> {
        // Whoever asks for it by its name learns whether it is the namespace that is missing.
        timeout(WORDS_WITHIN, self.cluster.get::<SeldonObject>(&self.name)).await.ok()?.err()
    }

    async fn surroundings(&mut self) -> Surroundings {
        let looking = async {
            let namespace = self.cluster.find_global::<Namespace>(self.cluster.namespace()).await;
            let labels = namespace.ok().flatten().map(|it| it.metadata.labels.unwrap_or_default());
            Surroundings { namespace_labels: labels, operators: operators(&self.cluster).await }
        };
        timeout(WORDS_WITHIN, looking).await.unwrap_or_default()
    }
}

/// The operators, where they may be listed, or at least the stock one.
async fn operators(cluster: &Cluster) -> Option<Vec<Operator>> {
    let (namespace, name) = OPERATOR;
    let which = Selected {
        fields: Some(format!("metadata.name={name}")),
        is_everywhere: true,
        ..Selected::default()
    };
    if let Ok(found) = cluster.list::<Deployment>(&which).await {
        return Some(found.iter().map(operator).collect());
    }
    let stock = cluster.within(namespace).find::<Deployment>(name).await.ok().flatten();
    stock.map(|it| vec![operator(&it)])
}

fn operator(deployment: &Deployment) -> Operator {
    let spec = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let variable = |name: &str| {
        let containers = spec.into_iter().flat_map(|spec| &spec.containers);
        let mut variables = containers.flat_map(|container| container.env.iter().flatten());
        let value = variables.find(|variable| variable.name == name)?.value.clone();
        value.filter(|value| !value.is_empty())
    };
    let status = deployment.status.as_ref();
    Operator {
        namespace: deployment.namespace().unwrap_or_default(),
        available: status.and_then(|status| status.available_replicas).unwrap_or(0),
        watches: variable("WATCH_NAMESPACE"),
        controller_id: variable("CONTROLLER_ID"),
    }
}

/// What a server says in the body of a refusal.
fn words_of(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let value: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let said = value.as_ref().and_then(|value| {
        let places = ["/status/info", "/error", "/message"];
        places.into_iter().find_map(|place| value.pointer(place)?.as_str())
    });
    let said = said.unwrap_or(&text).trim();
    let said = said.get(..said.floor_char_boundary(ANSWER_LEN_MAX)).unwrap_or_default();
    (!said.is_empty()).then(|| said.to_owned())
}

/// A stream of changes of one kind, which goes on after errors with growing pauses.
fn watched<K>(
    cluster: &Cluster,
    config: watcher::Config,
) -> BoxStream<'static, watcher::Result<watcher::Event<K>>>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let api = Api::<K>::namespaced(cluster.client().clone(), cluster.namespace());
    watcher(api, config).default_backoff().boxed()
}

/// Whether an event may be about what was made of this deployment: all names begin with its own, or
/// are hashes.
fn is_ours(event: &Event, name: &str) -> bool {
    let about = event.involved_object.name.as_deref().unwrap_or_default();
    let is_derived =
        about.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    is_derived || about.starts_with("seldon-")
}

fn here() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    SignedDuration::try_from(since)
        .ok()
        .and_then(|it| Timestamp::from_duration(it).ok())
        .unwrap_or_default()
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::of;
    use super::*;

    #[test]
    fn events_of_others_are_passed_over() {
        let of = |about: &str| {
            is_ours(&of(json!({"metadata": {}, "involvedObject": {"name": about}})), "fraud")
        };
        let about = ["fraud", "fraud-main-0-model-7-x", "fraudulent", "seldon-0123", "other"];
        assert_eq!(about.map(of), [true, true, false, true, false]);
    }

    #[test]
    fn servers_say_in_their_own_words_why_they_are_not_ready() {
        let cases: [(&[u8], Option<&str>); 4] = [
            (br#"{"status":{"code":-1,"info":"loading 63 %"}}"#, Some("loading 63 %")),
            (br#"{"error":"loading"}"#, Some("loading")),
            (b"not ready\n", Some("not ready")),
            (b" ", None),
        ];
        for (body, expected) in cases {
            assert_eq!(words_of(body).as_deref(), expected);
        }
    }
}
