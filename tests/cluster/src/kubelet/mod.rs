//! A stand-in for scheduler and kubelet: a node that runs the pods of its cluster.
//!
//! Containers are real ones: `runc` starts them over their image's files, in a network of the pod's and
//! under its limits, and probes, hooks and signals reach them as they would anywhere. What is not here:
//! probes over TLS, `exec`, `attach`, port forwarding over SPDY, ClusterIPs and names of Services, claims of
//! volumes, ephemeral containers, `postStart`, and changes of volumes while a pod runs. Waits after
//! failures are shorter. Servers of tests are reached by pods at [`ADDRESS`].

mod container;
mod environment;
mod forward;
mod image;
mod logs;
mod network;
mod node;
mod pod;
mod probe;
mod runtime;
mod schedule;
mod state;
mod volume;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, pin_mut};
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, ResourceExt as _};
use tokio::net::TcpListener;

pub use image::{Image, Images};

use self::logs::Log;
use self::network::Network;
use self::pod::PodRun;
use self::schedule::Scheduler;
use crate::certificate::Certificate;
use crate::event::Recorder;
use crate::{ADDRESS, http};

/// How often pods that the node does not take are looked at again.
const SCHEDULE_EVERY: Duration = Duration::from_secs(1);

/// What the node is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What can be pulled.
    pub images: Images,
    /// What pods may ask for, by resource.
    pub capacity: BTreeMap<String, String>,
    /// The shortest and the longest wait before a container that failed twice is started again.
    pub back_off: (Duration, Duration),
}

impl Settings {
    /// A node of some size, which waits a tenth of the usual.
    pub fn new(images: Images) -> Self {
        let capacity =
            [("cpu", "16"), ("memory", "16Gi"), ("pods", "110"), ("ephemeral-storage", "10Gi")];
        let capacity = capacity.map(|(name, quantity)| (name.to_owned(), quantity.to_owned()));
        let back_off = (Duration::from_secs(1), Duration::from_secs(30));
        Self { images, capacity: capacity.into(), back_off }
    }
}

/// The kubelet.
pub(crate) struct Kubelet {
    client: Client,
    recorder: Recorder,
    network: Network,
    images: Images,
    folder: PathBuf,
    back_off: (Duration, Duration),
    pods: Mutex<Pods>,
}

/// The pods of the node by their uid.
#[derive(Default)]
struct Pods {
    here: HashMap<String, Arc<PodRun>>,
    /// Those that are over: news of them may still come.
    gone: HashSet<String>,
}

/// Registers the node and runs what is bound to it; what pods leave is written into the folder.
///
/// # Errors
/// When the node cannot be set up.
pub async fn start(client: Client, folder: PathBuf, settings: Settings) -> Result<()> {
    let certificate = Certificate::new(&[ADDRESS])?;
    let listener = TcpListener::bind((ADDRESS, 0)).await;
    let listener =
        listener.with_context(|| format!("{ADDRESS} is no address of this network namespace"))?;
    let port = listener.local_addr()?.port();
    let kubelet = Arc::new(Kubelet {
        recorder: Recorder::new(client.clone(), "kubelet", Some(node::NAME)),
        network: Network::new().await?,
        images: settings.images,
        folder,
        back_off: settings.back_off,
        pods: Mutex::default(),
        client: client.clone(),
    });
    let answering = Arc::clone(&kubelet);
    tokio::spawn(http::serve(listener, certificate.acceptor, move |request| {
        std::future::ready(answer(&answering, &request))
    }));
    node::register(&client, ADDRESS, port, &settings.capacity)
        .await
        .context("the node cannot be registered")?;
    let scheduler = Scheduler::new(client, &settings.capacity);
    tokio::spawn(async move {
        loop {
            // What could not be read now is read the next time.
            drop(scheduler.look().await);
            tokio::time::sleep(SCHEDULE_EVERY).await;
        }
    });
    tokio::spawn(kubelet.watch());
    Ok(())
}

