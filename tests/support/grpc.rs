//! gRPC over HTTP/2 as frames: a client that sends what it is told, right or wrong.
//!
//! It knows no message: what goes in and comes out is bytes. Each client is one connection, which
//! moves only while a method of it or of its calls is being waited for.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::PATIENCE;

/// In front of each message: whether it is compressed, and its length.
const HEAD_BYTES: usize = 5;
/// What the server may send before it is told that it was read.
pub(crate) const WINDOW: u32 = 16 << 20;

/// A connection.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    runtime: Arc<Runtime>,
    connection: SendRequest<Bytes>,
}

/// What a call says before its messages.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    path: String,
    metadata: Vec<(String, String)>,
    is_compressed: bool,
}

/// What a call was answered with.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status code; none when the stream ended without one.
    pub(crate) code: Option<u32>,
    /// The status text.
    pub(crate) message: String,
    /// What came before the messages; of a failure without messages this holds the status, too.
    pub(crate) initial: HeaderMap,
    pub(crate) trailing: HeaderMap,
    /// The messages, unpacked.
    pub(crate) messages: Vec<Vec<u8>>,
    /// Why the stream broke, if it did.
    pub(crate) broken: Option<String>,
}

/// A call that is open.
#[derive(Debug)]
pub(crate) struct Stream {
    runtime: Arc<Runtime>,
    call: Call,
    sending: SendStream<Bytes>,
    receiving: Receiving,
    answer: Answer,
}

#[derive(Debug)]
enum Receiving {
    Headers(ResponseFuture),
    Messages { body: RecvStream, rest: BytesMut, ready: VecDeque<Vec<u8>> },
    Ended,
}

impl Call {
    /// A call of `/package.Service/Method`.
    pub(crate) fn new(path: &str) -> Self {
        Self { path: path.to_owned(), metadata: Vec::new(), is_compressed: false }
    }

    /// The same with one more entry of metadata.
    pub(crate) fn metadata(mut self, name: &str, value: &str) -> Self {
        self.metadata.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with messages in gzip, and replies in gzip welcome.
    pub(crate) fn gzip(mut self) -> Self {
        self.is_compressed = true;
        self.metadata("grpc-encoding", "gzip").metadata("grpc-accept-encoding", "gzip,identity")
    }

    /// What is sent before the messages.
    pub(crate) fn head(&self) -> http::Request<()> {
        let head = http::Request::post(format!("http://127.0.0.1{}", self.path))
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        let entries = self.metadata.iter();
        let head = entries.fold(head, |head, (name, value)| head.header(name, value));
        head.body(()).expect("the call is a request")
    }

    fn frame(&self, message: &[u8]) -> Bytes {
        if self.is_compressed { frame(true, &gzip(message)) } else { frame(false, message) }
    }
}

impl Client {
    /// A new connection to this port of 127.0.0.1.
    pub(crate) fn connect(port: u16) -> Self {
        Self::try_connect(port).unwrap_or_else(|error| panic!("port {port}: {error}"))
    }

    /// As [`connect`](Self::connect), where a refusal is expected.
    pub(crate) fn try_connect(port: u16) -> Result<Self, String> {
        Self::over(async move {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
    }

    /// A new connection over what `opening` opens.
    pub(crate) fn over<S>(opening: impl Future<Output = std::io::Result<S>>) -> Result<Self, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = Arc::new(runtime.expect("a runtime"));
        let connection = patiently(&runtime, async {
            let stream = opening.await.map_err(|error| error.to_string())?;
            let mut builder = h2::client::Builder::new();
            builder.initial_window_size(WINDOW).initial_connection_window_size(WINDOW);
            let opened = builder.handshake(stream).await;
            let (mut sender, connection) = opened.map_err(|error| error.to_string())?;
            // Ends with the connection; an error of it is one of its calls', too.
            drop(tokio::spawn(connection));
            std::future::poll_fn(|context| sender.poll_ready(context))
                .await
                .map_err(|error| error.to_string())?;
            Ok::<_, String>(sender)
        })?;
        Ok(Self { runtime, connection })
    }

    /// Calls a method with one message.
    pub(crate) fn unary(&mut self, path: &str, message: &[u8]) -> Answer {
        self.call(&Call::new(path), message)
    }

    /// Makes a call with one message.
    pub(crate) fn call(&mut self, call: &Call, message: &[u8]) -> Answer {
        let body = call.frame(message);
        self.raw(call, &body)
    }

    /// Makes a call with these bytes where its messages should be.
    pub(crate) fn raw(&mut self, call: &Call, body: &[u8]) -> Answer {
        let mut stream = self.open(call);
        stream.send_raw(body, true);
        stream.finish()
    }

    /// Opens a call.
    pub(crate) fn open(&mut self, call: &Call) -> Stream {
        self.try_open(call).unwrap_or_else(|error| panic!("{}: {error}", call.path))
    }

    /// As [`open`](Self::open), where the connection may have ended.
    pub(crate) fn try_open(&mut self, call: &Call) -> Result<Stream, h2::Error> {
        let connection = &mut self.connection;
        patiently(&self.runtime, std::future::poll_fn(|context| connection.poll_ready(context)))?;
        let (response, sending) =
            patiently(&self.runtime, async { connection.send_request(call.head(), false) })?;
        Ok(Stream {
            runtime: Arc::clone(&self.runtime),
            call: call.clone(),
            sending,
            receiving: Receiving::Headers(response),
            answer: Answer::new(),
        })
    }
}

impl Stream {
    /// Sends a message.
    pub(crate) fn send(&mut self, message: &[u8]) {
        let framed = self.call.frame(message);
        self.send_raw(&framed, false);
    }

