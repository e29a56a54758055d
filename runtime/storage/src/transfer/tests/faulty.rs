//! A store that does what it is told: some requests fail, bodies break off.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

/// What happens to one request.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The answer has this status.
    Status(u16),
    /// So many bytes come, then the connection breaks.
    Reset(usize),
    /// So many bytes come, then the body ends.
    Truncate(usize),
    /// So many bytes come, then nothing.
    Stall(usize),
    /// Some bytes more than there are.
    TooLong,
    /// The first byte is another one.
    Flip,
    /// Another ETag.
    Tag(&'static str),
    /// Another size.
    Size(u64),
    /// Nothing is there any more.
    Gone,
    /// What was listed is not what is there.
    Precondition,
}

/// Decides by the number of the request, the name, and where its range begins.
type Rule = dyn Fn(&Asked) -> Option<Fault> + Send + Sync;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) start: u64,
    pub(super) is_head: bool,
    pub(super) if_match: Option<String>,
}

pub(super) struct Faulty {
    inner: InMemory,
    rule: Box<Rule>,
    list_rule: Box<dyn Fn(usize) -> Option<Fault> + Send + Sync>,
    /// The ETag of all objects, if not the store's own.
    pub(super) tag: Option<String>,
    asked: Arc<Mutex<Vec<Asked>>>,
    listed: Mutex<usize>,
}

impl Faulty {
    pub(super) async fn new(
        objects: &[(&str, Vec<u8>)],
        rule: impl Fn(&Asked) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let inner = InMemory::new();
        for (name, bytes) in objects {
            let path = Path::parse(name).unwrap();
            inner.put(&path, PutPayload::from(bytes.clone())).await.unwrap();
        }
        Self {
            inner,
            rule: Box::new(rule),
            list_rule: Box::new(|_| None),
            tag: None,
            asked: Arc::default(),
            listed: Mutex::default(),
        }
    }

    pub(super) fn listing(
        mut self,
        rule: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        self.list_rule = Box::new(rule);
        self
    }

    pub(super) fn tagged(mut self, tag: &str) -> Self {
        self.tag = Some(tag.to_owned());
        self
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn note(&self, location: &Path, options: &GetOptions) -> Asked {
        let start = match &options.range {
            Some(object_store::GetRange::Bounded(range)) => range.start,
            Some(object_store::GetRange::Offset(start)) => *start,
            _ => 0,
        };
        let mut asked = self.asked.lock().unwrap();
        let new = Asked {
            number: asked.len(),
            name: location.to_string(),
            start,
            is_head: options.head,
            if_match: options.if_match.clone(),
        };
        asked.push(new.clone());
        new
    }
}

fn failed(fault: &Fault, path: &Path) -> Option<Error> {
    let path = path.to_string();
    let source = "as told".into();
    match fault {
        Fault::Status(403) => Some(Error::PermissionDenied { path, source }),
        Fault::Status(status) => {
            let source = format!("Server returned non-2xx status code: {status} : ").into();
            Some(Error::Generic { store: "faulty", source })
        }
        Fault::Gone => Some(Error::NotFound { path, source }),
        Fault::Precondition => Some(Error::Precondition { path, source }),
        _ => None,
    }
}

fn reset() -> Error {
    let source = Box::new(io::Error::new(io::ErrorKind::ConnectionReset, "as told"));
    Error::Generic { store: "faulty", source }
}

/// A body in pieces, which the fault ends.
fn body(bytes: &Bytes, fault: Option<&Fault>) -> BoxStream<'static, Result<Bytes>> {
    let (n_bytes, last) = match fault {
        Some(Fault::Reset(n_bytes)) => (*n_bytes, stream::iter([Err(reset())]).boxed()),
        Some(Fault::Truncate(n_bytes)) => (*n_bytes, stream::empty().boxed()),
        Some(Fault::Stall(n_bytes)) => (*n_bytes, stream::pending().boxed()),
        Some(Fault::TooLong) => {
            (bytes.len(), stream::iter([Ok(Bytes::from_static(b"more"))]).boxed())
        }
        _ => (bytes.len(), stream::empty().boxed()),
    };
    let mut sent = bytes.slice(..n_bytes.min(bytes.len())).to_vec();
    if let (Some(Fault::Flip), Some(first)) = (fault, sent.first_mut()) {
        *first ^= 1;
    }
    let pieces: Vec<_> = sent.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).chain(last).boxed()
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        at: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let asked = self.note(location, &options);
        let fault = (self.rule)(&asked);
        if let Some(error) = fault.as_ref().and_then(|fault| failed(fault, location)) {
            return Err(error);
        }
        let asked = GetOptions { if_match: None, ..options };
        let is_head = asked.head;
        let result = self.inner.get_opts(location, asked).await?;
        let (mut meta, range, attributes) =
            (result.meta.clone(), result.range.clone(), result.attributes.clone());
        if self.tag.is_some() {
            meta.e_tag.clone_from(&self.tag);
        }
        match &fault {
            Some(Fault::Tag(tag)) => meta.e_tag = Some((*tag).to_owned()),
            Some(Fault::Size(size)) => meta.size = *size,
            _ => {}
        }
        let bytes = if is_head { Bytes::new() } else { result.bytes().await? };
        let payload = GetResultPayload::Stream(body(&bytes, fault.as_ref()));
        Ok(GetResult {
            payload,
            meta,
            range,
            attributes,
            extensions: object_store::Extensions::default(),
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let number = {
            let mut listed = self.listed.lock().unwrap();
            *listed += 1;
            *listed - 1
        };
        let fault = (self.list_rule)(number);
        if let Some(error) = fault.and_then(|fault| failed(&fault, &Path::ROOT)) {
            return stream::iter([Err(error)]).boxed();
        }
        let tag = self.tag.clone();
        let tagged = move |mut meta: ObjectMeta| {
            meta.e_tag = tag.clone().or(meta.e_tag);
            meta
        };
        self.inner.list(prefix).map_ok(tagged).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
