//! From arguments to a deployment that can be asked: what `predict`, `test` and `bench` share.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue};
use k8s_openapi::api::core::v1::Pod;

use super::configuration::Meant;
use crate::cli::{DataArgs, ProtocolChoice, TargetArgs, Via, duration};
use crate::cluster::seldon::selector;
use crate::cluster::{Cluster, Forward, SeldonObject, Selected};
use crate::config::{Deployment, Protocol};
use crate::error::{Code, Failure};
use crate::manifest::MODEL_NODE;
use crate::predict::{
    Call, Caller, Direct, Grpc, Proxied, Reply, Served, Terms, body, header, method, path,
    ready_pod, served,
};
use crate::route;

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
pub(super) struct Way {
    by: By,
    /// A tunnel to it, which is there as long as this is.
    tunnel: Option<Forward>,
}

/// What carries requests.
#[derive(Debug)]
enum By {
    /// REST, to an address.
    Direct(Direct),
    /// gRPC, to an address.
    Grpc(Grpc),
    /// The API server.
    Proxied(Proxied),
}

impl From<By> for Way {
    fn from(by: By) -> Self {
        Self { by, tunnel: None }
    }
}

impl Caller for Way {
    fn shown(&self) -> String {
        let by = match &self.by {
            By::Direct(direct) => direct.shown(),
            By::Grpc(grpc) => grpc.shown(),
            By::Proxied(proxied) => proxied.shown(),
        };
        let tunnel = self.tunnel.as_ref();
        let tunnel = tunnel.map(|it| format!(" (a tunnel to {})", it.shown()));
        by + &tunnel.unwrap_or_default()
    }

    async fn call(&self, call: &Call) -> Result<Reply, Failure> {
        match &self.by {
            By::Direct(direct) => direct.call(call).await,
            By::Grpc(grpc) => grpc.call(call).await,
            By::Proxied(proxied) => proxied.call(call).await,
        }
    }
}

/// Finds the deployment and a way to it. A configuration says what arguments do not: the namespace, the
/// ingress, and the protocol of a server that is no deployment.
pub(super) async fn reach(args: &TargetArgs, meant: &Meant) -> Result<Reached, Failure> {
    let config = meant.config.as_ref();
    let headers = headers(&args.headers, config)?;
    let timeout = duration(&args.cluster.request_timeout)
        .map_err(|expected| Failure::usage(anyhow!("`--request-timeout`: {expected}")))?;
    let authorities = authorities(args.ca_certificates.as_deref())?;
    let asking = Asking { args, headers, terms: Terms { timeout, authorities: &authorities } };
    let (way, served) = if let Some(url) = &args.url {
        let protocol = config.map_or_else(Protocol::default, |config| config.server.protocol);
        let model = if config.is_some() { MODEL_NODE } else { &meant.name };
        let served = chosen(Served { protocol, model: model.to_owned() }, args);
        (asking.address(url, &served, &[])?, served)
    } else {
        let namespace = config.and_then(|config| config.namespace.as_deref());
        let cluster = Cluster::connect(&args.cluster, namespace).await?;
        let deployment: SeldonObject = cluster.get(&meant.name).await?;
        let served = chosen(served(&deployment), args);
        let way = match asking.ingress(config)? {
            Some(base) => asking.outside(&base, &deployment, &served)?,
            None => asking.pod(cluster, &deployment, &served).await?,
        };
        (way, served)
    };
    Ok(Reached { way, served, headers: asking.headers })
}

/// What is asked for, whichever way is taken.
struct Asking<'a> {
    args: &'a TargetArgs,
    headers: HeaderMap,
    terms: Terms<'a>,
}

