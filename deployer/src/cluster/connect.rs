//! From flags, kubeconfig and environment to a client: where the cluster is, and as whom it is asked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;
use kube::config::{ExecConfig, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use radiant_contract::EnvSource;

use super::proxy;
use super::refusal;
use crate::cli::ClusterArgs;
use crate::error::{Code, Failure};

/// How long a connection may take to come about, however long requests may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a client asks, for messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The API server's address, without a login.
    pub(crate) server: String,
    /// The context of the kubeconfig; none within a pod.
    pub(crate) context: Option<String>,
    /// The program that gives credentials, and what its owner says of installing it.
    pub(crate) plugin: Option<Plugin>,
}

/// A program of the kubeconfig that prints credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plugin {
    /// Its name or path.
    pub(crate) command: String,
    /// What the kubeconfig says to whoever lacks it.
    pub(crate) install_hint: Option<String>,
}

/// All that a client needs, found but not used yet.
pub(super) struct Found {
    pub(super) config: Config,
    pub(super) place: Place,
    pub(super) namespace: String,
}

/// What kubeconfig files say, all of them together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contexts {
    /// The merged files.
    pub(crate) config: Kubeconfig,
    /// The files that were read.
    pub(crate) files: Vec<PathBuf>,
}

impl Contexts {
    /// Reads the file that is named, else those of KUBECONFIG, else `~/.kube/config`.
    ///
    /// Files of KUBECONFIG that are missing are passed over, as `kubectl` does it.
    ///
    /// # Errors
    /// When a file cannot be read or is no kubeconfig, or the one that is named is missing.
    pub(crate) fn read(file: Option<&Path>, env: &dyn EnvSource) -> Result<Self, Failure> {
        let files = match file {
            Some(file) => vec![file.to_owned()],
            None => places(env).into_iter().filter(|path| path.exists()).collect(),
        };
        let mut config = Kubeconfig::default();
        for file in &files {
            let next = Kubeconfig::read_from(file).map_err(|error| unreadable(file, &error))?;
            config = config.merge(next).map_err(|error| unreadable(file, &error))?;
        }
        Ok(Self { config, files })
    }

    /// The names of all contexts.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.config.contexts.iter().map(|context| context.name.as_str()).collect()
    }
}

/// Where kubeconfig files are when no flag names one.
fn places(env: &dyn EnvSource) -> Vec<PathBuf> {
    if let Some(list) = env.get("KUBECONFIG") {
        let paths = std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty());
        return paths.collect();
    }
    let home = env.get("HOME").or_else(|| env.get("USERPROFILE"));
    home.map(|home| Path::new(&home).join(".kube/config")).into_iter().collect()
}

fn unreadable(file: &Path, error: &KubeconfigError) -> Failure {
    let (code, cause) = match error {
        KubeconfigError::ReadConfig(source, _) if source.kind() == std::io::ErrorKind::NotFound => {
            (Code::NotFound, source.to_string())
        }
        KubeconfigError::ReadConfig(source, _) => (Code::Usage, source.to_string()),
        // A parser's message quotes the file, and that holds tokens and keys.
        KubeconfigError::Parse(_) => (Code::Usage, "expected a kubeconfig in YAML".to_owned()),
        other => (Code::Usage, other.to_string()),
    };
    Failure::new(code, anyhow!(cause).context(format!("cannot read `{}`", file.display())))
        .hint("name another one with `--kubeconfig`, or set KUBECONFIG")
}

