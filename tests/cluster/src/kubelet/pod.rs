//! A pod on this node, from its first volume to its removal.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::core::v1::{Pod, PodSecurityContext};
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::Kubelet;
use super::container::{Last, Runner, Stop};
use super::environment::Sources;
use super::logs::Log;
use super::network::Sandbox;
use super::runtime::Mount;
use super::schedule::{namespace, object};
use super::state::{ContainerState, PodState, spec};
use super::volume;

/// How soon it is tried again to make a volume.
const AGAIN: Duration = Duration::from_secs(1);
/// How soon after a refusal a status is written again.
const STATUS_AGAIN: Duration = Duration::from_millis(200);

/// Which container of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// One that runs before the others.
    Before(usize),
    Main(usize),
}

impl Slot {
    pub(crate) fn is_before(self) -> bool {
        matches!(self, Self::Before(_))
    }
}

/// A pod that runs here.
pub(crate) struct PodRun {
    pub(crate) kubelet: Arc<Kubelet>,
    pub(crate) folder: PathBuf,
    pod: Pod,
    state: Mutex<PodState>,
    changed: Notify,
    sandbox: Mutex<Option<Sandbox>>,
    logs: Mutex<HashMap<Slot, Vec<Log>>>,
    stop: watch::Sender<Option<Duration>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PodRun {
    /// A pod that was bound to this node.
    pub(crate) fn new(kubelet: Arc<Kubelet>, pod: Pod) -> Arc<Self> {
        let folder = kubelet.pod_folder(&pod.uid().unwrap_or_default());
        let state = Mutex::new(PodState::new(&spec(&pod)));
        let (sandbox, logs) = (Mutex::default(), Mutex::default());
        let stop = watch::Sender::new(None);
        Arc::new(Self { kubelet, folder, pod, state, changed: Notify::new(), sandbox, logs, stop })
    }

    /// Ends it within this time, unless it was given less before.
    pub(crate) fn stop(&self, grace: Duration) {
        self.stop.send_if_modified(|there| {
            let is_sooner = there.is_none_or(|there| grace < there);
            if is_sooner {
                *there = Some(grace);
            }
            is_sooner
        });
    }

    /// Runs it until nothing of it is left.
    pub(crate) async fn live(self: Arc<Self>) {
        let telling = tokio::spawn(Arc::clone(&self).tell());
        let mut stop = self.stop.subscribe();
        if let Some(volumes) = self.set_up(&mut stop).await {
            self.run(volumes, &stop).await;
        }
        // One whose containers are all over stays until somebody deletes it.
        drop(stop.wait_for(Option::is_some).await);
        telling.abort();
        drop(self.write(&mut Value::Null).await);
        let sandbox = lock(&self.sandbox).take();
        if let Some(sandbox) = sandbox {
            // What is left of a network goes with the namespace of the tests.
            drop(sandbox.leave().await);
        }
        let pods: Api<Pod> = Api::namespaced(self.kubelet.client.clone(), &namespace(&self.pod));
        let preconditions = Preconditions { uid: self.pod.uid(), resource_version: None };
        let now = DeleteParams::default().grace_period(0).preconditions(preconditions);
        // It is gone already if it was deleted by force.
        drop(pods.delete(&self.pod.name_any(), &now).await);
    }

    /// Makes network and volumes; `None` if the pod is to end before that.
    async fn set_up(&self, stop: &mut Stop) -> Option<Arc<BTreeMap<String, PathBuf>>> {
        let mut volumes = BTreeMap::new();
        loop {
            let Err((reason, why)) = self.try_set_up(&mut volumes).await else {
                self.changed.notify_one();
                return Some(Arc::new(volumes));
            };
            self.warning(None, reason, &why).await;
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                _ = stop.wait_for(Option::is_some) => return None,
            }
        }
    }

