//! A deployment by gRPC: requests and answers stay JSON, and go as messages.

mod messages;
mod seldon;
mod v2;

use anyhow::anyhow;
use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HOST, TE};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use prost::Message;
use serde_json::{Value, json};

use self::messages::{InferResponse, SeldonMessage};
use super::caller::REPLY_BYTES_MAX;
use super::link::{Link, Terms};
use super::{Call, Caller, Reply, Served};
use crate::config::Protocol;
use crate::error::{Code, Failure};

/// How many bytes stand before each message: whether it is packed, and its length.
const PREFIX_BYTES: usize = 5;

/// A deployment by gRPC, with a connection that stays.
#[derive(Debug)]
pub(crate) struct Grpc {
    link: Link,
    protocol: Protocol,
    model: String,
    /// By which an ingress knows whose calls they are.
    route: HeaderMap,
}

impl Grpc {
    /// The server at this address, whose path says nothing to gRPC.
    ///
    /// # Errors
    /// When the address is none, or the protocol has no gRPC here.
    pub(crate) fn new(
        address: &str,
        terms: Terms<'_>,
        served: &Served,
        route: &[(&'static str, String)],
    ) -> Result<Self, Failure> {
        method(served.protocol)?;
        let mut headers = HeaderMap::new();
        for (name, value) in route {
            let value = HeaderValue::from_str(value);
            let value = value.map_err(|_| Failure::usage(anyhow!("`{name}`: expected a name")))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let (protocol, model) = (served.protocol, served.model.clone());
        Ok(Self { link: Link::http2(address, terms)?, protocol, model, route: headers })
    }

    /// The message of a request's JSON.
    fn encode(&self, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let json: Value = serde_json::from_slice(body).map_err(|_| {
            Failure::usage(anyhow!("`--data`: expected JSON, which gRPC needs too"))
        })?;
        Ok(match self.protocol {
            Protocol::V2 => v2::request(&json, &self.model)?.encode_to_vec(),
            Protocol::Seldon | Protocol::Tensorflow => seldon::request(&json)?.encode_to_vec(),
        })
    }

    /// The JSON of an answer's message.
    fn decode(&self, message: &[u8]) -> Result<Value, Failure> {
        match self.protocol {
            Protocol::V2 => v2::reply(read::<InferResponse>(message)?),
            Protocol::Seldon | Protocol::Tensorflow => {
                Ok(seldon::reply(read::<SeldonMessage>(message)?))
            }
        }
    }

    fn reply(&self, head: HeaderMap, body: &[u8], trailers: &HeaderMap) -> Result<Reply, Failure> {
        let of = |name: &str| trailers.get(name).or_else(|| head.get(name))?.to_str().ok();
        let code: u16 = of("grpc-status").and_then(|code| code.parse().ok()).unwrap_or(2);
        let (status, value) = if code == 0 {
            (200, self.decode(message(body)?)?)
        } else {
            let said = unescaped(of("grpc-message").unwrap_or_default());
            (status(code), json!({"grpcStatus": code, "message": said}))
        };
        Ok(Reply { status, headers: head, body: Bytes::from(value.to_string()) })
    }
}

impl Caller for Grpc {
    fn shown(&self) -> String {
        self.link.shown()
    }

    async fn call(&self, call: &Call) -> Result<Reply, Failure> {
        let mut headers = call.headers.clone();
        headers.remove(HOST);
        headers.extend(self.route.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        let body = framed(&self.encode(&call.body)?)?;
        let response = self.link.post(method(self.protocol)?, headers, body).await?;
        let (head, body) = http::Response::from(response).into_parts();
        let body = Limited::new(body, REPLY_BYTES_MAX).collect().await.map_err(|error| {
            match error.downcast::<reqwest::Error>() {
                Ok(error) => self.link.failed(*error),
                Err(error) if error.is::<LengthLimitError>() => self.link.too_long(REPLY_BYTES_MAX),
                Err(error) => Failure::new(Code::Failed, anyhow!("{error}")),
            }
        })?;
        let trailers = body.trailers().cloned().unwrap_or_default();
        let is_grpc =
            trailers.contains_key("grpc-status") || head.headers.contains_key("grpc-status");
        if !is_grpc {
            // Something before the server has answered.
            let status = if head.status.is_success() { 502 } else { head.status.as_u16() };
            return Ok(Reply { status, headers: head.headers, body: body.to_bytes() });
        }
        self.reply(head.headers, &body.to_bytes(), &trailers)
    }
}

/// The method that predicts.
///
/// # Errors
/// When the protocol has none here.
pub(crate) fn method(protocol: Protocol) -> Result<&'static str, Failure> {
    match protocol {
        Protocol::Seldon => Ok("/seldon.protos.Seldon/Predict"),
        Protocol::V2 => Ok("/inference.GRPCInferenceService/ModelInfer"),
        Protocol::Tensorflow => {
            let error = anyhow!("expected protocol `seldon` or `v2` by gRPC, got `tensorflow`");
            Err(Failure::usage(error).hint("ask it by REST: `--protocol tensorflow`"))
        }
    }
}

/// A message as it goes over the wire.
fn framed(message: &[u8]) -> Result<Bytes, Failure> {
    let length = u32::try_from(message.len());
    let length =
        length.map_err(|_| Failure::usage(anyhow!("`--data`: expected less than 4 GiB")))?;
    let mut framed = BytesMut::with_capacity(message.len().saturating_add(PREFIX_BYTES));
    framed.put_u8(0);
    framed.put_u32(length);
    framed.extend_from_slice(message);
    Ok(framed.freeze())
}

/// The only message of an answer.
fn message(body: &[u8]) -> Result<&[u8], Failure> {
    let wrong = |got: &str| {
        Failure::new(Code::Failed, anyhow!("the answer: expected one message of gRPC, got {got}"))
    };
    let (prefix, message) =
        body.split_first_chunk::<PREFIX_BYTES>().ok_or_else(|| wrong("nothing"))?;
    let [is_packed, length @ ..] = *prefix;
    match usize::try_from(u32::from_be_bytes(length)) {
        _ if is_packed != 0 => Err(wrong("a packed one")),
        Ok(length) if length == message.len() => Ok(message),
        _ => Err(wrong("another length")),
    }
}

fn read<M: Message + Default>(message: &[u8]) -> Result<M, Failure> {
    M::decode(message).map_err(|error| {
        Failure::new(
            Code::Failed,
            anyhow!(error).context("the answer is no message of a prediction"),
        )
    })
}

/// The status of HTTP that means the same as one of gRPC.
const fn status(code: u16) -> u16 {
    match code {
        3 | 9 | 11 => 400,
        16 => 401,
        7 => 403,
        5 | 12 => 404,
        8 => 429,
        14 => 503,
        4 => 504,
        _ => 500,
    }
}

/// A text whose other bytes are written as `%` and two digits.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let byte = digits.filter(|_| first == b'%').and_then(|it| u8::from_str_radix(it, 16).ok());
        let skipped = if byte.is_some() { 2 } else { 0 };
        bytes.push(byte.unwrap_or(first));
        rest = after.get(skipped..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
