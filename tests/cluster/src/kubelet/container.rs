//! A container of a pod, from pulling its image to its last end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Container, PodSecurityContext, SecurityContext};
use tokio::sync::{Notify, watch};

use super::environment::{Texts, expanded};
use super::image::{Image, image_id};
use super::logs::Log;
use super::pod::{PodRun, Slot};
use super::probe::Probed;
use super::runtime::{Ended, Launch, Mount, Running, make_writable};
use super::state::{Doing, Past};
use crate::event::now;
use crate::quantity::number;

/// How soon it is tried again to find what is missing.
const AGAIN: Duration = Duration::from_secs(1);
/// The longest last word of a container.
const MESSAGE_MAX: usize = 4096;
/// What a container gets to end after a hook that took all its time.
const GRACE_MIN: Duration = Duration::from_secs(2);

/// When a pod is to end, and how long it may take; `None` while it is to run.
pub(crate) type Stop = watch::Receiver<Option<Duration>>;

/// Why a container does not run any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// By itself, and will not be started again.
    Code(i32),
    /// The pod is to end.
    Stopped,
}

/// A container to run.
pub(crate) struct Runner {
    pub(crate) run: Arc<PodRun>,
    pub(crate) slot: Slot,
    pub(crate) container: Arc<Container>,
    pub(crate) volumes: Arc<BTreeMap<String, PathBuf>>,
    pub(crate) stop: Stop,
}

/// One start of it.
struct Attempt {
    running: Running,
    log: Log,
    last_word: PathBuf,
    id: String,
    since: String,
}

impl Runner {
    /// Runs it until it is over.
    pub(crate) async fn run(mut self) -> Last {
        let mut n_failed = 0;
        while self.stop.borrow().is_none() {
            let Some(attempt) = self.start().await else { return Last::Stopped };
            let (past, is_stopped) = match attempt {
                Ok(attempt) => self.watch(attempt).await,
                Err(past) => (past, false),
            };
            let code = past.code;
            let is_over = is_stopped || !self.is_restarted(code);
            self.run.update(self.slot, |state| {
                state.doing = Doing::Ended(past.clone());
                (state.is_ready, state.has_started, state.is_over) = (false, false, is_over);
            });
            if is_over {
                return if is_stopped { Last::Stopped } else { Last::Code(code) };
            }
            n_failed += 1;
            if !self.back_off(n_failed, past).await {
                return Last::Stopped;
            }
        }
        Last::Stopped
    }

    fn is_restarted(&self, code: i32) -> bool {
        match (self.run.restart_policy(), self.slot.is_before()) {
            ("Never", _) => false,
            ("OnFailure", _) | (_, true) => code != 0,
            _ => true,
        }
    }

    /// Waits before the next start, unless it is the first after a failure; `false` if the pod is to end.
    async fn back_off(&mut self, n_failed: u32, past: Past) -> bool {
        self.run.update(self.slot, |state| {
            state.n_restarts += 1;
            state.last = Some(past);
        });
        if n_failed == 1 {
            return true;
        }
        let delay = self.run.kubelet.back_off(n_failed - 2);
        let name = &self.container.name;
        let words = format!(
            "back-off {}s restarting failed container={name} pod={}",
            delay.as_secs(),
            self.run.title()
        );
        self.wait_for("CrashLoopBackOff", &words);
        self.run.warning(Some(self.slot), "BackOff", "Back-off restarting failed container").await;
        self.sleep(delay).await
    }

