//! What is asked of pods through the API server: their logs, and requests to their ports.

use std::time::Duration;

use anyhow::anyhow;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::Error;
use kube::api::LogParams;
use kube::client::Body;
use kube::core::{Request as Build, Status};

use super::{Asked, Cluster, refusal};
use crate::error::{Code, Failure};

/// How long a line of a log may be; what is longer comes as several.
const LINE_BYTES_MAX: usize = 256 << 10;
/// How large a refusal may be.
const REFUSAL_BYTES_MAX: usize = 64 << 10;
/// How large an answer of a pod may be.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Which lines of a container's log.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogRequest {
    /// The pod.
    pub(crate) pod: String,
    /// The container, or init container.
    pub(crate) container: String,
    /// Whether lines are awaited that are not there yet.
    pub(crate) is_following: bool,
    /// Whether the container that was there before the last restart is meant.
    pub(crate) is_previous: bool,
    /// How many of the last lines.
    pub(crate) tail: Option<u32>,
    /// How old lines may be.
    pub(crate) since: Option<Duration>,
    /// After when lines were written, to the second; over `since`.
    pub(crate) since_time: Option<Timestamp>,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    /// When it was written, as the node says it.
    pub(crate) at: Option<Timestamp>,
    /// What was written, without the end of the line.
    pub(crate) text: String,
}

/// The lines of a log, one by one.
pub(crate) struct LogLines {
    body: Body,
    /// What came and was not given yet.
    read: Vec<u8>,
    has_ended: bool,
}

/// A request to a port of a pod.
#[derive(Debug, Clone)]
pub(crate) struct PodRequest {
    /// The pod.
    pub(crate) pod: String,
    /// Its port, by number.
    pub(crate) port: u16,
    /// `GET` or `POST`.
    pub(crate) method: Method,
    /// The path with its query, from `/` on.
    pub(crate) path: String,
    /// Headers, such as the type of the body.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

/// What a pod answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Cluster {
    /// Opens the log of a container, each line with its time.
    ///
    /// # Errors
    /// When there is none yet, or it may not be read.
    pub(crate) async fn logs(&self, request: &LogRequest) -> Result<LogLines, Failure> {
        let mut asked = self.asked::<Pod>("get", Some(&request.pod));
        asked.resource.push_str("/log");
        let params = LogParams {
            container: Some(request.container.clone()),
            follow: request.is_following,
            previous: request.is_previous,
            tail_lines: request.tail.map(i64::from),
            since_seconds: request
                .since
                .map(|since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
            since_time: request.since_time,
            timestamps: true,
            ..LogParams::default()
        };
        let params = match params.since_time {
            Some(_) => LogParams { since_seconds: None, ..params },
            None => params,
        };
        let api = self.api::<Pod>(false);
        let body = self.ask(&asked, async || {
            let sent = Build::new(api.resource_url()).logs(&request.pod, &params);
            let sent = sent.map_err(Error::BuildRequest)?.map(Body::from);
            let answer = self.client.send(sent).await?;
            if answer.status().is_success() {
                Ok(answer.into_body())
            } else {
                Err(refused(answer).await)
            }
        });
        Ok(LogLines { body: body.await?, read: Vec::new(), has_ended: false })
    }

    /// The last lines of a container's log, without their times.
    ///
    /// # Errors
    /// As for [`Self::logs`].
    pub(crate) async fn last_lines(&self, request: &LogRequest) -> Result<Vec<String>, Failure> {
        let request = LogRequest { is_following: false, ..request.clone() };
        let mut lines = self.logs(&request).await?;
        let mut read = Vec::new();
        let limit = self.request_timeout;
        let reading = async {
            while let Some(line) = lines.next().await? {
                read.push(line.text);
            }
            Ok::<(), Failure>(())
        };
        // What came until then is better than nothing.
        if let Ok(result) = tokio::time::timeout(limit, reading).await {
            result?;
        }
        Ok(read)
    }

    /// Sends a request to a pod by way of the API server, once: it is not repeated whatever comes.
    ///
    /// Whatever the pod answers is an answer, also an error of its own.
    ///
    /// # Errors
    /// When the API server does not pass it on, or the answer is too large.
    pub(crate) async fn ask_pod(&self, request: &PodRequest) -> Result<Answer, Failure> {
        let mut asked = self.asked::<Pod>("get", Some(&request.pod));
        asked.resource.push_str("/proxy");
        if request.method != Method::GET {
            asked.verb = "create";
        }
        let PodRequest { pod, port, method, path, headers, body } = request.clone();
        let namespace = self.namespace();
        let uri = format!("/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{path}");
        let mut sent =
            Request::builder().method(method).uri(uri).body(Body::from(body.to_vec())).map_err(
                |error| Failure::usage(anyhow!(error).context(format!("cannot {asked}"))),
            )?;
        sent.headers_mut().extend(headers);
        let limit = self.request_timeout;
        let answer = tokio::time::timeout(limit, self.exchange(sent, &asked)).await;
        answer.map_err(|_| refusal::timed_out(&asked, self.place(), limit))?
    }

    async fn exchange(&self, sent: Request<Body>, asked: &Asked) -> Result<Answer, Failure> {
        let answer = self.client.send(sent).await.map_err(|error| self.explain(&error, asked))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| {
            let expected = if error.is::<LengthLimitError>() {
                format!("expected at most {ANSWER_BYTES_MAX} bytes")
            } else {
                error.to_string()
            };
            Failure::new(
                Code::Failed,
                anyhow!(expected).context(format!("cannot {asked}: its answer")),
            )
        })?;
        let answer =
            Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() };
        match answer.refusal() {
            Some(status) => Err(self.explain(&Error::Api(Box::new(status)), asked)),
            None => Ok(answer),
        }
    }
}

