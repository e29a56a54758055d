//! Seldon v1's methods, whatever the transport: decode, run, encode.

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use radiant_core::{DType, Error, Feedback, Payload, Reply as Answer, Tensor, Value};
use radiant_protocol::Limits;
use radiant_protocol::seldon::{self, FeedbackRequest, Kind, Meta, Request};

use crate::bind::bind;
use crate::endpoint::Endpoint;
use crate::infer::infer;
use crate::node::{Node, Plan};
use crate::notes::Finished;
use crate::repository::Entry;
use crate::schedule::Deadline;
use crate::state::State;
use crate::work::Work;

/// How messages look on the wire: as JSON over REST, as protobuf over gRPC.
pub(crate) trait Wire {
    /// Decodes a message.
    fn decode(
        body: &[u8],
        want: Option<DType>,
        limits: &Limits,
        into: &mut Request,
    ) -> Result<(), Error>;
    /// Decodes a list of messages.
    fn decode_messages(body: &[u8], limits: &Limits) -> Result<Vec<Request>, Error>;
    /// Decodes a feedback message.
    fn decode_feedback(body: &[u8], limits: &Limits) -> Result<FeedbackRequest, Error>;
    /// Encodes a reply with an array.
    fn encode_tensor(
        out: &mut Vec<u8>,
        kind: Kind,
        tensor: &Tensor,
        names: Option<&[String]>,
        meta: &[u8],
    ) -> Result<(), Error>;
    /// Encodes a reply with any payload.
    fn encode(
        out: &mut Vec<u8>,
        kind: Kind,
        payload: &Payload,
        names: Option<&[String]>,
        meta: &[u8],
    ) -> Result<(), Error>;
    /// Encodes the reply to feedback.
    fn encode_feedback(
        out: &mut Vec<u8>,
        kind: Kind,
        payload: Option<&Payload>,
        names: Option<&[String]>,
        meta: &Meta,
    ) -> Result<(), Error>;
    /// Encodes what goes along with a payload.
    fn encode_meta(out: &mut Vec<u8>, meta: &Meta);
    /// What goes along with the reply to a request that brought nothing along.
    fn plain_meta(node: &Node) -> &[u8];
}

/// The messages of REST.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json;

/// The messages of gRPC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proto;

macro_rules! wire {
    ($wire:ty, $codec:path, $plain_meta:ident) => {
        impl Wire for $wire {
            fn decode(
                body: &[u8],
                want: Option<DType>,
                limits: &Limits,
                into: &mut Request,
            ) -> Result<(), Error> {
                use $codec as codec;
                codec::decode_request(body, want, limits, into)
            }

            fn decode_messages(body: &[u8], limits: &Limits) -> Result<Vec<Request>, Error> {
                use $codec as codec;
                codec::decode_messages(body, limits)
            }

            fn decode_feedback(body: &[u8], limits: &Limits) -> Result<FeedbackRequest, Error> {
                use $codec as codec;
                codec::decode_feedback(body, limits)
            }

            fn encode_tensor(
                out: &mut Vec<u8>,
                kind: Kind,
                tensor: &Tensor,
                names: Option<&[String]>,
                meta: &[u8],
            ) -> Result<(), Error> {
                use $codec as codec;
                codec::encode_tensor_reply(out, kind, tensor, names, meta)
            }

            fn encode(
                out: &mut Vec<u8>,
                kind: Kind,
                payload: &Payload,
                names: Option<&[String]>,
                meta: &[u8],
            ) -> Result<(), Error> {
                use $codec as codec;
                codec::encode_reply(out, kind, payload, names, meta)
            }

            fn encode_feedback(
                out: &mut Vec<u8>,
                kind: Kind,
                payload: Option<&Payload>,
                names: Option<&[String]>,
                meta: &Meta,
            ) -> Result<(), Error> {
                use $codec as codec;
                codec::encode_feedback_reply(out, kind, payload, names, meta)
            }

            fn encode_meta(out: &mut Vec<u8>, meta: &Meta) {
                use $codec as codec;
                codec::encode_meta(out, meta);
            }

            fn plain_meta(node: &Node) -> &[u8] {
                &node.$plain_meta
            }
        }
    };
}

wire!(Json, seldon, plain_meta);
wire!(Proto, seldon::proto, plain_meta_proto);

/// One request to the model.
pub(crate) struct Call<'a, W> {
    state: &'a State,
    entry: &'a Entry,
    node: &'a Arc<Node>,
    endpoint: Endpoint,
    wire: PhantomData<W>,
}

impl<'a, W: Wire> Call<'a, W> {
    pub(crate) fn new(
        state: &'a State,
        entry: &'a Entry,
        node: &'a Arc<Node>,
        endpoint: Endpoint,
    ) -> Self {
        Self { state, entry, node, endpoint, wire: PhantomData }
    }

    /// The encoded reply, which is due at `deadline`.
    ///
    /// # Errors
    /// What is wrong with the request, or what the model says.
    pub(crate) async fn answer(
        &self,
        body: &[u8],
        deadline: Option<Deadline>,
    ) -> Result<Finished, Error> {
        match (self.endpoint, self.node.engine()) {
            (Endpoint::Predict, Some((_, plan))) => self.predict(plan, body, deadline).await,
            (Endpoint::Feedback, _) => self.feedback(body),
            (Endpoint::Aggregate, _) => self.aggregate(body),
            _ => self.component(body),
        }
    }

