//! From arguments to a deployment that can be asked: what `predict`, `test` and `bench` share.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue};
use k8s_openapi::api::core::v1::Pod;

use crate::cli::{DataArgs, TargetArgs, Via, duration};
use crate::cluster::seldon::selector;
use crate::cluster::{Cluster, Forward, SeldonObject, Selected};
use crate::config::{Deployment, Protocol};
use crate::error::{Code, Failure};
use crate::predict::{
    Call, Caller, Direct, Proxied, Reply, Served, body, header, path, ready_pod, served,
};

/// The largest request: what the server takes by default.
const DATA_BYTES_MAX: u64 = 64 << 20;

/// A deployment that can be asked.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) way: Way,
    pub(super) served: Served,
    headers: HeaderMap,
}

/// A way to it.
#[derive(Debug)]
pub(super) enum Way {
    /// By an address.
    Direct(Direct),
    /// By the API server.
    Proxied(Proxied),
    /// By a tunnel, which is there as long as this is.
    Tunnel(Direct, Forward),
}

impl Caller for Way {
    fn shown(&self) -> String {
        match self {
            Self::Direct(direct) => direct.shown(),
            Self::Proxied(proxied) => proxied.shown(),
            Self::Tunnel(direct, forward) => {
                format!("{} (a tunnel to {})", direct.shown(), forward.shown())
            }
        }
    }

    async fn call(&self, call: &Call) -> Result<Reply, Failure> {
        match self {
            Self::Direct(direct) | Self::Tunnel(direct, _) => direct.call(call).await,
            Self::Proxied(proxied) => proxied.call(call).await,
        }
    }
}

/// Finds the deployment and a way to it. A configuration says what arguments do not: the namespace and the
/// ingress.
pub(super) async fn reach(
    args: &TargetArgs,
    config: Option<&Deployment>,
) -> Result<Reached, Failure> {
    let headers = headers(&args.headers, config)?;
    let timeout = duration(&args.cluster.request_timeout)
        .map_err(|expected| Failure::usage(anyhow!("`--request-timeout`: {expected}")))?;
    let authorities = authorities(args.ca_certificates.as_deref())?;
    if let Some(url) = &args.url {
        let way = Way::Direct(Direct::new(url, timeout, &authorities)?);
        let served = Served { protocol: Protocol::default(), model: args.name.clone() };
        return Ok(Reached { way, served: chosen(served, args), headers });
    }
    let namespace = config.and_then(|config| config.namespace.as_deref());
    let cluster = Cluster::connect(&args.cluster, namespace).await?;
    let deployment: SeldonObject = cluster.get(&args.name).await?;
    let served = chosen(served(&deployment), args);
    let base = base_url(args, config);
    let way = match (args.via, &base) {
        (Via::Auto | Via::Url, Some(base)) => {
            if args.predictor.is_some() && args.base_url.is_some() {
                let error =
                    anyhow!("`--predictor`: expected a way to single pods, got the ingress");
                return Err(Failure::usage(error).hint("add `--via proxy` or `--via pod`"));
            }
            let base = base.trim_end_matches('/');
            let (namespace, name) = (cluster.namespace(), &args.name);
            Way::Direct(Direct::new(
                &format!("{base}/seldon/{namespace}/{name}"),
                timeout,
                &authorities,
            )?)
        }
        (Via::Url, None) => {
            let error = anyhow!("`--via url`: expected the ingress, got no address");
            return Err(Failure::usage(error).hint(
                "name it by `--base-url https://HOST`; `radiant-deploy url NAME` prints what is known",
            ));
        }
        (via @ (Via::Auto | Via::Proxy | Via::Pod), _) => {
            let pods: Vec<Pod> = cluster.list(&Selected::labels(selector(&args.name))).await?;
            let target = ready_pod(&deployment, &pods, args.predictor.as_deref())?;
            if via == Via::Pod {
                let forward = cluster.forward(&target.pod, target.port).await?;
                let url = format!("http://{}", forward.address());
                Way::Tunnel(Direct::new(&url, timeout, &[])?, forward)
            } else {
                if headers.contains_key(AUTHORIZATION) {
                    let error = anyhow!("`Authorization`: expected none by `--via proxy`, got one");
                    return Err(Failure::usage(error).hint(
                        "the API server takes it for its own: add `--via pod`, or `--base-url`",
                    ));
                }
                Way::Proxied(Proxied::new(cluster, target))
            }
        }
    };
    Ok(Reached { way, served, headers })
}

