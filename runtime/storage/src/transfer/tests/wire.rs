//! The same over a socket: what failures of a real client look like.

use std::sync::{Arc, Mutex};

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ClientOptions, RetryConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::retry::Failure;
use super::*;

/// What was asked: the request line, and the range if there was one.
type Asked = Arc<Mutex<Vec<String>>>;

/// Answers each request, on a connection of its own, with what `answer` makes of it.
async fn serve(answer: impl Fn(usize, &str) -> Vec<u8> + Send + 'static) -> (AmazonS3, Asked) {
    // Another test may have done it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let request = head(&mut connection).await;
            let number = {
                let mut seen = seen.lock().unwrap();
                seen.push(request.clone());
                seen.len() - 1
            };
            connection.write_all(&answer(number, &request)).await.unwrap();
            connection.shutdown().await.ok();
        }
    });
    let store = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_bucket_name("bucket")
        .with_region("us-east-1")
        .with_skip_signature(true)
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .build()
        .unwrap();
    (store, asked)
}

/// Reads the head of a request.
async fn head(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(connection.read_u8().await.unwrap());
    }
    String::from_utf8(bytes).unwrap().to_lowercase()
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn error(status: &str, code: &str) -> Vec<u8> {
    let body = format!("<Error><Code>{code}</Code></Error>");
    answer(status, &format!("content-length: {}\r\n", body.len()), body.as_bytes())
}

#[tokio::test]
async fn statuses_are_read_from_what_the_client_says() {
    let cases = [
        ("503 Slow Down", 503, Failure::Passing),
        ("500 Internal Server Error", 500, Failure::Passing),
        ("429 Too Many Requests", 429, Failure::Passing),
        ("400 Bad Request", 400, Failure::Lasting),
        ("403 Forbidden", 403, Failure::Refusal),
    ];
    for (line, expected, failure) in cases {
        let (store, _) = serve(move |_, _| error(line, "Told")).await;
        let no_retries = Retries { max: 0, ..RETRIES };
        let wanted = Wanted::parse("m/").unwrap();
        let error = list(&store, &wanted, &LIMITS, &no_retries).await.unwrap_err();
        let TransferError::Store { source, .. } = error else { panic!("{error}") };
        assert_eq!(status(&source), Some(expected), "{source}");
        assert_eq!(Failure::of(&source), failure, "{source}");
    }
}

#[tokio::test]
async fn a_store_that_is_not_there_is_a_failure_that_may_pass() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (_, _) = serve(|_, _| Vec::new()).await;
    let store = AmazonS3Builder::new()
        .with_endpoint(format!("http://{address}"))
        .with_bucket_name("bucket")
        .with_skip_signature(true)
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .build()
        .unwrap();
    let wanted = Wanted::parse("m/").unwrap();
    let error = list(&store, &wanted, &LIMITS, &RETRIES).await.unwrap_err();
    assert!(matches!(error, TransferError::Store { attempts: 5, .. }), "{error}");
}

/// Answers as S3 does with an object that has no ETag; the first body breaks off.
fn object(content: &[u8], number: usize, request: &str) -> Vec<u8> {
    let common = "last-modified: Fri, 02 Jan 2026 03:04:05 GMT\r\n";
    let length = |n_bytes: usize| format!("content-length: {n_bytes}\r\n{common}");
    if request.contains("list-type=2") {
        let nothing = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
        return answer("200 OK", &format!("content-length: {}\r\n", nothing.len()), nothing);
    }
    if request.starts_with("head ") {
        return answer("200 OK", &length(content.len()), b"");
    }
    let range = request.lines().find_map(|line| line.strip_prefix("range: bytes="));
    let Some(range) = range else {
        let sent = if number == 2 { &content[..content.len() / 2] } else { content };
        return answer("200 OK", &length(content.len()), sent);
    };
    let (start, end) = range.trim().split_once('-').unwrap();
    let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
    let content_range = format!("content-range: bytes {start}-{end}/{}\r\n", content.len());
    let headers = format!("{}{content_range}", length(end + 1 - start));
    answer("206 Partial Content", &headers, &content[start..=end])
}

#[tokio::test]
async fn a_connection_that_breaks_in_mid_body_is_gone_on_with() {
    let content = bytes(200_000);
    let served = content.clone();
    let (store, asked) = serve(move |number, request| object(&served, number, request)).await;
    let wanted = Wanted::parse("m/model.bin").unwrap();
    let listing = list(&store, &wanted, &LIMITS, &RETRIES).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    download(&store, &listing, folder.path(), &OPTIONS, &Silent).await.unwrap();
    assert!(files(folder.path()).get("model.bin") == Some(&content));
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 4, "{asked:#?}");
    assert!(asked[3].contains("range: bytes=100000-199999\r\n"), "{}", asked[3]);
}
