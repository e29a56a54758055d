//! All objects of a listing into a folder.

use std::fs::File;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, FuturesUnordered};
use futures_util::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use tokio::sync::Semaphore;
use tracing::debug;

use super::listing::head;
use super::range::Route;
use super::{Item, Listing, Options, TransferError, checksum};
use crate::Report;
use crate::progress::Progress;
use crate::staging::{Staging, WriteError, check_room, write_error};

/// The number of ranges that an object is cut into at most.
const RANGES_MAX: u64 = 256;

/// Downloads what was listed into a folder, which is made if it is not there. Files there that have
/// one of the names are replaced, others stay.
///
/// # Errors
/// [`TransferError`]: the store refuses or breaks off again and again, an object is not what was
/// listed any more, or the folder cannot be written. Then nothing in the folder has changed, unless
/// moving the whole files to their places failed.
pub async fn download(
    store: &dyn ObjectStore,
    listing: &Listing,
    folder: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, TransferError> {
    progress.listed(listing.files(), listing.bytes());
    let (target, bytes) = (folder.to_owned(), listing.bytes());
    let staging = blocking(folder, move || {
        let staging = Staging::open(&target)?;
        check_room(&target, bytes).map(|()| staging)
    })
    .await?;
    let parallel = options.parallel.max(1);
    let download = Download {
        store,
        options,
        progress,
        staging: Arc::new(staging),
        permits: Semaphore::new(parallel),
        tags_are_md5s: AtomicBool::new(true),
    };
    let names = download.files(listing.items(), parallel).await?;
    let report = Report { files: names.len() as u64, bytes };
    let staging = Arc::clone(&download.staging);
    blocking(folder, move || staging.publish(&names)).await?;
    progress.finished(&report);
    Ok(report)
}

struct Download<'a> {
    store: &'a dyn ObjectStore,
    options: &'a Options,
    progress: &'a dyn Progress,
    staging: Arc<Staging>,
    /// One for each range in flight.
    permits: Semaphore,
    /// Until one is seen that is not.
    tags_are_md5s: AtomicBool,
}

impl Download<'_> {
    /// Downloads all objects, several at a time, and tells the names of their files.
    async fn files(&self, items: &[Item], parallel: usize) -> Result<Vec<PathBuf>, TransferError> {
        let mut names = Vec::with_capacity(items.len());
        let mut waiting = items.iter();
        let mut running = FuturesUnordered::new();
        loop {
            running.extend(
                waiting.by_ref().take(parallel - running.len()).map(|item| self.file(item)),
            );
            let Some(done) = running.next().await else { return Ok(names) };
            names.extend(done?);
        }
    }

    /// Downloads one object, and tells the name of its file if there is one.
    async fn file(&self, item: &Item) -> Result<Option<PathBuf>, TransferError> {
        let (name, bytes) = (PathBuf::from(&item.name), item.object.size);
        if bytes == 0 && self.is_marker(item).await? {
            return Ok(None);
        }
        let path = self.staging.path(&name);
        let staging = Arc::clone(&self.staging);
        let made = name.clone();
        let file = Arc::new(blocking(&path, move || staging.create(&made, bytes)).await?);
        let route = Route {
            store: self.store,
            options: self.options,
            progress: self.progress,
            item,
            file: &file,
            path: &path,
        };
        self.contents(route).await?;
        let synced = Arc::clone(&file);
        let to = path.clone();
        blocking(&path, move || synced.sync_data().map_err(write_error(&to))).await?;
        Ok(Some(name))
    }

    /// Whether an empty object is only how a folder is noted: `a/`, listed as `a`, which is not there.
    async fn is_marker(&self, item: &Item) -> Result<bool, TransferError> {
        let _permit = self.permits.acquire().await.ok();
        match head(self.store, &item.object.location, &self.options.retries).await {
            Ok(_) => Ok(false),
            Err((object_store::Error::NotFound { .. }, _)) => Ok(true),
            Err((source, attempts)) => {
                let name = item.object.location.to_string();
                Err(TransferError::Store { action: "read", name, attempts, source })
            }
        }
    }

    /// Downloads what an object holds, a second time if its checksum is not what it should be.
    async fn contents(&self, route: Route<'_>) -> Result<(), TransferError> {
        self.ranges(route).await?;
        let Some(expected) = route.item.object.e_tag.as_deref().and_then(checksum::expected) else {
            return Ok(());
        };
        if !self.tags_are_md5s.load(Ordering::Relaxed) {
            return Ok(());
        }
        let first = md5_of(route).await?;
        if first == expected {
            return Ok(());
        }
        let object = route.item.object.location.as_ref();
        debug!(object, expected, got = first, "checksum differs, downloading once more");
        self.ranges(route).await?;
        let second = md5_of(route).await?;
        if second == first {
            debug!(object, "etag is no checksum: the same bytes came twice");
            self.tags_are_md5s.store(false, Ordering::Relaxed);
            return Ok(());
        }
        if second == expected {
            return Ok(());
        }
        let (name, expected) = (object.to_owned(), expected.to_owned());
        Err(TransferError::Checksum { name, kind: "MD5", expected, got: second })
    }

    async fn ranges(&self, route: Route<'_>) -> Result<(), TransferError> {
        let ranges = cut(route.item.object.size, self.options.range_bytes);
        let fetched = ranges.map(|range| self.one_range(route, range));
        stream::iter(fetched).buffer_unordered(self.options.parallel.max(1)).try_collect().await
    }

    async fn one_range(&self, route: Route<'_>, range: Range<u64>) -> Result<(), TransferError> {
        // Nobody closes it, so there is always one to come.
        let _permit = self.permits.acquire().await.ok();
        route.fetch(range.clone()).await?;
        begin_writing(Arc::clone(route.file), range);
        Ok(())
    }
}