    /// Sends bytes where a message should be; `is_last` says that nothing follows.
    pub(crate) fn send_raw(&mut self, bytes: &[u8], is_last: bool) {
        // A stream that the server has ended already takes nothing more, and says why when it is read.
        drop(self.sending.send_data(Bytes::copy_from_slice(bytes), is_last));
        self.flush();
    }

    /// Says that nothing follows.
    pub(crate) fn half_close(&mut self) {
        self.send_raw(b"", true);
    }

    /// Takes the call back.
    pub(crate) fn reset(mut self) {
        self.sending.send_reset(Reason::CANCEL);
        self.flush();
    }

    /// The next message; `None` when there will be none.
    pub(crate) fn receive(&mut self) -> Option<Vec<u8>> {
        let runtime = Arc::clone(&self.runtime);
        patiently(&runtime, self.next())
    }

    /// Reads to the end.
    pub(crate) fn finish(mut self) -> Answer {
        while let Some(message) = self.receive() {
            self.answer.messages.push(message);
        }
        self.answer
    }

    /// Lets the connection send what it was given.
    fn flush(&self) {
        patiently(&self.runtime, async {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        });
    }

    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let outcome = match &mut self.receiving {
                Receiving::Headers(response) => match response.await {
                    Ok(response) => {
                        let (parts, body) = response.into_parts();
                        assert_eq!(parts.status, 200, "gRPC is told by HTTP's 200");
                        self.answer.status(&parts.headers);
                        self.answer.initial = parts.headers;
                        let (rest, ready) = (BytesMut::new(), VecDeque::new());
                        self.receiving = Receiving::Messages { body, rest, ready };
                        Ok(true)
                    }
                    Err(error) => Err(error),
                },
                Receiving::Messages { body, rest, ready } => {
                    if let Some(message) = ready.pop_front() {
                        return Some(message);
                    }
                    fill(body, rest, ready, &mut self.answer).await
                }
                Receiving::Ended => return None,
            };
            match outcome {
                Ok(true) => {}
                Ok(false) => self.receiving = Receiving::Ended,
                Err(error) => {
                    self.answer.broken = Some(error.to_string());
                    self.receiving = Receiving::Ended;
                }
            }
        }
    }
}

/// Reads one chunk, or the trailers; whether there may be more.
pub(crate) async fn fill(
    body: &mut RecvStream,
    rest: &mut BytesMut,
    ready: &mut VecDeque<Vec<u8>>,
    answer: &mut Answer,
) -> Result<bool, h2::Error> {
    let Some(chunk) = body.data().await else {
        if let Some(trailers) = body.trailers().await? {
            answer.status(&trailers);
            answer.trailing = trailers;
        }
        assert!(rest.is_empty(), "the reply breaks off within a message");
        return Ok(false);
    };
    let chunk = chunk?;
    body.flow_control().release_capacity(chunk.len())?;
    rest.extend_from_slice(&chunk);
    while let Some(message) = take(rest) {
        ready.push_back(message);
    }
    Ok(true)
}

/// The first message, if all of it has come.
fn take(rest: &mut BytesMut) -> Option<Vec<u8>> {
    let head: [u8; HEAD_BYTES] = rest.get(..HEAD_BYTES)?.try_into().ok()?;
    let [flag, a, b, c, d] = head;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).expect("a length");
    if rest.len() < HEAD_BYTES + length {
        return None;
    }
    rest.advance(HEAD_BYTES);
    let message = rest.split_to(length);
    if flag == 0 {
        return Some(message.to_vec());
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(&*message).read_to_end(&mut unpacked).expect("the reply is gzip");
    Some(unpacked)
}

impl Answer {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            code: None,
            message: String::new(),
            initial: HeaderMap::new(),
            trailing: HeaderMap::new(),
            messages: Vec::new(),
            broken: None,
        }
    }

    /// Takes the status out of headers or trailers that have it.
    pub(crate) fn status(&mut self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(code) = text("grpc-status") {
            self.code = Some(code.parse().expect("a status is a number"));
            let message = text("grpc-message").unwrap_or_default();
            self.message = percent_encoding::percent_decode_str(message)
                .decode_utf8()
                .expect("a status text is UTF-8")
                .into_owned();
        }
    }

    /// The name of the status code.
    pub(crate) fn status_name(&self) -> &'static str {
        const NAMES: [&str; 17] = [
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED",
        ];
        let code = self.code.and_then(|code| usize::try_from(code).ok());
        code.and_then(|code| NAMES.get(code).copied()).unwrap_or("no status")
    }

    /// The one message of a call that went well.
    pub(crate) fn only(&self) -> &[u8] {
        let status = self.status_name();
        assert_eq!(status, "OK", "{} {:?}", self.message, self.broken);
        let [message] = &self.messages[..] else { panic!("{} messages", self.messages.len()) };
        message
    }

    /// An entry of the metadata, of either kind.
    pub(crate) fn metadata(&self, name: &str) -> Option<&str> {
        let found = self.initial.get(name).or_else(|| self.trailing.get(name));
        found.and_then(|value| value.to_str().ok())
    }
}

/// A message with its head.
pub(crate) fn frame(is_compressed: bool, message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(HEAD_BYTES + message.len());
    framed.put_u8(is_compressed.into());
    framed.put_u32(u32::try_from(message.len()).expect("a message is shorter than 4 GiB"));
    framed.put_slice(message);
    framed.freeze()
}

/// Bytes in gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}

/// Waits for `future` as long as any test waits.
fn patiently<T>(runtime: &Runtime, future: impl Future<Output = T>) -> T {
    runtime.block_on(async {
        timeout(PATIENCE, future).await.expect("the server answers, or says that it does not")
    })
}
