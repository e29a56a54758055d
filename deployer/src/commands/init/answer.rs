//! What a model answers, asked of a server that runs here for a moment.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use radiant_contract::EnvSource;
use serde_json::Value;

use crate::commands::configuration::one;
use crate::config::{self, Source};
use crate::error::{Code, Failure};
use crate::local::{Here, Local, Server, free_ports};
use crate::manifest::{Facts, Schema, checked};
use crate::predict::{Call, Caller as _, Direct, Terms, path};

/// How long the model may take to load, and the answer to come.
const READY_WITHIN: Duration = Duration::from_mins(1);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Starts the server's program as a pod of this configuration would, and asks it once.
///
/// The answer lacks `meta`, which is of one request alone.
///
/// # Errors
/// When it does not start, or refuses the request.
pub(super) async fn ask(
    program: &Path,
    configuration: Source,
    body: &str,
    env: &(dyn EnvSource + Sync),
) -> Result<Value, Failure> {
    let loaded = one(None, config::load(&[configuration], None, &[], env)?)?;
    let objects = checked(&loaded.deployment, &Facts::default(), Schema::bundled(), None)?;
    let manifest = serde_json::to_value(&objects.deployment).map_err(anyhow::Error::from)?;
    let (ports, host) = (free_ports::<3>()?, Ipv4Addr::LOCALHOST);
    let cache = tempfile::tempdir().context("cannot make a folder")?;
    let model = loaded.deployment.model.path.clone();
    let here = Here { ports, host: &host.to_string(), cache: cache.path(), model };
    let local = Local::of(&manifest, &here).map_err(Failure::usage)?;
    let environment = local.environment(&BTreeMap::new(), |name| env.get(name));
    let mut server = Server::start_silent(program, &environment)?;
    let [port, ..] = ports;
    let address = SocketAddr::from((host, port));
    server.listening(address, READY_WITHIN).await?;

    let terms = Terms { timeout: ANSWER_WITHIN, authorities: b"" };
    let direct = Direct::new(&format!("http://{address}"), terms)?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let path = path(loaded.deployment.server.protocol, crate::manifest::MODEL_NODE);
    let body = Bytes::from(body.to_owned());
    let reply = direct.call(&Call { path, headers, body }).await?;
    if !reply.is_success() {
        let error = anyhow!("expected an answer, got status {}, {}", reply.status, reply.excerpt());
        return Err(Failure::new(Code::Failed, error));
    }
    let mut answer: Value =
        serde_json::from_slice(&reply.body).context("expected an answer in JSON")?;
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("meta");
    }
    Ok(answer)
}