impl Answer {
    /// The API server's own refusal, where it is not the pod that answered.
    fn refusal(&self) -> Option<Status> {
        if self.status < 400 {
            return None;
        }
        let value: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let is_status = value.get("kind")? == "Status" && value.get("apiVersion")? == "v1";
        if is_status { serde_json::from_value(value).ok() } else { None }
    }
}

/// The refusal that an answer is; pages of proxies are no `Status`, and told as they are.
async fn refused(answer: http::Response<Body>) -> Error {
    let code = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), REFUSAL_BYTES_MAX).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let status = serde_json::from_slice::<Status>(&body).unwrap_or_else(|_| {
        Status::failure(String::from_utf8_lossy(&body).trim(), "").with_code(code)
    });
    Error::Api(status.boxed())
}

impl LogLines {
    /// The next line; none when there are no more.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn next(&mut self) -> Result<Option<LogLine>, Failure> {
        let mut n_seen = 0_usize;
        loop {
            let unseen = self.read.get(n_seen..).unwrap_or_default();
            if let Some(end) = unseen.iter().position(|byte| *byte == b'\n') {
                let rest = self.read.split_off(n_seen.saturating_add(end).saturating_add(1));
                let line = std::mem::replace(&mut self.read, rest);
                return Ok(Some(LogLine::read(line.strip_suffix(b"\n").unwrap_or(&line))));
            }
            if self.read.len() >= LINE_BYTES_MAX || self.has_ended {
                let rest = self.read.split_off(self.read.len().min(LINE_BYTES_MAX));
                let line = std::mem::replace(&mut self.read, rest);
                return Ok((!line.is_empty()).then(|| LogLine::read(&line)));
            }
            n_seen = self.read.len();
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    self.read.extend_from_slice(frame.data_ref().map_or(&[], |it| it));
                }
                Some(Err(error)) => {
                    let error = anyhow!(error.to_string()).context("the log has broken off");
                    return Err(Failure::new(Code::Unreachable, error));
                }
                None => self.has_ended = true,
            }
        }
    }
}

impl LogLine {
    /// Reads a line as the API server gives it with `timestamps=true`.
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches('\r');
        let (head, rest) = text.split_once(' ').unwrap_or((text, ""));
        match head.parse::<Timestamp>() {
            Ok(at) => Self { at: Some(at), text: rest.to_owned() },
            Err(_) => Self { at: None, text: text.to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &'static [u8]) -> Vec<String> {
        let mut lines =
            LogLines { body: Body::from(text.to_vec()), read: Vec::new(), has_ended: false };
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            read.push(line.text);
        }
        read
    }

    #[tokio::test]
    async fn lines_lose_their_times_and_empty_ones_stay() {
        let text = b"2026-01-01T00:00:00.5Z one\n2026-01-01T00:00:01Z \nno time\r\n\xff\nlast";
        assert_eq!(read(text).await, ["one", "", "no time", "\u{fffd}", "last"]);
        assert!(read(b"").await.is_empty());
    }

    #[tokio::test]
    async fn a_line_without_an_end_comes_in_pieces() {
        let text: &'static [u8] = vec![b'x'; LINE_BYTES_MAX * 2 + 5].leak();
        let lines = read(text).await;
        assert_eq!(lines.iter().map(String::len).sum::<usize>(), text.len());
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_refusal_of_the_api_server_is_told_from_an_error_of_the_pod() {
        let answer = |status, body: &'static str| Answer {
            status,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        };
        let own = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","code":404,"reason":"NotFound"}"#;
        assert!(answer(404, own).refusal().is_some());
        assert!(answer(200, own).refusal().is_none());
        for of_pod in
            [r#"{"status":{"code":-1,"info":"x"}}"#, "", "no JSON", r#"{"kind":"Status"}"#]
        {
            assert!(answer(500, of_pod).refusal().is_none(), "{of_pod}");
        }
    }
}
