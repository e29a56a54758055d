//! A file on the web as an object store that holds it alone, for the one engine that downloads.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::ready;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

use super::client::{Client, Failed};

/// The store.
#[derive(Debug)]
pub(super) struct Store {
    client: Client,
    location: Path,
}

impl Store {
    pub(super) fn new(client: Client, location: Path) -> Self {
        Self { client, location }
    }

    fn failed(&self, failed: Failed) -> Error {
        failed.into_store_error(self.location.as_ref())
    }

    async fn head(&self) -> Result<GetResult> {
        let answer = self.client.look().await.map_err(|failed| self.failed(failed))?;
        let meta = answer.meta(self.location.clone());
        Ok(result(meta, 0..0, stream::empty().boxed()))
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.client.address())
    }
}

#[async_trait]
impl ObjectStore for Store {
    async fn get_opts(&self, _location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            return self.head().await;
        }
        let range = match options.range {
            None => None,
            Some(GetRange::Bounded(range)) => Some(range),
            Some(GetRange::Offset(_) | GetRange::Suffix(_)) => return Err(unsupported("ranges")),
        };
        let asked = self.client.get(range.clone(), options.if_match.as_deref()).await;
        let (answer, body) = asked.map_err(|failed| self.failed(failed))?;
        let Some(bytes) = answer.bytes else {
            return Err(self.failed(Failed::Odd("the file without its size this time")));
        };
        let range = range.unwrap_or(0..bytes);
        let path = self.location.to_string();
        let body = body.map_err(move |failed| failed.into_store_error(&path)).boxed();
        let body = if answer.part_start.is_some() { body } else { cut(body, range.clone()) };
        Ok(result(answer.meta(self.location.clone()), range, body))
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(unsupported("writing"))
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(unsupported("writing"))
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        stream::once(ready(Err(unsupported("deleting")))).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::once(ready(Err(unsupported("listing")))).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(unsupported("listing"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(unsupported("copying"))
    }
}

fn result(
    meta: ObjectMeta,
    range: Range<u64>,
    body: BoxStream<'static, Result<Bytes>>,
) -> GetResult {
    GetResult {
        payload: GetResultPayload::Stream(body),
        meta,
        range,
        attributes: Attributes::default(),
        extensions: object_store::Extensions::default(),
    }
}

fn unsupported(what: &str) -> Error {
    Error::NotSupported { source: format!("{what} on the web").into() }
}

/// The part of a whole file that was asked for.
fn cut(
    body: BoxStream<'static, Result<Bytes>>,
    range: Range<u64>,
) -> BoxStream<'static, Result<Bytes>> {
    let cut = body.scan(0_u64, move |at, chunk| {
        let next = chunk.map(|chunk| {
            let start = clamp(range.start, *at, &chunk);
            let end = clamp(range.end, *at, &chunk);
            *at = at.saturating_add(chunk.len() as u64);
            chunk.slice(start..end.max(start))
        });
        ready(Some(next))
    });
    cut.try_filter(|chunk| ready(!chunk.is_empty())).boxed()
}

/// Where a position in the file is in a chunk that begins at `at`, or its nearer end.
fn clamp(position: u64, at: u64, chunk: &Bytes) -> usize {
    usize::try_from(position.saturating_sub(at)).unwrap_or(usize::MAX).min(chunk.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_of_a_whole_file_is_cut_out() {
        let chunks = ["", "ab", "cde", "f", "ghij"];
        for (range, expected) in
            [(0..10, "abcdefghij"), (0..1, "a"), (3..7, "defg"), (9..10, "j"), (2..5, "cde")]
        {
            let body = stream::iter(chunks.map(|chunk| Ok(Bytes::from(chunk)))).boxed();
            let parts: Vec<Bytes> = cut(body, range.clone()).try_collect().await.unwrap();
            assert_eq!(parts.concat(), expected.as_bytes(), "{range:?}");
        }
    }
}
