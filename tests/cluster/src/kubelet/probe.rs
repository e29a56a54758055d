//! Probes and hooks: what is asked of a container, and what the kubelet says of the answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{
    Container, ExecAction, HTTPGetAction, LifecycleHandler, Probe, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::pod::{PodRun, Slot};
use super::runtime::Running;
use crate::http;

/// How long a hook may take over HTTP.
const HOOK_TIME_MAX: Duration = Duration::from_secs(30);

/// A container under probes.
#[derive(Clone)]
pub(crate) struct Probed {
    pub(crate) run: Arc<PodRun>,
    pub(crate) slot: Slot,
    pub(crate) container: Arc<Container>,
    pub(crate) running: Running,
}

/// What one of them asks.
enum Ask<'a> {
    Exec(&'a ExecAction),
    Http(&'a HTTPGetAction),
    Tcp(&'a TCPSocketAction),
}

impl Probed {
    /// Starts all probes of the container; `unhealthy` is told when it must be restarted. They end when
    /// what is returned is dropped.
    pub(crate) fn start(self, unhealthy: Arc<Notify>) -> JoinSet<()> {
        let mut probes = JoinSet::new();
        let Container { startup_probe, readiness_probe, liveness_probe, .. } =
            (*self.container).clone();
        if startup_probe.is_none() {
            self.set_started();
        }
        let waits = startup_probe.is_some();
        let (tell, started) = watch::channel(!waits);
        if let Some(probe) = startup_probe {
            let (own, unhealthy) = (self.clone(), Arc::clone(&unhealthy));
            probes.spawn(async move {
                if own.has_started(&probe).await {
                    own.set_started();
                    tell.send_replace(true);
                } else {
                    unhealthy.notify_one();
                }
            });
        }
        let (own, mut waiting) = (self.clone(), started.clone());
        probes.spawn(async move {
            // Whoever would tell otherwise ends with what waits here.
            drop(waiting.wait_for(|started| *started).await);
            let Some(probe) = readiness_probe else { return own.set_ready(true) };
            let mut wanted = true;
            own.delay(&probe, waits).await;
            loop {
                own.until_is("Readiness", &probe, wanted).await;
                own.set_ready(wanted);
                wanted = !wanted;
            }
        });
        if let Some(probe) = liveness_probe {
            probes.spawn(async move {
                let mut started = started;
                drop(started.wait_for(|started| *started).await);
                self.delay(&probe, waits).await;
                self.until_is("Liveness", &probe, false).await;
                unhealthy.notify_one();
            });
        }
        probes
    }

    /// The delay before the first question, which a startup probe has already waited for.
    async fn delay(&self, probe: &Probe, has_waited: bool) {
        if !has_waited {
            tokio::time::sleep(seconds(probe.initial_delay_seconds, 0)).await;
        }
    }

    /// Asks until the answer is final: it has started, or was asked as often as is allowed.
    async fn has_started(&self, probe: &Probe) -> bool {
        self.delay(probe, false).await;
        let mut n_failed = 0;
        loop {
            if self.ask("Startup", probe).await {
                return true;
            }
            n_failed += 1;
            if n_failed >= probe.failure_threshold.unwrap_or(3) {
                return false;
            }
            tokio::time::sleep(seconds(probe.period_seconds, 10)).await;
        }
    }

    /// Asks until as many answers in a row as the probe says are these.
    async fn until_is(&self, kind: &str, probe: &Probe, wanted: bool) {
        let enough = if wanted {
            probe.success_threshold.unwrap_or(1)
        } else {
            probe.failure_threshold.unwrap_or(3)
        };
        let mut n_in_row = 0;
        loop {
            n_in_row = if self.ask(kind, probe).await == wanted { n_in_row + 1 } else { 0 };
            if n_in_row >= enough {
                return;
            }
            tokio::time::sleep(seconds(probe.period_seconds, 10)).await;
        }
    }

    async fn ask(&self, kind: &str, probe: &Probe) -> bool {
        let Probe { exec, http_get, tcp_socket, .. } = probe;
        let ask = match (exec, http_get, tcp_socket) {
            (Some(exec), ..) => Ask::Exec(exec),
            (_, Some(get), _) => Ask::Http(get),
            (.., Some(tcp)) => Ask::Tcp(tcp),
            _ => return true,
        };
        match self.answer(&ask, seconds(probe.timeout_seconds, 1)).await {
            Ok(()) => true,
            Err(why) => {
                let words = format!("{kind} probe failed: {why}");
                self.run.warning(Some(self.slot), "Unhealthy", &words).await;
                false
            }
        }
    }

    async fn answer(&self, ask: &Ask<'_>, time_max: Duration) -> Result<(), String> {
        match ask {
            Ask::Exec(action) => {
                let words = action.command.clone().unwrap_or_default();
                let output = self.running.execute(&words, time_max).await?;
                let said = [output.stdout, output.stderr].concat();
                if output.status.success() {
                    Ok(())
                } else {
                    Err(String::from_utf8_lossy(&said).into_owned())
                }
            }
            Ask::Http(get) => {
                let status = self.get(get, time_max).await?;
                if (200..400).contains(&status) {
                    return Ok(());
                }
                Err(format!("HTTP probe failed with statuscode: {status}"))
            }
            Ask::Tcp(action) => {
                let address = self.address(action.host.as_deref(), &action.port)?;
                match tokio::time::timeout(time_max, http::dial(address)).await {
                    Ok(opened) => opened.map(drop).map_err(|error| error.to_string()),
                    Err(_) => Err(format!("dial tcp {address}: i/o timeout")),
                }
            }
        }
    }

    async fn get(&self, get: &HTTPGetAction, time_max: Duration) -> Result<u16, String> {
        let address = self.address(get.host.as_deref(), &get.port)?;
        let path = get.path.as_deref().unwrap_or("/");
        let own = get.http_headers.iter().flatten();
        let own: Vec<_> =
            own.map(|header| format!("{}: {}\r\n", header.name, header.value)).collect();
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: kube-probe/1.20\r\n{}",
            own.concat()
        );
        if get.scheme.as_deref() == Some("HTTPS") {
            return Err("this kubelet has no probes over TLS".to_owned());
        }
        let sent = http::send(address, &head, &[], time_max).await;
        let (status, _) =
            sent.map_err(|error| format!("Get \"http://{address}{path}\": {error}"))?;
        Ok(status)
    }

    fn address(&self, host: Option<&str>, port: &IntOrString) -> Result<SocketAddr, String> {
        let own = self.run.address().ok_or("the pod has no address")?;
        let host =
            host.filter(|host| !host.is_empty()).and_then(|host| host.parse::<IpAddr>().ok());
        let number = match port {
            IntOrString::Int(number) => *number,
            IntOrString::String(name) => {
                let mut ports = self.container.ports.iter().flatten();
                let port = ports.find(|port| port.name.as_deref() == Some(name));
                port.ok_or_else(|| format!("couldn't find port {name:?}"))?.container_port
            }
        };
        let number = u16::try_from(number).map_err(|_| format!("invalid port number: {number}"))?;
        Ok(SocketAddr::new(host.unwrap_or(IpAddr::V4(own)), number))
    }

    fn set_ready(&self, is_ready: bool) {
        self.run.update(self.slot, |state| state.is_ready = is_ready);
    }

    fn set_started(&self) {
        self.run.update(self.slot, |state| state.has_started = true);
    }

    /// Runs what is to happen before the container is stopped.
    pub(crate) async fn before_stop(&self, grace: Duration) {
        let lifecycle = self.container.lifecycle.as_ref();
        let Some(hook) = lifecycle.and_then(|lifecycle| lifecycle.pre_stop.as_ref()) else {
            return;
        };
        let name = &self.container.name;
        let LifecycleHandler { exec, http_get, .. } = hook;
        let (shown, outcome) = if let Some(action) = exec {
            let words = action.command.clone().unwrap_or_default();
            let outcome = match self.running.execute(&words, grace).await {
                Ok(output) if output.status.success() => Ok(()),
                Ok(output) => {
                    let code = output.status.code().unwrap_or(255);
                    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                    Err(format!("command '{}' exited with {code}: {said}", words.join(" ")))
                }
                Err(why) => Err(why),
            };
            (format!("Exec lifecycle hook ([{}])", words.join(" ")), outcome)
        } else if let Some(get) = http_get {
            let outcome = self.get(get, grace.min(HOOK_TIME_MAX)).await.map(drop);
            (format!("HTTP lifecycle hook ({})", get.path.as_deref().unwrap_or("/")), outcome)
        } else {
            return;
        };
        if let Err(why) = outcome {
            let words = format!("{shown} for Container {name:?} failed - error: {why}");
            self.run.warning(Some(self.slot), "FailedPreStopHook", &words).await;
        }
    }
}

/// A number of seconds of a probe, or its default.
fn seconds(seconds: Option<i32>, default: u64) -> Duration {
    Duration::from_secs(seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(default))
}
