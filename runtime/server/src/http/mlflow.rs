//! MLflow's scoring server: predictions of the main model for tables, and how the server is.

use bytes::Bytes;
use radiant_core::{Answers, Engine, Error, ErrorKind};
use radiant_protocol::mlflow::{self as codec, ContentType};
use radiant_protocol::oip::RequestedOutput;

use super::body::{plain, read};
use super::compress::compress;
use super::dispatch::Incoming;
use super::error::HttpError;
use super::reply::{JSON, Reply};
use super::route::Target;
use crate::endpoint::Endpoint;
use crate::node::Node;
use crate::oip;
use crate::state::State;
use crate::work::Work;

/// What tells that a content type is not known.
const PLAIN: &str = "text/plain; charset=utf-8";

/// Answers a request to one of the paths.
pub(super) async fn answer(
    state: &State,
    incoming: Incoming<'_>,
    target: &Target<'_>,
) -> Result<Reply, HttpError> {
    match target.endpoint {
        Endpoint::MlflowPing => {
            state.repository.main()?.ready()?;
            Ok(Reply::ok(JSON, Bytes::from_static(b"\n")))
        }
        Endpoint::MlflowVersion => {
            Ok(Reply::ok(JSON, Bytes::from_static(codec::VERSION.as_bytes())))
        }
        _ => invocations(state, incoming).await,
    }
}

async fn invocations(state: &State, incoming: Incoming<'_>) -> Result<Reply, HttpError> {
    let Incoming { came, payload, clock, found, .. } = incoming;
    let body = read(state, came, payload).await?;
    let body = plain(state, came, body).await?;
    let header = String::from_utf8_lossy(came.content_type);
    let content_type = match ContentType::parse(&header) {
        Ok(content_type) => content_type,
        Err(text) => return Ok(Reply { status: 415, ..Reply::ok(PLAIN, Bytes::from(text)) }),
    };
    let (_, node) = state.serve(clock, found, state.repository.main()).await?;
    let work = decode(state, node, content_type, &body)?;
    let work = oip::infer_as_given(state, clock, node, work).await?;
    let reply = encode(node, work)?;
    compress(state, came, reply).await
}

fn decode(
    state: &State,
    node: &Node,
    content_type: ContentType,
    body: &[u8],
) -> Result<Box<Work>, Error> {
    let (engine, _) = node.engine().ok_or_else(no_engine)?;
    let (limits, scoring) = (&state.config.body.json, &node.scoring);
    let mut work = state.begin(node)?;
    let request = match content_type {
        ContentType::Json => codec::decode_json(body, limits)?,
        ContentType::Csv => codec::decode_csv(body, scoring.schema.as_ref(), limits)?,
    };
    work.inputs = codec::bind(request, scoring, engine.signature(), limits)?;
    work.oip.clear();
    let output = scoring.output.iter();
    let asked = |name: &std::sync::Arc<str>| RequestedOutput {
        name: name.to_string(),
        ..RequestedOutput::default()
    };
    work.oip.outputs.extend(output.map(asked));
    Ok(work)
}

#[cold]
fn no_engine() -> Error {
    let text = "`/invocations` needs a model; a component answers Seldon's paths and V2";
    Error::new(ErrorKind::Unsupported, text)
}

fn encode(node: &Node, mut work: Box<Work>) -> Result<Reply, Error> {
    let answers = match node.engine() {
        // One output that was chosen is as good as the first.
        Some(_) if node.scoring.output.is_some() => Answers::First,
        Some((engine, _)) => Engine::signature(engine).answers,
        None => return Err(no_engine()),
    };
    let Work { outputs, reply, .. } = &mut *work;
    reply.clear();
    codec::encode_predictions(reply, answers, outputs)?;
    work.encoded(&node.statistics);
    Ok(Reply::ok(JSON, work.finish()))
}
