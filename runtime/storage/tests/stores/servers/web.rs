//! A web server: files with ranges and tags as good servers have them, and worse ones.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;

use super::archive::tar_gz;
use super::{Key, Store, Variables};
use crate::files::Files;
use crate::http::{Connection, Head, Listening, listen};

/// The password of a page for few.
pub(crate) const PASSWORD: &str = "open-sesame";
/// What they send who know it: `user:open-sesame`.
const AUTHORIZATION: &str = "Basic dXNlcjpvcGVuLXNlc2FtZQ==";

/// What is at a path.
#[derive(Debug, Clone)]
pub(crate) enum Page {
    /// A file that can be asked for in parts, and whose tag changes with it.
    Ranged(Bytes),
    /// A file that comes whole or not at all.
    Plain(Bytes),
    /// Somewhere else.
    Moved(String),
    /// A file for the user `user` with the password.
    Private(Bytes),
}

type Pages = Arc<Mutex<BTreeMap<String, (usize, Page)>>>;

/// The server, while it runs.
#[derive(Debug)]
pub(crate) struct Web {
    pages: Pages,
    listening: Listening,
}

impl Web {
    /// Puts a page; `path` begins with a slash and has no characters that URLs escape.
    pub(crate) fn put(&self, path: &str, page: Page) {
        let mut pages = self.pages.lock().expect("no thread panicked with it");
        let version = pages.len() + pages.get(path).map_or(0, |(version, _)| *version) + 1;
        pages.insert(path.to_owned(), (version, page));
    }
}

impl Store for Web {
    async fn start() -> Option<Self> {
        let pages = Pages::default();
        let shared = Arc::clone(&pages);
        let listening = listen(move |client| answer(client, Arc::clone(&shared))).await;
        Some(Self { pages, listening })
    }

    fn address(&self) -> SocketAddr {
        self.listening.address
    }

    async fn put_folder(&self, place: &str, files: &Files) {
        self.put(&format!("/{place}"), Page::Ranged(tar_gz(files).into()));
    }

    async fn put_file(&self, place: &str, content: Bytes) {
        self.put(&format!("/{place}"), Page::Ranged(content));
    }

    fn uri(&self, at: SocketAddr, place: &str) -> String {
        format!("http://{at}/{place}")
    }

    fn env(&self, _at: SocketAddr, _key: Key) -> Variables {
        Vec::new()
    }
}

/// One request and its answer.
async fn answer(mut client: Connection, pages: Pages) -> io::Result<()> {
    let Some(request) = Head::read(&mut client).await? else { return Ok(()) };
    let path = request.word(1).split('?').next().unwrap_or_default();
    let page = pages.lock().expect("no thread panicked with it").get(path).cloned();
    let (head, body) = match page {
        None => (Head::answer(404), Bytes::new()),
        Some((_, Page::Moved(to))) => (Head::answer(302).with("location", to), Bytes::new()),
        Some((_, Page::Plain(content))) => (Head::answer(200), content),
        Some((_, Page::Private(content))) => match request.header("authorization") {
            Some(AUTHORIZATION) => (Head::answer(200), content),
            _ => (Head::answer(401).with("www-authenticate", "Basic"), Bytes::new()),
        },
        Some((version, Page::Ranged(content))) => part(&request, version, content),
    };
    let head = head.with("content-length", body.len()).with("connection", "close");
    head.write(&mut client).await?;
    if request.word(0) != "HEAD" {
        client.write_all(&body).await?;
    }
    client.shutdown().await
}

/// As much of a file as was asked for, if it is still the same file.
fn part(request: &Head, version: usize, content: Bytes) -> (Head, Bytes) {
    let tag = format!("\"v{version}\"");
    let tagged = |status| Head::answer(status).with("etag", &tag).with("accept-ranges", "bytes");
    if request.header("if-match").is_some_and(|wanted| wanted != tag) {
        return (tagged(412), Bytes::new());
    }
    let is_same = request.header("if-range").is_none_or(|wanted| wanted == tag);
    let range = request.header("range").filter(|_| is_same && request.word(0) == "GET");
    match range.map(|range| parse(range, content.len())) {
        None => (tagged(200), content),
        Some(None) => {
            let range = format!("bytes */{}", content.len());
            (tagged(416).with("content-range", range), Bytes::new())
        }
        Some(Some(range)) => {
            let told = format!("bytes {}-{}/{}", range.start, range.end - 1, content.len());
            (tagged(206).with("content-range", told), content.slice(range))
        }
    }
}

/// `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-COUNT`; `None` when nothing of that is there.
fn parse(range: &str, n_bytes: usize) -> Option<Range<usize>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => first..(last + 1).min(n_bytes),
        (Ok(first), Err(_)) => first..n_bytes,
        (Err(_), Ok(count)) => n_bytes.saturating_sub(count)..n_bytes,
        (Err(_), Err(_)) => return None,
    };
    (range.start < range.end).then_some(range)
}