/// Finds cluster, user and namespace.
pub(super) async fn find(
    args: &ClusterArgs,
    config_namespace: Option<&str>,
    env: &(dyn EnvSource + Sync),
) -> Result<Found, Failure> {
    let contexts = Contexts::read(args.kubeconfig.as_deref(), env)?;
    let named = args.context.clone().or_else(|| contexts.config.current_context.clone());
    let named = named.filter(|name| !name.is_empty());
    let is_in_pod = env.get("KUBERNETES_SERVICE_HOST").is_some();
    let (mut config, place) = match named {
        Some(name) => of_context(contexts, name, env).await?,
        None if is_in_pod => of_pod()?,
        None => return Err(nowhere(&contexts)),
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // Requests that may be made again are, by ourselves: what goes on to a pod never is.
    config.default_retry = false;
    if let Some(user) = &args.impersonate {
        config.auth_info.impersonate = Some(user.clone());
    }
    let namespace = args.namespace.as_deref().or(config_namespace).unwrap_or_default();
    let namespace = match namespace {
        "" => config.default_namespace.clone(),
        name => name.to_owned(),
    };
    check_namespace(&namespace)?;
    Ok(Found { config, place, namespace })
}

async fn of_context(
    contexts: Contexts,
    name: String,
    env: &(dyn EnvSource + Sync),
) -> Result<(Config, Place), Failure> {
    let known = contexts.names().join("`, `");
    let config = contexts.config;
    let context = config.contexts.iter().find(|it| it.name == name);
    let context = context.and_then(|it| it.context.as_ref());
    let cluster =
        context.and_then(|it| config.clusters.iter().find(|other| other.name == it.cluster));
    let proxy_url = cluster.and_then(|it| it.cluster.as_ref()?.proxy_url.clone());
    let user = context.and_then(|it| it.user.as_deref());
    let user = user.and_then(|user| config.auth_infos.iter().find(|other| other.name == user));
    let plugin = user.and_then(|it| it.auth_info.as_ref()?.exec.as_ref()).map(plugin);
    let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
    let mut found = Config::from_custom_kubeconfig(config, &options)
        .await
        .map_err(|error| refused_context(&name, &known, &error))?;
    found.proxy_url = proxy::choose(&found.cluster_url, proxy_url.as_deref(), env)?;
    if found.default_namespace.is_empty() {
        "default".clone_into(&mut found.default_namespace);
    }
    let server = shown(&found);
    Ok((found, Place { server, context: Some(name), plugin }))
}

fn plugin(exec: &ExecConfig) -> Plugin {
    Plugin {
        command: exec.command.clone().unwrap_or_default(),
        install_hint: exec.install_hint.clone(),
    }
}

fn of_pod() -> Result<(Config, Place), Failure> {
    let config = Config::incluster_env().map_err(|error| {
        Failure::usage(anyhow!(error).context("cannot use the pod's own account")).hint(
            "give the pod a ServiceAccount whose token is mounted, or name a file with `--kubeconfig`",
        )
    })?;
    let server = shown(&config);
    Ok((config, Place { server, context: None, plugin: None }))
}

/// The server's address without what may be secret in one.
fn shown(config: &Config) -> String {
    let scheme = config.cluster_url.scheme_str().unwrap_or("https");
    let host = config.cluster_url.host().unwrap_or_default();
    let port = config.cluster_url.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let path = config.cluster_url.path().trim_end_matches('/');
    format!("{scheme}://{host}{port}{path}")
}

fn nowhere(contexts: &Contexts) -> Failure {
    if contexts.names().is_empty() {
        let error = anyhow!("no cluster is configured: found no kubeconfig, and this is no pod");
        return Failure::usage(error).hint(
            "set KUBECONFIG or pass `--kubeconfig FILE`; for a cloud, let its tool write one, such as \
             `aws eks update-kubeconfig` or `gcloud container clusters get-credentials`",
        );
    }
    let names = contexts.names().join("`, `");
    Failure::usage(anyhow!("no context is chosen: expected one of `{names}`"))
        .hint("pass `--context NAME`, or run `kubectl config use-context NAME`")
}

fn refused_context(name: &str, known: &str, error: &KubeconfigError) -> Failure {
    match error {
        KubeconfigError::LoadContext(_) => {
            let error = anyhow!("no context `{name}` in the kubeconfig: expected one of `{known}`");
            Failure::new(Code::NotFound, error)
                .hint("`radiant-deploy config get-contexts` lists them with their files")
        }
        KubeconfigError::LoadClusterOfContext(cluster) => Failure::usage(anyhow!(
            "context `{name}`: expected a cluster of the kubeconfig, got `{cluster}`"
        )),
        other => Failure::usage(anyhow!("{other}").context(format!("cannot use context `{name}`"))),
    }
}

fn check_namespace(name: &str) -> Result<(), Failure> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = (1..=63).contains(&name.len())
        && name.bytes().all(is_letter)
        && !name.starts_with('-')
        && !name.ends_with('-');
    if is_label {
        return Ok(());
    }
    let got = name.escape_debug();
    Err(Failure::usage(anyhow!(
        "namespace: expected at most 63 lowercase letters, digits and `-`, got `{got}`"
    )))
}

/// Makes the client, which may run a program for credentials.
pub(super) async fn client(found: Found) -> Result<(Client, Place, String), Failure> {
    let Found { config, place, namespace } = found;
    let made = tokio::task::spawn_blocking(move || Client::try_from(config)).await;
    let made = made.map_err(|error| Failure::from(anyhow::Error::from(error)))?;
    let client = made.map_err(|error| refusal::of_client(&error, &place))?;
    Ok((client, place, namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_names_and_no_paths() {
        for good in ["a", "ml-prod", "n1"] {
            assert!(check_namespace(good).is_ok(), "{good}");
        }
        for wrong in ["", "A", "a/b", "a b", "-a", "a-", "..", &"x".repeat(64)] {
            assert_eq!(check_namespace(wrong).unwrap_err().code(), Some(Code::Usage), "{wrong}");
        }
    }
}