/// Answers what the API server asks a node.
fn answer(kubelet: &Kubelet, request: &http::Request) -> http::Reply {
    match request.path.trim_start_matches('/').split('/').next() {
        Some("containerLogs") => logs::answer(kubelet, request),
        Some("portForward") => forward::answer(kubelet, request),
        _ => http::Reply::refusal(404, "this kubelet has /containerLogs and /portForward"),
    }
}

impl Kubelet {
    async fn watch(self: Arc<Self>) {
        let pods: Api<Pod> = Api::all(self.client.clone());
        let ours = watcher::Config::default().fields(&format!("spec.nodeName={}", node::NAME));
        let events = watcher::watcher(pods, ours);
        pin_mut!(events);
        let mut seen = HashSet::new();
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Init) => seen.clear(),
                Ok(Event::InitApply(pod)) => {
                    seen.insert(pod.uid().unwrap_or_default());
                    self.see(pod);
                }
                Ok(Event::InitDone) => {
                    let pods = self.pods();
                    let gone = pods.here.iter().filter(|(uid, _)| !seen.contains(*uid));
                    gone.for_each(|(_, run)| run.stop(Duration::ZERO));
                }
                Ok(Event::Apply(pod)) => self.see(pod),
                Ok(Event::Delete(pod)) => {
                    if let Some(run) = self.pods().here.get(&pod.uid().unwrap_or_default()) {
                        run.stop(Duration::ZERO);
                    }
                }
                // The watcher starts again by itself.
                Err(_) => tokio::time::sleep(SCHEDULE_EVERY).await,
            }
        }
    }

    /// Takes note of a pod as it is now.
    fn see(self: &Arc<Self>, pod: Pod) {
        let uid = pod.uid().unwrap_or_default();
        let deletion = pod.metadata.deletion_timestamp.is_some();
        let grace = pod.metadata.deletion_grace_period_seconds;
        let mut pods = self.pods();
        if pods.gone.contains(&uid) {
            return;
        }
        let run = pods.here.entry(uid.clone()).or_insert_with(|| {
            let run = PodRun::new(Arc::clone(self), pod);
            let (kubelet, living) = (Arc::clone(self), Arc::clone(&run));
            tokio::spawn(async move {
                living.live().await;
                let mut pods = kubelet.pods();
                pods.here.remove(&uid);
                pods.gone.insert(uid);
            });
            run
        });
        if deletion {
            let grace = grace.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0);
            run.stop(Duration::from_secs(grace));
        }
    }

    fn pods(&self) -> MutexGuard<'_, Pods> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log of a container, in the kubelet's words if there is none.
    fn log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        is_previous: bool,
    ) -> Result<Log, String> {
        let run = self.run_of(namespace, pod);
        run.ok_or_else(|| format!("pod {pod:?} does not exist"))?.log(container, is_previous)
    }

    /// The address of a pod that runs here.
    fn address(&self, namespace: &str, pod: &str) -> Option<Ipv4Addr> {
        self.run_of(namespace, pod)?.address()
    }

    fn run_of(&self, namespace: &str, pod: &str) -> Option<Arc<PodRun>> {
        self.pods().here.values().find(|run| run.is(namespace, pod)).map(Arc::clone)
    }

    /// How long to wait before the start after so many waits.
    fn back_off(&self, n_waited: u32) -> Duration {
        let (first, longest) = self.back_off;
        first.saturating_mul(2_u32.saturating_pow(n_waited)).min(longest)
    }

    fn pod_folder(&self, uid: &str) -> PathBuf {
        self.folder.join("pods").join(uid)
    }

    fn runtime_folder(&self) -> PathBuf {
        self.folder.join("runc")
    }

    fn log_path(&self, uid: &str, container: &str, n_restarts: u32) -> PathBuf {
        self.folder.join("logs").join(uid).join(container).join(format!("{n_restarts}.log"))
    }
}