/// Has the system begin to write what came to the disk, so that little is left to wait for when all is
/// there.
fn begin_writing(file: Arc<File>, range: Range<u64>) {
    #[cfg(target_os = "linux")]
    tokio::task::spawn_blocking(move || {
        let bytes = std::num::NonZeroU64::new(range.end.saturating_sub(range.start));
        // Pages that are not written yet stay; that they are to be let go begins their writing. What
        // this does not do, syncing does.
        rustix::fs::fadvise(&file, range.start, bytes, rustix::fs::Advice::DontNeed).ok();
    });
    #[cfg(not(target_os = "linux"))]
    drop((file, range));
}

async fn md5_of(route: Route<'_>) -> Result<String, TransferError> {
    let file: Arc<File> = Arc::clone(route.file);
    let path = route.path.to_owned();
    let hashed = blocking(route.path, move || checksum::of(&file).map_err(write_error(&path)));
    hashed.await.map_err(TransferError::from)
}

/// Runs what blocks on a thread that may.
fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, WriteError> + Send + 'static,
) -> impl Future<Output = Result<T, WriteError>> {
    let task = tokio::task::spawn_blocking(work);
    async move {
        match task.await {
            Ok(done) => done,
            // The runtime ends, or the work panicked.
            Err(error) => Err(write_error(path)(io::Error::other(error))),
        }
    }
}

/// Cuts an object into ranges of nearly the same size.
fn cut(bytes: u64, range_bytes: u64) -> impl Iterator<Item = Range<u64>> {
    let n_ranges = bytes.div_ceil(range_bytes.max(1)).clamp(1, RANGES_MAX);
    let step = bytes.div_ceil(n_ranges).max(1);
    (0..n_ranges)
        .map(move |idx| (idx * step).min(bytes)..((idx + 1) * step).min(bytes))
        .filter(|range| !range.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_an_object_once_and_in_order() {
        for (bytes, range_bytes, n_ranges) in [
            (0, 8, 0),
            (1, 8, 1),
            (8, 8, 1),
            (9, 8, 2),
            (17, 8, 3),
            (10_000, 1, 250),
            (10_000_000_000, 8 << 20, 256),
            (5, 0, 5),
            (7, u64::MAX, 1),
        ] {
            let ranges: Vec<Range<u64>> = cut(bytes, range_bytes).collect();
            assert_eq!(ranges.len(), n_ranges, "{bytes} by {range_bytes}");
            let end = ranges.iter().fold(0, |end, range| {
                assert_eq!(range.start, end);
                range.end
            });
            assert_eq!(end, bytes);
        }
    }
}
