//! Containers: what `runc` is told, and what it is asked to do (OCI runtime specification 1.0).

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::logs::Log;
use crate::program::{self, command};

/// What a container may do that is not told otherwise.
const CAPABILITIES: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

/// What every container finds mounted: where, what, and how.
const SYSTEM: [(&str, &str, &str); 6] = [
    ("/proc", "proc", "nosuid,noexec,nodev"),
    ("/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
    ("/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"),
    ("/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777,size=65536k"),
    ("/sys", "sysfs", "nosuid,noexec,nodev,ro"),
    ("/sys/fs/cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"),
];

/// A folder or file of this machine inside a container.
#[derive(Debug, Clone)]
pub(crate) struct Mount {
    pub(crate) source: PathBuf,
    pub(crate) at: String,
    pub(crate) is_read_only: bool,
}

/// What is to be started.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) id: String,
    /// Where everything about it is written.
    pub(crate) folder: PathBuf,
    pub(crate) image_root: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<String>,
    pub(crate) working_folder: String,
    pub(crate) user: (u32, u32),
    pub(crate) groups: Vec<u32>,
    pub(crate) host_name: String,
    pub(crate) network: String,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) is_read_only: bool,
    pub(crate) drops_capabilities: bool,
    pub(crate) no_new_privileges: bool,
    pub(crate) memory_max: Option<f64>,
    pub(crate) processors_max: Option<f64>,
}

/// How a container ended.
#[derive(Debug, Clone)]
pub(crate) enum Ended {
    /// With this code, 128 more than a signal's.
    Exited(i32),
    /// It was never started, for this reason.
    Failed(String),
}

/// A container that was started.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    id: String,
    state: PathBuf,
    ended: watch::Receiver<Option<Ended>>,
}

impl Launch {
    /// The configuration of it.
    fn config(&self) -> Value {
        let capabilities: &[&str] = if self.drops_capabilities { &[] } else { &CAPABILITIES };
        let mut mounts: Vec<Value> = SYSTEM
            .iter()
            .map(|(at, kind, options)| {
                let options: Vec<&str> = options.split(',').collect();
                json!({"destination": at, "type": kind, "source": kind, "options": options})
            })
            .collect();
        mounts.extend(self.mounts.iter().map(|Mount { source, at, is_read_only }| {
            let mode = if *is_read_only { "ro" } else { "rw" };
            let options = ["rbind", "rprivate", mode];
            json!({"destination": at, "type": "bind", "source": source, "options": options})
        }));
        let mut resources = json!({"devices": [{"allow": false, "access": "rwm"}]});
        if let Some(bytes) = self.memory_max {
            resources["memory"] = json!({"limit": whole(bytes)});
        }
        if let Some(processors) = self.processors_max {
            resources["cpu"] = json!({"quota": whole(processors * 100_000.0), "period": 100_000});
        }
        json!({
            "ociVersion": "1.0.2",
            "process": {
                "terminal": false, "args": self.args, "env": self.env, "cwd": self.working_folder,
                "user": {"uid": self.user.0, "gid": self.user.1, "additionalGids": self.groups},
                "noNewPrivileges": self.no_new_privileges,
                "capabilities": {
                    "bounding": capabilities, "effective": capabilities, "permitted": capabilities,
                },
                "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 4096, "soft": 4096}],
            },
            "root": {"path": self.root(), "readonly": self.is_read_only},
            "hostname": self.host_name,
            "mounts": mounts,
            "linux": {
                "namespaces": [
                    {"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"},
                    {"type": "network", "path": self.network},
                ],
                "cgroupsPath": format!("/radiant-cluster/{}", self.id),
                "resources": resources,
            },
        })
    }