    /// Sleeps; `false` if the pod is to end before that.
    async fn sleep(&mut self, delay: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(delay) => true,
            _ = self.stop.wait_for(Option::is_some) => false,
        }
    }

    fn wait_for(&self, reason: &str, message: &str) {
        let doing = Doing::Waiting { reason: reason.to_owned(), message: Some(message.to_owned()) };
        self.run.update(self.slot, |state| state.doing = doing);
    }

    /// Finds everything that it needs and starts it; `None` if the pod is to end before that.
    async fn start(&mut self) -> Option<Result<Attempt, Past>> {
        let reference = self.container.image.clone().unwrap_or_default();
        let image = self.pull(&reference).await?;
        let launch = loop {
            match self.launch(&image).await {
                Ok(launch) => break launch,
                Err(why) => {
                    self.wait_for("CreateContainerConfigError", &why);
                    self.run.warning(Some(self.slot), "Failed", &format!("Error: {why}")).await;
                }
            }
            if !self.sleep(AGAIN).await {
                return None;
            }
        };
        let id = format!("runc://{}", launch.id);
        let image_id = image_id(&reference);
        self.run.update(self.slot, |state| {
            (state.id, state.image_id) = (id.clone(), image_id);
        });
        let name = &self.container.name;
        let last_word = launch.folder.join("last-word");
        let n_restarts = self.run.n_restarts(self.slot);
        let log = self.run.kubelet.log_path(&self.run.uid(), name, n_restarts);
        let since = now();
        let started = match Log::new(log) {
            Ok(log) => launch
                .start(&self.run.kubelet.runtime_folder(), log.clone())
                .await
                .map(|running| (running, log)),
            Err(error) => Err(error),
        };
        match started {
            Ok((running, log)) => {
                self.run.add_log(self.slot, log.clone());
                self.run
                    .normal(Some(self.slot), "Created", &format!("Created container {name}"))
                    .await;
                Some(Ok(Attempt { running, log, last_word, id, since }))
            }
            Err(error) => Some(Err(failed(id, since, &format!("{error:#}")))),
        }
    }

    /// Waits until there is an image of this name.
    async fn pull(&mut self, reference: &str) -> Option<Image> {
        loop {
            let missing = match self.run.kubelet.images.find(reference) {
                Ok(image) => {
                    let words = format!("Container image {reference:?} already present on machine");
                    self.run.normal(Some(self.slot), "Pulled", &words).await;
                    return Some(image.clone());
                }
                Err(missing) => missing,
            };
            self.wait_for(missing.reason, &missing.why);
            if missing.reason == "InvalidImageName" {
                self.run.warning(Some(self.slot), "InspectFailed", &missing.why).await;
            } else {
                let words = format!("Failed to pull image {reference:?}: {}", missing.why);
                self.run.warning(Some(self.slot), "Failed", &words).await;
                self.run.warning(Some(self.slot), "Failed", "Error: ErrImagePull").await;
                if !self.sleep(AGAIN).await {
                    return None;
                }
                self.wait_for("ImagePullBackOff", &format!("Back-off pulling image {reference:?}"));
                let words = format!("Back-off pulling image {reference:?}");
                self.run.normal(Some(self.slot), "BackOff", &words).await;
            }
            if !self.sleep(self.run.kubelet.back_off(2)).await {
                return None;
            }
        }
    }

    /// Waits for the end of one start, or ends it.
    async fn watch(&mut self, attempt: Attempt) -> (Past, bool) {
        let (running, unhealthy) = (attempt.running.clone(), Arc::new(Notify::new()));
        self.run.update(self.slot, |state| {
            state.doing = Doing::Running { since: attempt.since.clone() }
        });
        let name = self.container.name.clone();
        let probed = Probed {
            run: Arc::clone(&self.run),
            slot: self.slot,
            container: Arc::clone(&self.container),
            running: running.clone(),
        };
        // Told before it may end, as it is by the real one.
        self.run.normal(Some(self.slot), "Started", &format!("Started container {name}")).await;
        let probes = if self.slot.is_before() {
            None
        } else {
            Some(probed.clone().start(Arc::clone(&unhealthy)))
        };
        let (ended, is_stopped) = tokio::select! {
            ended = running.ended() => (ended, false),
            () = unhealthy.notified() => {
                let words = format!("Container {name} failed liveness probe, will be restarted");
                self.run.normal(Some(self.slot), "Killing", &words).await;
                (end(&probed, self.run.grace()).await, false)
            }
            grace = stopped(&mut self.stop) => {
                drop(probes);
                self.run.normal(Some(self.slot), "Killing", &format!("Stopping container {name}")).await;
                (end(&probed, grace).await, true)
            }
        };
        (self.past(&attempt, &ended, is_stopped), is_stopped)
    }

    fn past(&self, attempt: &Attempt, ended: &Ended, is_stopped: bool) -> Past {
        let code = match ended {
            Ended::Exited(code) => *code,
            Ended::Failed(why) => {
                return failed(attempt.id.clone(), attempt.since.clone(), why);
            }
        };
        let limits =
            self.container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
        let is_limited = limits.is_some_and(|limits| limits.contains_key("memory"));
        let reason = match code {
            0 => "Completed",
            // Nobody else here sends this signal unasked.
            137 if is_limited && !is_stopped => "OOMKilled",
            _ => "Error",
        };
        let word = std::fs::read(&attempt.last_word).unwrap_or_default();
        let word = word.get(..MESSAGE_MAX.min(word.len())).unwrap_or_default();
        let mut message = String::from_utf8_lossy(word).into_owned();
        let policy = self.container.termination_message_policy.as_deref();
        if message.is_empty() && code != 0 && policy == Some("FallbackToLogsOnError") {
            message = attempt.log.tail();
        }
        Past {
            code,
            reason,
            message,
            since: attempt.since.clone(),
            until: now(),
            id: attempt.id.clone(),
        }
    }

    /// Everything that a start needs.
    ///
    /// # Errors
    /// In the kubelet's words, when something is not there.
    async fn launch(&self, image: &Image) -> Result<Launch, String> {
        let (run, container) = (&self.run, &*self.container);
        let variables = run.sources().environment(container).await?;
        let words = |words: &[String]| -> Vec<String> {
            words.iter().map(|word| expanded(word, &variables)).collect()
        };
        let own = container.command.as_deref().filter(|command| !command.is_empty());
        let mut args = words(own.unwrap_or(&image.entrypoint));
        match container.args.as_deref().filter(|args| !args.is_empty()) {
            Some(own) => args.extend(words(own)),
            None if own.is_none() => args.extend(image.arguments.clone()),
            None => {}
        }
        let n_restarts = run.n_restarts(self.slot);
        let id = format!("{}-{}-{n_restarts}", run.uid(), container.name);
        let folder = run.folder.join("containers").join(&id);
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let last_word = folder.join("last-word");
        make_writable(&last_word).map_err(|error| error.to_string())?;
        let mut mounts = run.files();
        mounts.extend(self.mounts()?);
        let at = container.termination_message_path.as_deref().filter(|path| !path.is_empty());
        let at = at.unwrap_or("/dev/termination-log").to_owned();
        mounts.push(Mount { source: last_word, at, is_read_only: false });
        let context = container.security_context.clone().unwrap_or_default();
        let pod_context = run.security_context();
        let dropped =
            context.capabilities.as_ref().and_then(|capabilities| capabilities.drop.as_ref());
        let limit = |name: &str| {
            let limits =
                container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
            limits.and_then(|limits| limits.get(name)).map(|quantity| number(&quantity.0))
        };
        Ok(Launch {
            id,
            folder,
            image_root: image.root.clone(),
            args,
            env: variables_of(image, &variables, &run.host_name()),
            working_folder: container.working_dir.clone().unwrap_or_else(|| image.folder.clone()),
            user: user(image, &context, &pod_context, (&container.name, &run.title()))?,
            groups: pod_context
                .fs_group
                .and_then(|group| u32::try_from(group).ok())
                .into_iter()
                .collect(),
            host_name: run.host_name(),
            network: run.network_path(),
            mounts,
            is_read_only: context.read_only_root_filesystem.unwrap_or(false),
            drops_capabilities: dropped.is_some_and(|names| names.iter().any(|name| name == "ALL")),
            no_new_privileges: context.allow_privilege_escalation == Some(false),
            memory_max: limit("memory"),
            processors_max: limit("cpu"),
        })
    }

    fn mounts(&self) -> Result<Vec<Mount>, String> {
        let mounts = self.container.volume_mounts.iter().flatten().map(|mount| {
            let folder = self.volumes.get(&mount.name);
            let folder = folder.ok_or_else(|| format!("volume {:?} not found", mount.name))?;
            let source = match mount.sub_path.as_deref().filter(|path| !path.is_empty()) {
                Some(below) => folder.join(below),
                None => folder.clone(),
            };
            let is_read_only = mount.read_only.unwrap_or(false);
            // What is linked is mounted as what it is linked to.
            let source = source.canonicalize().unwrap_or(source);
            Ok(Mount { source, at: mount.mount_path.clone(), is_read_only })
        });
        mounts.collect()
    }
}