/// The text of a file of certificates.
fn authorities(path: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let read = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()));
    read.map_err(|error| Failure::new(Code::NotFound, error))
}

/// What is asked for goes before what the deployment says.
fn chosen(served: Served, args: &TargetArgs) -> Served {
    Served {
        protocol: args.protocol.map_or(served.protocol, Protocol::from),
        model: args.model.clone().unwrap_or(served.model),
    }
}

/// The ingress: the argument's, else the configuration's where that names one and single pods are not meant.
fn base_url(args: &TargetArgs, config: Option<&Deployment>) -> Option<String> {
    let configured = config.map(|config| &config.route.base_url).filter(|it| *it != "auto");
    let configured = configured.filter(|_| args.predictor.is_none()).cloned();
    args.base_url.clone().or(configured)
}

fn headers(texts: &[String], config: Option<&Deployment>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    if let Some(host) = config.and_then(|config| config.route.host.as_deref()) {
        let host = HeaderValue::from_str(host)
            .map_err(|_| Failure::usage(anyhow!("`route.host`: expected the name of a host")))?;
        headers.insert(HOST, host);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for text in texts {
        let (name, value) = header(text)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

impl Reached {
    /// Where predictions of this deployment are posted.
    pub(super) fn path(&self) -> String {
        path(self.served.protocol, &self.served.model)
    }

    /// Headers of every request.
    pub(super) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The request that arguments describe.
    pub(super) fn call(&self, args: &DataArgs, data: &[u8]) -> Result<Call, Failure> {
        let body = if args.raw {
            Bytes::copy_from_slice(data)
        } else {
            body(self.served.protocol, data, &args.names)?
        };
        Ok(Call { path: self.path(), headers: self.headers.clone(), body })
    }
}

/// What `--data` names: itself, a file, or stdin.
pub(super) fn data(args: &DataArgs) -> Result<Vec<u8>, Failure> {
    let limited = |reader: &mut dyn std::io::Read, what: &str| {
        let mut bytes = Vec::new();
        let read = reader.take(DATA_BYTES_MAX + 1).read_to_end(&mut bytes);
        read.with_context(|| format!("cannot read {what}"))?;
        if bytes.len() as u64 > DATA_BYTES_MAX {
            let error = anyhow!("{what}: expected at most {DATA_BYTES_MAX} bytes, got more");
            return Err(Failure::usage(error));
        }
        Ok(bytes)
    };
    match args.data.as_str() {
        "-" => limited(&mut std::io::stdin().lock(), "stdin"),
        text => match text.strip_prefix('@') {
            Some(path) => {
                let file = fs::File::open(path).with_context(|| format!("cannot read `{path}`"));
                let mut file = file.map_err(|error| Failure::new(Code::NotFound, error))?;
                limited(&mut file, &format!("`{path}`"))
            }
            None => Ok(text.as_bytes().to_vec()),
        },
    }
}

/// What a refusal of a deployment means.
pub(super) fn refused(reply: &Reply, reached: &Reached, name: &str) -> Failure {
    let (status, shown) = (reply.status, reached.way.shown());
    let error =
        anyhow!("`{name}`: expected a prediction, got status {status}, {}", reply.excerpt())
            .context(format!("asked {shown}{}", reached.path()));
    let hint = match status {
        404 => format!(
            "the path is that of protocol `{:?}` and model `{}`: others by `--protocol` and `--model-name`; \
             an ingress knows a deployment some seconds after it is ready",
            reached.served.protocol, reached.served.model
        )
        .to_lowercase(),
        401 | 403 => "the ingress wants a login: give one by `-H 'Authorization: ...'`".to_owned(),
        400 | 422 => "the request does not fit the model: see the answer".to_owned(),
        502..=504 => format!("it is not ready: `radiant-deploy status {name}` says why"),
        _ => format!("`radiant-deploy logs {name}` shows what the server says"),
    };
    Failure::new(Code::Failed, error).hint(hint)
}
