//! Seldon v1's methods over HTTP: extract, decode, run, encode.

use std::sync::Arc;

use bytes::Bytes;
use radiant_core::{DType, Error, ErrorKind, Feedback, Payload, Reply as Answer, Tensor, Value};
use radiant_protocol::seldon::{self, Kind, Meta};

use super::body::{find_json, read};
use super::dispatch::Incoming;
use super::error::HttpError;
use super::reply::{JSON, Reply};
use super::route::Endpoint;
use crate::bind::bind;
use crate::infer::infer;
use crate::node::Node;
use crate::state::State;
use crate::work::Work;

/// A reply larger than this is handed over as it is; a smaller one is copied out, so that its
/// buffer can be used again.
const COPIED_MAX: usize = 1 << 20;

/// Answers a prediction or another method of the graph.
pub(super) async fn call(
    state: &State,
    incoming: Incoming<'_>,
    endpoint: Endpoint,
) -> Result<Reply, HttpError> {
    let limits = &state.config.body;
    let Incoming { request, came, payload } = incoming;
    let body = read(came, payload, limits).await?;
    let call = Call { state, node: state.node()?, endpoint };
    if state.config.payload_passthrough && call.node.engine().is_none() {
        return Ok(Reply::ok(JSON, call.pass_through(body)?));
    }
    let body = find_json(request, came, body, limits).await?;
    let body = match state.config.request_timeout {
        None => call.answer(&body).await?,
        Some(limit) => match Box::pin(tokio::time::timeout(limit, call.answer(&body))).await {
            Ok(answered) => answered?,
            Err(_elapsed) => return Err(deadline_exceeded(limit).into()),
        },
    };
    Ok(Reply::ok(JSON, body))
}

/// Answers `/health/status`: the component's word on how it is.
pub(super) fn health_status(state: &State) -> Result<Reply, HttpError> {
    let call = Call { state, node: state.node()?, endpoint: Endpoint::HealthStatus };
    let answer = call.node.contain(|| call.node.component().health_status())?;
    let body = call.encode(Kind::Json, Meta::default(), answer, Work::take())?;
    Ok(Reply::ok(JSON, body))
}

fn deadline_exceeded(limit: std::time::Duration) -> Error {
    let text = format!("no answer within {} s (--request-timeout)", limit.as_secs_f64());
    Error::new(ErrorKind::DeadlineExceeded, text)
}

/// One request to the model.
struct Call<'a> {
    state: &'a State,
    node: &'a Arc<Node>,
    endpoint: Endpoint,
}