/// Waits until the pod is to end.
async fn stopped(stop: &mut Stop) -> Duration {
    match stop.wait_for(Option::is_some).await {
        Ok(grace) => grace.unwrap_or_default(),
        // Whoever could have stopped it is gone.
        Err(_) => Duration::ZERO,
    }
}

/// Runs the hook, and ends the container.
async fn end(probed: &Probed, grace: Duration) -> Ended {
    let started = Instant::now();
    if !grace.is_zero() {
        probed.before_stop(grace).await;
    }
    let left = grace.saturating_sub(started.elapsed()).max(GRACE_MIN.min(grace));
    probed.running.stop(left).await
}

/// A start that came to nothing.
fn failed(id: String, since: String, why: &str) -> Past {
    let until = now();
    // What a runtime gives for a program that cannot be started.
    let message = format!("failed to create containerd task: {why}");
    Past { code: 128, reason: "StartError", message, since, until, id }
}

fn variables_of(image: &Image, variables: &Texts, host_name: &str) -> Vec<String> {
    let mut all = image.env.clone();
    all.push(format!("HOSTNAME={host_name}"));
    if !all.iter().any(|variable| variable.starts_with("PATH=")) {
        all.push("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
    }
    all.extend(variables.iter().map(|(name, value)| format!("{name}={value}")));
    all
}

/// The user and the group that it runs as.
fn user(
    image: &Image,
    context: &SecurityContext,
    pod: &PodSecurityContext,
    (container, title): (&str, &str),
) -> Result<(u32, u32), String> {
    let (user, group) = image.user.split_once(':').unwrap_or((&image.user, "0"));
    let number = |own: Option<i64>, pods: Option<i64>, images: &str| {
        let own = own.or(pods).and_then(|number| u32::try_from(number).ok());
        own.unwrap_or_else(|| images.parse().unwrap_or(0))
    };
    let user = number(context.run_as_user, pod.run_as_user, user);
    let group = number(context.run_as_group, pod.run_as_group, group);
    if user == 0 && context.run_as_non_root.or(pod.run_as_non_root) == Some(true) {
        return Err(format!(
            "container has runAsNonRoot and image will run as root (pod: {title:?}, container: {container})"
        ));
    }
    Ok((user, group))
}