    async fn try_set_up(
        &self,
        volumes: &mut BTreeMap<String, PathBuf>,
    ) -> Result<(), (&'static str, String)> {
        if lock(&self.sandbox).is_none() {
            let joined = self.kubelet.network.join().await;
            let sandbox =
                joined.map_err(|error| ("FailedCreatePodSandBox", format!("{error:#}")))?;
            self.write_files(sandbox.address)
                .map_err(|error| ("FailedCreatePodSandBox", error.to_string()))?;
            *lock(&self.sandbox) = Some(sandbox);
        }
        let folder = self.folder.join("volumes");
        for volume in spec(&self.pod).volumes.iter().flatten() {
            let made = volume::set_up(volume, &folder, &self.sources()).await;
            let words =
                |why| format!("MountVolume.SetUp failed for volume {:?} : {why}", volume.name);
            let path = made.map_err(|why| ("FailedMount", words(why)))?;
            volumes.insert(volume.name.clone(), path);
        }
        lock(&self.state).address = self.address();
        Ok(())
    }

    /// Files that every container of the pod has.
    fn write_files(&self, address: Ipv4Addr) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let name = self.host_name();
        let hosts =
            format!("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n{address}\t{name}\n");
        fs::write(self.folder.join("hosts"), hosts)?;
        fs::write(self.folder.join("hostname"), format!("{name}\n"))?;
        fs::write(self.folder.join("resolv.conf"), "")
    }

    /// Runs all containers in their order.
    async fn run(self: &Arc<Self>, volumes: Arc<BTreeMap<String, PathBuf>>, stop: &Stop) {
        let spec = spec(&self.pod);
        let runner = |slot, container: &_| Runner {
            run: Arc::clone(self),
            slot,
            container: Arc::new(Clone::clone(container)),
            volumes: Arc::clone(&volumes),
            stop: stop.clone(),
        };
        for (idx, container) in spec.init_containers.iter().flatten().enumerate() {
            if runner(Slot::Before(idx), container).run().await != Last::Code(0) {
                return;
            }
        }
        let mut all = JoinSet::new();
        for (idx, container) in spec.containers.iter().enumerate() {
            all.spawn(runner(Slot::Main(idx), container).run());
        }
        drop(all.join_all().await);
    }

    /// Writes the status whenever it has changed.
    async fn tell(self: Arc<Self>) {
        let mut told = Value::Null;
        loop {
            if self.write(&mut told).await.is_err() {
                tokio::time::sleep(STATUS_AGAIN).await;
                continue;
            }
            self.changed.notified().await;
        }
    }

    async fn write(&self, told: &mut Value) -> Result<()> {
        let status = lock(&self.state).status(told);
        if status == *told {
            return Ok(());
        }
        let pods: Api<Pod> = Api::namespaced(self.kubelet.client.clone(), &namespace(&self.pod));
        // The uid keeps it from a pod that came after under the same name.
        let patch = Patch::Merge(json!({"metadata": {"uid": self.pod.uid()}, "status": status}));
        match pods.patch_status(&self.pod.name_any(), &PatchParams::default(), &patch).await {
            Ok(_) => {}
            Err(kube::Error::Api(refusal)) if matches!(refusal.code, 404 | 409) => {}
            Err(error) => return Err(error.into()),
        }
        *told = status;
        Ok(())
    }

    /// Changes what is known of a container.
    pub(crate) fn update(&self, slot: Slot, change: impl FnOnce(&mut ContainerState)) {
        let mut state = lock(&self.state);
        let found = match slot {
            Slot::Before(idx) => state.before.get_mut(idx),
            Slot::Main(idx) => state.main.get_mut(idx),
        };
        if let Some(found) = found {
            change(found);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// What is known of a container.
    fn known(&self, slot: Slot) -> Option<ContainerState> {
        let state = lock(&self.state);
        match slot {
            Slot::Before(idx) => state.before.get(idx).cloned(),
            Slot::Main(idx) => state.main.get(idx).cloned(),
        }
    }

    pub(crate) fn n_restarts(&self, slot: Slot) -> u32 {
        self.known(slot).map_or(0, |state| state.n_restarts)
    }

    pub(crate) fn add_log(&self, slot: Slot, log: Log) {
        lock(&self.logs).entry(slot).or_default().push(log);
    }

    /// The log of a container, in the kubelet's words if there is none.
    pub(crate) fn log(&self, container: &str, is_previous: bool) -> Result<Log, String> {
        let name = self.pod.name_any();
        let state = lock(&self.state).clone();
        let before = state.before.iter().enumerate().map(|(idx, one)| (Slot::Before(idx), one));
        let main = state.main.iter().enumerate().map(|(idx, one)| (Slot::Main(idx), one));
        let found = before.chain(main).find(|(_, one)| one.name == container);
        let (slot, known) =
            found.ok_or_else(|| format!("container {container:?} in pod {name:?} is not valid"))?;
        let logs = lock(&self.logs).get(&slot).cloned().unwrap_or_default();
        if is_previous {
            let n_before = usize::try_from(known.n_restarts).unwrap_or(usize::MAX);
            let log = n_before.checked_sub(1).and_then(|idx| logs.get(idx).cloned());
            return log.ok_or_else(|| {
                format!("previous terminated container {container:?} in pod {name:?} not found")
            });
        }
        let why = match &known.doing {
            super::state::Doing::Waiting { reason, .. } if reason == "ImagePullBackOff" => {
                "trying and failing to pull image"
            }
            super::state::Doing::Waiting { reason, .. } => reason,
            _ => "ContainerCreating",
        };
        logs.last().cloned().ok_or_else(|| {
            format!("container {container:?} in pod {name:?} is waiting to start: {why}")
        })
    }

    /// Tells an event of the pod, or of one of its containers.
    pub(crate) async fn normal(&self, slot: Option<Slot>, reason: &str, words: &str) {
        self.kubelet.recorder.normal(&self.object(slot), reason, words).await;
    }

    /// The same of something that went wrong.
    pub(crate) async fn warning(&self, slot: Option<Slot>, reason: &str, words: &str) {
        self.kubelet.recorder.warning(&self.object(slot), reason, words).await;
    }

    fn object(&self, slot: Option<Slot>) -> Value {
        let mut object = object(&self.pod);
        if let Some((slot, known)) = slot.and_then(|slot| Some((slot, self.known(slot)?))) {
            let list = if slot.is_before() { "initContainers" } else { "containers" };
            object["fieldPath"] = json!(format!("spec.{list}{{{}}}", known.name));
        }
        object
    }

    pub(crate) fn sources(&self) -> Sources<'_> {
        let address = self.address().map(|address| address.to_string()).unwrap_or_default();
        Sources { client: &self.kubelet.client, pod: &self.pod, address }
    }

    pub(crate) fn address(&self) -> Option<Ipv4Addr> {
        lock(&self.sandbox).as_ref().map(|sandbox| sandbox.address)
    }

    pub(crate) fn network_path(&self) -> String {
        lock(&self.sandbox).as_ref().map(Sandbox::path).unwrap_or_default()
    }

    pub(crate) fn host_name(&self) -> String {
        let mut name = self.pod.name_any();
        name.truncate(63);
        name
    }

    /// The pod's name as the kubelet's messages have it.
    pub(crate) fn title(&self) -> String {
        format!("{}_{}({})", self.pod.name_any(), namespace(&self.pod), self.uid())
    }

    pub(crate) fn uid(&self) -> String {
        self.pod.uid().unwrap_or_default()
    }

    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self::namespace(&self.pod) == namespace && self.pod.name_any() == name
    }

    pub(crate) fn restart_policy(&self) -> &str {
        let policy = self.pod.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
        policy.unwrap_or("Always")
    }

    pub(crate) fn grace(&self) -> Duration {
        let grace = self.pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds);
        Duration::from_secs(grace.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(30))
    }

    pub(crate) fn security_context(&self) -> PodSecurityContext {
        let spec = self.pod.spec.as_ref();
        spec.and_then(|spec| spec.security_context.clone()).unwrap_or_default()
    }

    /// What every container sees besides its volumes.
    pub(crate) fn files(&self) -> Vec<Mount> {
        let files = ["hosts", "hostname", "resolv.conf"].iter();
        let mounts = files.map(|name| Mount {
            source: self.folder.join(name),
            at: format!("/etc/{name}"),
            is_read_only: false,
        });
        mounts.collect()
    }
}