impl Call<'_> {
    async fn answer(&self, body: &[u8]) -> Result<Bytes, Error> {
        match (self.endpoint, self.node.engine()) {
            (Endpoint::Predict, Some((_, plan))) => self.predict(plan.want, body).await,
            (Endpoint::Feedback, _) => self.feedback(body),
            (Endpoint::Aggregate, _) => self.aggregate(body),
            _ => self.component(body),
        }
    }

    /// The hot path: an array for an engine.
    async fn predict(&self, want: Option<DType>, body: &[u8]) -> Result<Bytes, Error> {
        let mut work = Work::take();
        let limits = &self.state.config.body.json;
        seldon::decode_request(body, want, limits, &mut work.request)?;
        bind(self.node, &mut work, limits)?;
        let mut work = infer(self.state, self.node, work).await?;
        let Work { request, outputs, meta, reply, .. } = &mut *work;
        let output = outputs.first().ok_or_else(|| Error::internal("the engine gave no output"))?;
        let meta = if request.meta.is_empty() {
            &self.node.plain_meta
        } else {
            self.encode_meta(std::mem::take(&mut request.meta), meta);
            &*meta
        };
        let names = self.node.class_names.as_deref();
        reply.clear();
        seldon::encode_tensor_reply(reply, request.kind, output, names, meta)?;
        Ok(finish(work))
    }

    /// A method that takes one message, answered by a component or by a default.
    fn component(&self, body: &[u8]) -> Result<Bytes, Error> {
        let mut work = Work::take();
        seldon::decode_request(body, None, &self.state.config.body.json, &mut work.request)?;
        let names = std::mem::take(&mut work.request.names);
        let input = std::mem::replace(&mut work.request.payload, Payload::Json(Value::Null));
        let _permit = self.state.permits.take()?;
        let answer = self.run_method(input, &names)?;
        let mut meta = std::mem::take(&mut work.request.meta);
        if self.endpoint == Endpoint::Route {
            // A router starts a path of its own: only the request's id is carried on.
            meta = Meta { puid: meta.puid, ..Meta::default() };
        }
        self.encode(work.request.kind, meta, answer, work)
    }

    fn run_method(&self, input: Payload, names: &[String]) -> Result<Answer, Error> {
        let component = self.node.component();
        self.node.contain(|| match self.endpoint {
            Endpoint::TransformInput => component.transform_input(input, names),
            Endpoint::TransformOutput => component.transform_output(input, names),
            Endpoint::Route => component.route(input, names).map(routed),
            _ => component.predict(input, names),
        })
    }

    /// Gives a component the body and sends its answer as they are, without a look into either.
    fn pass_through(&self, body: Bytes) -> Result<Bytes, Error> {
        let _permit = self.state.permits.take()?;
        match self.run_method(Payload::Bytes(body), &[])?.payload {
            Payload::Bytes(bytes) => Ok(bytes),
            _ => Err(Error::model_failed(
                "payloads are passed through (PAYLOAD_PASSTHROUGH): expected bytes from the component",
            )),
        }
    }

    fn aggregate(&self, body: &[u8]) -> Result<Bytes, Error> {
        let messages = seldon::decode_messages(body, &self.state.config.body.json)?;
        let first = messages.first();
        let kind = first.map_or(Kind::Json, |first| first.kind);
        let puid = first.and_then(|first| first.meta.puid.clone());
        let mut meta = Meta { puid, ..Meta::default() };
        let (mut inputs, mut names) = (Vec::new(), Vec::new());
        for message in messages {
            meta.merge(message.meta);
            inputs.push(message.payload);
            names.push(message.names);
        }
        let _permit = self.state.permits.take()?;
        let answer = self.node.contain(|| self.node.component().aggregate(inputs, &names))?;
        self.encode(kind, meta, answer, Work::take())
    }

    /// Tells the component what became of a prediction, and counts the reward.
    fn feedback(&self, body: &[u8]) -> Result<Bytes, Error> {
        let feedback = seldon::decode_feedback(body, &self.state.config.body.json)?;
        let routing_key = self.node.request_path.as_ref().map_or("0", |(id, _)| id.as_str());
        let routing = feedback.response_routing.get(routing_key).copied();
        let (kind, reward) = (feedback.kind, feedback.reward);
        let (request, names, puid) = match feedback.request {
            Some(request) => (Some(request.payload), request.names, request.meta.puid),
            None => (None, Vec::new(), None),
        };
        let truth = feedback.truth.map(|truth| truth.payload);
        let told = Feedback { request, names, reward, truth, routing };
        let _permit = self.state.permits.take()?;
        let answer = self.node.contain(|| self.node.component().send_feedback(told))?;
        // As in the original, a reward of zero says nothing.
        if reward != 0.0 && self.state.config.feedback_counters {
            self.state.requests.feedback(reward);
        }
        let answered = answer.is_some();
        let answer = answer.unwrap_or_else(|| Answer::new(Payload::Json(Value::Null)));
        let mut meta = Meta { puid, ..Meta::default() };
        let payload = self.add_own(&mut meta, answer)?;
        let mut work = Work::take();
        work.reply.clear();
        let payload = answered.then_some(&payload);
        let meta = self.finish_meta(meta);
        seldon::encode_feedback_reply(&mut work.reply, kind, payload, self.class_names(), &meta)?;
        Ok(finish(work))
    }

    /// Encodes a component's answer with its tags and metrics.
    fn encode(
        &self,
        kind: Kind,
        mut meta: Meta,
        answer: Answer,
        mut work: Box<Work>,
    ) -> Result<Bytes, Error> {
        let payload = self.add_own(&mut meta, answer)?;
        self.encode_meta(meta, &mut work.meta);
        work.reply.clear();
        seldon::encode_reply(&mut work.reply, kind, &payload, self.class_names(), &work.meta)?;
        Ok(finish(work))
    }

    /// Adds the tags and metrics of the component and of this answer to `meta`, and records the
    /// metrics; gives the answer's payload.
    fn add_own(&self, meta: &mut Meta, answer: Answer) -> Result<Payload, Error> {
        let component = self.node.component();
        let (tags, mut metrics) =
            self.node.contain(|| Ok((component.tags(), component.metrics())))?;
        meta.tags.extend(tags);
        meta.tags.extend(answer.tags);
        metrics.extend(answer.metrics);
        let method = label(self.endpoint);
        // All are checked before any is recorded: a refused reply leaves no trace.
        let shown = metrics.iter().map(|metric| seldon::metric_value(metric, method));
        meta.metrics.extend(shown.collect::<Result<Vec<_>, _>>()?);
        for metric in &metrics {
            self.state.requests.component(metric, method);
        }
        Ok(answer.payload)
    }

    /// The request's meta with this node's entry in the path that it took. The request's own entry
    /// for a node of the same name wins, as in the Python microservice.
    fn finish_meta(&self, mut meta: Meta) -> Meta {
        if let Some((id, image)) = &self.node.request_path {
            meta.request_path.entry(id.clone()).or_insert_with(|| image.as_str().into());
        }
        if !self.state.config.include_metrics {
            meta.metrics.clear();
        }
        meta
    }

    fn encode_meta(&self, meta: Meta, out: &mut Vec<u8>) {
        out.clear();
        seldon::encode_meta(out, &self.finish_meta(meta));
    }

    fn class_names(&self) -> Option<&[String]> {
        let given = self.node.class_names.as_deref();
        given.or_else(|| self.node.component().class_names())
    }
}

/// A route as Seldon sends it: one row of one column.
fn routed(branch: i64) -> Answer {
    Answer::new(Payload::Array(Tensor::new("", &[1, 1], vec![branch])))
}

/// Seldon's name of a graph method, as its metrics carry it.
fn label(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::TransformInput => "inputtransform",
        Endpoint::TransformOutput => "outputtransform",
        Endpoint::Route => "router",
        Endpoint::Aggregate => "aggregate",
        Endpoint::Feedback => "feedback",
        Endpoint::HealthStatus => "health",
        _ => "predict",
    }
}

/// Takes the reply out and keeps the buffers: one allocation, of just the reply's size.
fn finish(mut work: Box<Work>) -> Bytes {
    let body = if work.reply.len() > COPIED_MAX {
        Bytes::from(std::mem::take(&mut work.reply))
    } else {
        Bytes::copy_from_slice(&work.reply)
    };
    work.keep();
    body
}
