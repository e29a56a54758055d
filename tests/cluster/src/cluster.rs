//! The whole cluster: started once, for as long as the tests run.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::program::command;
use crate::{kubelet, operator, policy};

/// The node's address, which whoever makes the network namespace gives to it: the API server calls no
/// pods and no kubelets on loopback addresses.
pub const ADDRESS: &str = "198.51.100.7";

/// How often it is asked whether kinds are there, and how long after the last time.
const TRIES: u32 = 120;
const TICK: Duration = Duration::from_millis(500);

/// What a cluster is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is written.
    pub folder: PathBuf,
    /// The folder in which `kube-apiserver build` has built.
    pub cache: PathBuf,
    /// Kinds of objects that it knows besides its own: files of CustomResourceDefinitions.
    pub kinds: Vec<PathBuf>,
    /// What the node is.
    pub kubelet: kubelet::Settings,
    /// How the operator is set up.
    pub operator: operator::Settings,
}

/// A cluster that runs.
#[derive(Debug)]
pub struct Cluster {
    kubeconfig: PathBuf,
    folder: PathBuf,
}

impl Cluster {
    /// Starts everything and waits until it works.
    ///
    /// # Errors
    /// When a part does not start.
    pub fn start(options: Options) -> Result<Self> {
        let bound = TcpListener::bind((ADDRESS, 0));
        bound.with_context(|| {
            format!("{ADDRESS} is missing: a cluster needs a network namespace of its own")
        })?;
        fs::create_dir_all(&options.folder)?;
        let folder = options.folder.canonicalize()?;
        let mut start = script("start");
        start.arg(folder.join("kubernetes")).arg(&options.cache);
        let kubeconfig = finish(start)?;
        let kubeconfig = PathBuf::from(kubeconfig.trim());
        let cluster = Self { kubeconfig, folder };
        for kinds in &options.kinds {
            // `apply` would keep a copy in an annotation, which has less room than a kind may take.
            cluster.expect(&["create", "-f", &kinds.display().to_string()])?;
            cluster.wait_for_kinds(&kinds.display().to_string())?;
        }
        cluster.start_stand_ins(options)?;
        Ok(cluster)
    }

    /// Waits until the API server answers for the kinds of a file.
    fn wait_for_kinds(&self, file: &str) -> Result<()> {
        let wait = ["wait", "--for=condition=Established", "--timeout=60s", "-f", file];
        // Fails at once for as long as nothing at all is said of a kind's condition.
        for _ in 1..TRIES {
            if self.expect(&wait).is_ok() {
                return Ok(());
            }
            thread::park_timeout(TICK);
        }
        self.expect(&wait).map(drop)
    }

    /// Runs operator, kubelet and webhooks beside the tests.
    fn start_stand_ins(&self, options: Options) -> Result<()> {
        let (tell, told) = mpsc::channel();
        let (kubeconfig, folder) = (self.kubeconfig.clone(), self.folder.clone());
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(tell.send(Err(error.into()))),
            };
            let started = runtime.block_on(async {
                let client = client(&kubeconfig).await?;
                policy::start(&client).await?;
                kubelet::start(client.clone(), folder, options.kubelet).await?;
                operator::start(client, options.operator).await
            });
            drop(tell.send(started));
            runtime.block_on(std::future::pending::<()>());
        });
        told.recv().context("the stand-ins ended")?
    }

    /// The file by which clients find the cluster: as `admin`, and in the context `deployer` as somebody
    /// who may do nothing.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs `kubectl`.
    ///
    /// # Errors
    /// When it cannot be run at all.
    pub fn kubectl(&self, args: &[&str]) -> Result<Output> {
        let mut kubectl = command("kubectl", args);
        kubectl.env("KUBECONFIG", &self.kubeconfig).env("HOME", &self.folder);
        kubectl.output().context("`kubectl` cannot be run")
    }

    /// Runs `kubectl`, which must end well, and gives what it printed.
    ///
    /// # Errors
    /// When it does not.
    pub fn expect(&self, args: &[&str]) -> Result<String> {
        let output = self.kubectl(args)?;
        if !output.status.success() {
            bail!("kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = script("stop");
        stop.arg(self.folder.join("kubernetes"));
        // What is not ended here ends with the namespace.
        drop(stop.output());
    }
}

/// The script that builds and starts the API server.
fn script(verb: &str) -> std::process::Command {
    command(concat!(env!("CARGO_MANIFEST_DIR"), "/kube-apiserver"), &[verb])
}

fn finish(mut command: std::process::Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?} cannot be run"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn client(kubeconfig: &Path) -> Result<Client> {
    let config = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}
