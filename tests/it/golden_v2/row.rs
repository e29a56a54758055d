//! One recorded request of the Open Inference Protocol with its answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::grpc::Call;
use crate::support::http::Request;
use crate::support::proto;
use crate::support::workspace;

/// Headers that belong to the connection of the recording.
const OF_THE_CONNECTION: [&str; 5] =
    ["host", "content-length", "connection", "user-agent", "transfer-encoding"];

/// How many numbers the largest recorded tensor has; the recording only keeps its beginning.
const LARGE: usize = 2_000_000;

/// A line of `rest.jsonl`.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) name: String,
    pub(super) request: Request,
    pub(super) status: u16,
    /// The recorded body; none where only its length was kept.
    pub(super) body: Option<Vec<u8>>,
    /// The recorded headers, names in lower case.
    pub(super) headers: Vec<(String, String)>,
}

/// A line of `grpc.jsonl`.
#[derive(Debug)]
pub(super) struct Grpc {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) call: Call,
    pub(super) requests: Vec<Vec<u8>>,
    pub(super) code: String,
    pub(super) replies: Vec<Vec<u8>>,
}

impl Grpc {
    /// The model and the version that the call asks for.
    pub(super) fn target(&self) -> (Option<String>, Option<String>) {
        let name = proto::request_of(&self.path);
        let content = match (name, self.requests.last()) {
            (Some(name), Some(message)) => proto::try_decode(&name, message),
            _ => None,
        };
        let field = |names: [&str; 2]| {
            let content = content.as_ref()?;
            names.iter().find_map(|name| text(content, name))
        };
        (field(["model_name", "name"]), field(["model_version", "version"]))
    }
}

impl Rest {
    /// The value of a recorded header of the reply.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// All requests that were sent to this server over HTTP, in order.
pub(super) fn rest(server: &str) -> Vec<Rest> {
    lines(server, "rest", parse_rest)
}

/// All calls of this server, in order.
pub(super) fn grpc(server: &str) -> Vec<Grpc> {
    lines(server, "grpc", parse_grpc)
}

fn lines<T>(server: &str, transport: &str, parse: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    let path = workspace().join(format!("tests/golden/{server}/{transport}.jsonl"));
    let text = std::fs::read_to_string(path).expect("the recording can be read");
    let row = |line: &str| parse(&serde_json::from_str(line).ok()?);
    text.lines().map(|line| row(line).unwrap_or_else(|| panic!("no row: {line}"))).collect()
}

fn parse_rest(row: &Value) -> Option<Rest> {
    let (request, response) = (row.get("request")?, row.get("response")?);
    let headers = pairs(request.get("headers")?)?;
    let headers = headers.into_iter().filter(|(name, _)| {
        !OF_THE_CONNECTION.iter().any(|other| name.eq_ignore_ascii_case(other))
    });
    let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
    Some(Rest {
        name: text(row, "name")?,
        request: Request {
            method: text(request, "method")?,
            path: text(request, "path")?,
            headers: headers.collect(),
            body: match request.get("body")? {
                Value::Null => None,
                body if body.get("omitted").is_some() => Some(large_request()),
                body => Some(bytes(body)?),
            },
        },
        status: response.get("status")?.as_u64()?.try_into().ok()?,
        body: bytes(response.get("body")?),
        headers: pairs(response.get("headers")?)?.into_iter().map(lower).collect(),
    })
}

fn parse_grpc(row: &Value) -> Option<Grpc> {
    let (request, response) = (row.get("request")?, row.get("response")?);
    let path = text(row, "method")?;
    let name = text(row, "name")?;
    let call = if name == "gzip_request" { Call::new(&path).gzip() } else { Call::new(&path) };
    let metadata = pairs(request.get("metadata")?)?;
    Some(Grpc {
        call: metadata.iter().fold(call, |call, (key, value)| call.metadata(key, value)),
        requests: messages(request)?,
        code: text(response, "code")?,
        replies: messages(response)?,
        name,
        path,
    })
}

/// The one message of a unary call, or those of a stream.
fn messages(side: &Value) -> Option<Vec<Vec<u8>>> {
    if let Some(messages) = side.get("messages") {
        let each = messages.as_array()?.iter();
        return each.map(|message| STANDARD.decode(message.get("b64")?.as_str()?).ok()).collect();
    }
    let only = side.get("message_b64").and_then(Value::as_str);
    Some(only.map(|text| STANDARD.decode(text).expect("base64")).into_iter().collect())
}

fn bytes(body: &Value) -> Option<Vec<u8>> {
    match (body.get("text"), body.get("base64")) {
        (Some(text), _) => Some(text.as_str()?.as_bytes().to_vec()),
        (_, Some(text)) => STANDARD.decode(text.as_str()?).ok(),
        _ => None,
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    Some(value.get(name)?.as_str()?.to_owned())
}

fn pairs(value: &Value) -> Option<Vec<(String, String)>> {
    let pair =
        |pair: &Value| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.as_str()?.to_owned()));
    value.as_array()?.iter().map(pair).collect()
}

/// The request of ten megabytes, whose numbers are all alike.
fn large_request() -> Vec<u8> {
    let head = r#"{"id":"big","inputs":[{"name":"x","shape":[2000000],"datatype":"FP32","data":["#;
    let numbers = vec!["1.25"; LARGE].join(",");
    [head, &numbers, "]}]}"].concat().into_bytes()
}