impl Asking<'_> {
    fn is_grpc(&self) -> bool {
        self.args.protocol.is_some_and(ProtocolChoice::is_grpc)
    }

    /// By an address, whatever is there.
    fn address(
        &self,
        url: &str,
        served: &Served,
        route: &[(&'static str, String)],
    ) -> Result<Way, Failure> {
        if self.is_grpc() {
            Ok(By::Grpc(Grpc::new(url, self.terms, served, route)?).into())
        } else {
            Ok(By::Direct(Direct::new(url, self.terms)?).into())
        }
    }

    /// The ingress, where it is the way: the argument's, else the configuration's where that names one
    /// and single pods are not meant.
    fn ingress(&self, config: Option<&Deployment>) -> Result<Option<String>, Failure> {
        let args = self.args;
        let configured = config.map(|config| &config.route.base_url).filter(|it| *it != "auto");
        let configured = configured.filter(|_| args.predictor.is_none());
        match (args.via, args.base_url.as_ref().or(configured)) {
            (Via::Pod | Via::Proxy, _) | (Via::Auto, None) => Ok(None),
            (Via::Auto | Via::Url, Some(_)) if args.predictor.is_some() => {
                let error =
                    anyhow!("`--predictor`: expected a way to single pods, got the ingress");
                Err(Failure::usage(error).hint("add `--via proxy` or `--via pod`"))
            }
            (Via::Auto | Via::Url, Some(base)) => Ok(Some(base.clone())),
            (Via::Url, None) => {
                let error = anyhow!("`--via url`: expected the ingress, got no address");
                Err(Failure::usage(error).hint(
                    "name it by `--base-url https://HOST`; `radiant-deploy url NAME` prints what is known",
                ))
            }
        }
    }

    /// By the ingress: REST by a path, gRPC by headers.
    fn outside(
        &self,
        base: &str,
        deployment: &SeldonObject,
        served: &Served,
    ) -> Result<Way, Failure> {
        let base = base.trim_end_matches('/');
        if self.is_grpc() {
            return self.address(base, served, &route::headers(deployment));
        }
        let (namespace, name) = (deployment.namespace(), deployment.name());
        self.address(&format!("{base}/seldon/{namespace}/{name}"), served, &[])
    }

    /// By one of its pods.
    async fn pod(
        &self,
        cluster: Cluster,
        deployment: &SeldonObject,
        served: &Served,
    ) -> Result<Way, Failure> {
        let args = self.args;
        let pods: Vec<Pod> = cluster.list(&Selected::labels(selector(deployment.name()))).await?;
        let target = ready_pod(deployment, &pods, args.predictor.as_deref())?;
        let port = if self.is_grpc() { target.ports.grpc } else { target.ports.http };
        match args.via {
            Via::Proxy if self.is_grpc() => {
                let error = anyhow!("`--via proxy`: expected a protocol of REST, got one of gRPC");
                Err(Failure::usage(error)
                    .hint("the API server passes no gRPC on: add `--via pod`, or `--base-url`"))
            }
            Via::Proxy | Via::Auto | Via::Url if !self.is_grpc() => {
                if self.headers.contains_key(AUTHORIZATION) {
                    let error = anyhow!("`Authorization`: expected none by `--via proxy`, got one");
                    return Err(Failure::usage(error).hint(
                        "the API server takes it for its own: add `--via pod`, or `--base-url`",
                    ));
                }
                Ok(By::Proxied(Proxied::new(cluster, target)).into())
            }
            Via::Pod | Via::Proxy | Via::Auto | Via::Url => {
                let forward = cluster.forward(&target.pod, port).await?;
                let url = format!("http://{}", forward.address());
                Ok(Way { tunnel: Some(forward), ..self.address(&url, served, &[])? })
            }
        }
    }
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
        protocol: args.protocol.map_or(served.protocol, ProtocolChoice::protocol),
        model: args.model.clone().unwrap_or(served.model),
    }
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
        let Served { protocol, model } = &self.served;
        match (&self.way.by, method(*protocol)) {
            (By::Grpc(_), Ok(method)) => method.to_owned(),
            _ => path(*protocol, model),
        }
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
