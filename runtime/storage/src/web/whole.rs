//! Downloads a file in one piece, and again from the start if it breaks off: one whose size its
//! server does not tell, or of which no change could be seen between two parts.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use tracing::warn;

use super::client::Failed;
use super::place::blocking;
use super::{Resource, WebError};
use crate::Report;
use crate::progress::Progress;
use crate::staging::write_error;
use crate::transfer::{TransferError, Tries};

/// What is collected before it is written.
const BUFFER_BYTES: usize = 512 << 10;

/// Why one attempt failed.
enum Stopped {
    /// The server or the network.
    Failed(Failed),
    /// Something that will be the same next time.
    End(WebError),
}

impl From<WebError> for Stopped {
    fn from(error: WebError) -> Self {
        Self::End(error)
    }
}

/// Downloads the file to a path.
pub(super) async fn download(
    resource: &Resource,
    to: &Path,
    progress: &dyn Progress,
) -> Result<(), WebError> {
    resource.check_limit(resource.answer.bytes.unwrap_or_default())?;
    progress.listed(1, resource.answer.bytes.unwrap_or_default());
    let mut tries = Tries::new(resource.options.transfer.retries);
    let mut told = 0;
    loop {
        let mut bytes = 0;
        let mut tell = |bytes: u64| {
            // What comes again is told once.
            progress.received(bytes.saturating_sub(told));
            told = told.max(bytes);
        };
        let failed = match attempt(resource, to, &mut tell, &mut bytes).await {
            Ok(()) => {
                progress.finished(&Report { files: 1, bytes });
                return Ok(());
            }
            Err(Stopped::End(error)) => return Err(error),
            Err(Stopped::Failed(failed)) => failed,
        };
        let address = resource.client.address();
        let Some(wait) = tries.after(failed.failure()) else {
            return Err(match failed.into_error(tries.count()) {
                WebError::Unreachable { reason, attempts } if bytes > 0 => {
                    WebError::Broken { bytes, reason, attempts }
                }
                error => error,
            });
        };
        warn!(%address, bytes, attempt = tries.count(), "download broke off");
        tokio::time::sleep(wait).await;
    }
}

/// Downloads from the start. Whatever the outcome, `bytes` is what came.
async fn attempt(
    resource: &Resource,
    to: &Path,
    tell: &mut (dyn FnMut(u64) + Send),
    bytes: &mut u64,
) -> Result<(), Stopped> {
    let (answer, mut body) = resource.client.get(None, None).await.map_err(Stopped::Failed)?;
    let tags = answer.e_tag.as_ref().zip(resource.answer.e_tag.as_ref());
    if tags.is_some_and(|(sent, found)| sent != found) {
        let (name, what) = (resource.name.clone(), "it was written again");
        return Err(WebError::from(TransferError::Changed { name, what }).into());
    }
    let path = to.to_owned();
    let made = blocking(move || Ok(File::create(&path).map_err(write_error(&path))?)).await?;
    let mut sink = Sink { file: Some(made), path: to.to_owned(), pending: Vec::new() };
    while let Some(chunk) = body.try_next().await.map_err(Stopped::Failed)? {
        *bytes = bytes.saturating_add(chunk.len() as u64);
        resource.check_limit(*bytes)?;
        sink.pending.extend_from_slice(&chunk);
        if sink.pending.len() >= BUFFER_BYTES {
            sink.flush().await?;
        }
        tell(*bytes);
    }
    Ok(sink.finish().await?)
}

/// Collects bytes and writes them where that may block.
struct Sink {
    /// Away only while it is written to.
    file: Option<File>,
    path: PathBuf,
    pending: Vec<u8>,
}

impl Sink {
    async fn flush(&mut self) -> Result<(), WebError> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let (path, pending) = (self.path.clone(), std::mem::take(&mut self.pending));
        let written = blocking(move || {
            file.write_all(&pending).map_err(write_error(&path))?;
            Ok(file)
        });
        self.file = Some(written.await?);
        Ok(())
    }

    async fn finish(mut self) -> Result<(), WebError> {
        self.flush().await?;
        let Some(file) = self.file else { return Ok(()) };
        let path = self.path;
        blocking(move || Ok(file.sync_data().map_err(write_error(&path))?)).await
    }
}