    /// The image's files with what the container writes above them.
    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// Starts it; what it prints goes into the log.
    ///
    /// # Errors
    /// When its files cannot be laid out.
    pub(crate) async fn start(&self, state: &Path, log: Log) -> Result<Running> {
        for below in ["root", "upper", "work"] {
            fs::create_dir_all(self.folder.join(below))?;
        }
        let below = |name: &str| self.folder.join(name).display().to_string();
        let layers = format!(
            "lowerdir={},upperdir={},workdir={}",
            self.image_root.display(),
            below("upper"),
            below("work")
        );
        program::run("mount", &["-t", "overlay", "overlay", "-o", &layers, &below("root")]).await?;
        fs::write(self.folder.join("config.json"), self.config().to_string())?;
        let said = self.folder.join("runc.log");
        let mut run = runc(state, &["--log", &said.display().to_string(), "run", "--bundle"]);
        run.arg(&self.folder).arg(&self.id).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = run.spawn().context("`runc` cannot be run")?;
        let readers = [
            child.stdout.take().map(|pipe| log.reader("stdout", pipe)),
            child.stderr.take().map(|pipe| log.reader("stderr", pipe)),
        ];
        let (tell, ended) = watch::channel(None);
        let root = self.root();
        tokio::task::spawn_blocking(move || {
            let status = child.wait();
            for reader in readers.into_iter().flatten() {
                // A reader that panicked has lost lines of a log, which a test will miss.
                drop(reader.join());
            }
            log.close();
            // Gone with the namespace of the tests at the latest.
            drop(command("umount", &["--lazy", &root.display().to_string()]).output());
            let code = status.ok().and_then(|status| status.code()).unwrap_or(255);
            tell.send_replace(Some(reason(&said).map_or(Ended::Exited(code), Ended::Failed)));
        });
        Ok(Running { id: self.id.clone(), state: state.to_owned(), ended })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "no limit of a test is beyond what is exact")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

fn runc(state: &Path, args: &[&str]) -> Command {
    let mut runc = command("runc", &["--root"]);
    runc.arg(state).args(args);
    runc
}

/// What `runc` says that stopped it, if something did.
fn reason(said: &Path) -> Option<String> {
    let said = fs::read_to_string(said).ok()?;
    let line = said.lines().rfind(|line| line.contains("level=error"))?;
    let text = line.split_once("msg=").map_or(line, |(_, text)| text).trim_matches('"');
    let text = text.replace("\\\\\\\"", "\"").replace("\\\"", "\"").replace('\\', "");
    Some(text.trim_start_matches("runc run failed: ").to_owned())
}

impl Running {
    /// Waits for its end.
    pub(crate) async fn ended(&self) -> Ended {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone().unwrap_or(Ended::Exited(255)),
            Err(_) => Ended::Failed("nobody waits for it".to_owned()),
        }
    }

    /// Sends a signal to its first process.
    pub(crate) async fn kill(&self, signal: &str) {
        let state = self.state.display().to_string();
        // It may have ended by itself meanwhile.
        drop(program::output("runc", &["--root", &state, "kill", &self.id, signal]).await);
    }

    /// Asks it to end, and makes it after a while.
    pub(crate) async fn stop(&self, grace: Duration) -> Ended {
        self.kill("TERM").await;
        if let Ok(ended) = tokio::time::timeout(grace, self.ended()).await {
            return ended;
        }
        self.kill("KILL").await;
        self.ended().await
    }

    /// Runs a command in it.
    ///
    /// # Errors
    /// When it takes longer than this, in the kubelet's words.
    pub(crate) async fn execute(
        &self,
        words: &[String],
        time_max: Duration,
    ) -> Result<Output, String> {
        let mut runc = runc(&self.state, &["exec", &self.id]);
        runc.args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = runc.spawn().map_err(|error| error.to_string())?;
        let (tell, told) = tokio::sync::oneshot::channel();
        let id = child.id();
        tokio::task::spawn_blocking(move || {
            let output = child.stdout.take().zip(child.stderr.take()).map(|(out, err)| {
                let err = std::thread::spawn(move || std::io::read_to_string(err));
                (std::io::read_to_string(out), err.join())
            });
            let status = child.wait();
            let (stdout, stderr) = match output {
                Some((out, Ok(err))) => (out.unwrap_or_default(), err.unwrap_or_default()),
                _ => Default::default(),
            };
            // Nobody listens any more if it took too long.
            drop(tell.send(status.map(|status| Output {
                status,
                stdout: stdout.into_bytes(),
                stderr: stderr.into_bytes(),
            })));
        });
        match tokio::time::timeout(time_max, told).await {
            Ok(Ok(output)) => output.map_err(|error| error.to_string()),
            Ok(Err(_)) => Err("it was not waited for".to_owned()),
            Err(_) => {
                drop(program::output("kill", &["-KILL", &id.to_string()]).await);
                Err(format!("command {words:?} timed out"))
            }
        }
    }
}

/// Makes an empty file that every user may write.
pub(crate) fn make_writable(path: &Path) -> Result<()> {
    File::create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
    Ok(())
}