    /// The component's word on how it is.
    ///
    /// # Errors
    /// What the component says.
    pub(crate) fn health_status(&self) -> Result<Finished, Error> {
        let answer = self.node.contain(|| self.node.component().health_status())?;
        self.encode(Kind::Json, Meta::default(), answer, Work::take())
    }

    /// The hot path: an array for an engine.
    async fn predict(
        &self,
        plan: &Plan,
        body: &[u8],
        deadline: Option<Deadline>,
    ) -> Result<Finished, Error> {
        let mut work = self.state.begin(self.node)?;
        let limits = &self.state.config.body.json;
        W::decode(body, plan.want, limits, &mut work.request)?;
        bind(self.node, &mut work, limits)?;
        work.wanted.clear();
        work.wanted.extend(plan.wanted);
        (work.deadline, work.priority) = (deadline, self.node.queue.priority(None));
        work.decoded(&self.node.statistics);
        let mut work = infer(self.state, self.node, work).await?;
        work.ran();
        let Work { request, outputs, meta, reply, .. } = &mut *work;
        let output = outputs.first().ok_or_else(|| Error::internal("the engine gave no output"))?;
        let meta = if request.meta.is_empty() {
            W::plain_meta(self.node)
        } else {
            self.encode_meta(std::mem::take(&mut request.meta), meta);
            &*meta
        };
        let names = self.node.class_names.as_deref();
        reply.clear();
        W::encode_tensor(reply, request.kind, output, names, meta)?;
        work.encoded(&self.node.statistics);
        Ok(work.finish())
    }

    /// A method that takes one message, answered by a component or by a default.
    fn component(&self, body: &[u8]) -> Result<Finished, Error> {
        let mut work = Work::take();
        W::decode(body, None, &self.state.config.body.json, &mut work.request)?;
        let names = std::mem::take(&mut work.request.names);
        let input = std::mem::replace(&mut work.request.payload, Payload::Json(Value::Null));
        let _permit = self.state.permits.take(&self.node.share, 1)?;
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

    /// Gives a component the body and sends its answer as they are, without a look into either,
    /// where that was asked for.
    pub(crate) fn pass_through(&self, body: &Bytes) -> Option<Result<Bytes, Error>> {
        let wanted = self.state.config.payload_passthrough && self.node.engine().is_none();
        wanted.then(|| {
            let _permit = self.state.permits.take(&self.node.share, 1)?;
            match self.run_method(Payload::Bytes(body.clone()), &[])?.payload {
                Payload::Bytes(bytes) => Ok(bytes),
                _ => Err(Error::model_failed(
                    "payloads are passed through (PAYLOAD_PASSTHROUGH): expected bytes from the \
                     component",
                )),
            }
        })
    }

    fn aggregate(&self, body: &[u8]) -> Result<Finished, Error> {
        let messages = W::decode_messages(body, &self.state.config.body.json)?;
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
        let _permit = self.state.permits.take(&self.node.share, 1)?;
        let answer = self.node.contain(|| self.node.component().aggregate(inputs, &names))?;
        self.encode(kind, meta, answer, Work::take())
    }

    /// Tells the component what became of a prediction, and counts the reward.
    fn feedback(&self, body: &[u8]) -> Result<Finished, Error> {
        let feedback = W::decode_feedback(body, &self.state.config.body.json)?;
        let routing_key = self.node.request_path.as_ref().map_or("0", |(id, _)| id.as_str());
        let routing = feedback.response_routing.get(routing_key).copied();
        let (kind, reward) = (feedback.kind, feedback.reward);
        let (request, names, puid) = match feedback.request {
            Some(request) => (Some(request.payload), request.names, request.meta.puid),
            None => (None, Vec::new(), None),
        };
        let truth = feedback.truth.map(|truth| truth.payload);
        let told = Feedback { request, names, reward, truth, routing };
        let _permit = self.state.permits.take(&self.node.share, 1)?;
        let answer = self.node.contain(|| self.node.component().send_feedback(told))?;
        // As in the original, a reward of zero says nothing.
        if reward != 0.0 && self.state.config.feedback_counters {
            self.entry.requests.feedback(reward);
        }
        let answered = answer.is_some();
        let answer = answer.unwrap_or_else(|| Answer::new(Payload::Json(Value::Null)));
        let mut meta = Meta { puid, ..Meta::default() };
        let payload = self.add_own(&mut meta, answer)?;
        let mut work = Work::take();
        work.reply.clear();
        let payload = answered.then_some(&payload);
        let meta = self.finish_meta(meta);
        W::encode_feedback(&mut work.reply, kind, payload, self.class_names(), &meta)?;
        Ok(work.finish())
    }

    /// Encodes a component's answer with its tags and metrics.
    fn encode(
        &self,
        kind: Kind,
        mut meta: Meta,
        answer: Answer,
        mut work: Box<Work>,
    ) -> Result<Finished, Error> {
        let payload = self.add_own(&mut meta, answer)?;
        self.encode_meta(meta, &mut work.meta);
        work.reply.clear();
        let Work { reply, meta, .. } = &mut *work;
        W::encode(reply, kind, &payload, self.class_names(), meta)?;
        Ok(work.finish())
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
            self.entry.requests.component(metric, method);
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
        W::encode_meta(out, &self.finish_meta(meta));
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
