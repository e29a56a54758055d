//! Pushing: blobs first, then manifests, what refers to them, and tags last.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::anyhow;
use futures_util::{StreamExt, TryStreamExt, stream};
use radiant_contract::EnvSource;
use radiant_storage::oci::{self, Access, Digest, OciError, Purpose, Reference, Version};
use tracing::info;

use super::failure::failed;
use super::plan::{Part, Plan};
use super::report::{BlobReport, Report, Repository, Tag};
use super::watch::{Metered, Watch};
use super::{name, referrers};
use crate::error::Failure;
use crate::layout::{Descriptor, Layout};

/// How an image is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushOptions {
    /// How registries are reached, and as whom.
    pub access: Access,
    /// How many blobs go at once.
    pub parallel: usize,
    /// How much of a blob one request takes.
    pub chunk_bytes: u64,
    /// Repositories, of the registry that is pushed to, that may have some of the blobs.
    pub mount_from: Vec<String>,
}

impl Default for PushOptions {
    fn default() -> Self {
        let chunk_bytes = 16 << 20;
        Self { access: Access::default(), parallel: 4, chunk_bytes, mount_from: Vec::new() }
    }
}

/// Pushes an image of a layout under one or several names.
///
/// Each repository gets all blobs and manifests before any tag. What is there already is not sent
/// again, and what a repository of the same registry is known to have is taken over from there.
///
/// # Errors
/// The layout is not whole, a name is none, or the registry cannot be reached, refuses or fails for
/// longer than retries go on. Tags that were not written yet are as they were.
pub async fn push(
    (layout, root): (&Layout, &Descriptor),
    references: &[Reference],
    options: &PushOptions,
    env: &(dyn EnvSource + Sync),
    watch: &dyn Watch,
) -> Result<Report, Failure> {
    for reference in references {
        check(reference, root)?;
    }
    let (owned, of) = (layout.clone(), root.clone());
    let planned = tokio::task::spawn_blocking(move || Plan::of(&owned, &of)).await;
    let plan = planned.map_err(|error| Failure::from(anyhow!(error)))??;
    let mut repositories: Vec<Repository> = Vec::new();
    for group in groups(references) {
        let Some(first) = group.first() else { continue };
        let pushed = references.iter().filter(|it| {
            let is_done = repositories.iter().any(|done| done.name == name(it));
            is_done && it.registry() == first.registry()
        });
        let earlier: Vec<String> = pushed.map(|it| it.repository().to_owned()).collect();
        let target = Target::open(&plan, first, (earlier, options), env).await;
        let target = target.map_err(|error| failed(first.registry(), error))?;
        let done = target.push(&group, watch).await;
        repositories.push(done.map_err(|error| failed(first.registry(), error))?);
    }
    Ok(Report { digest: root.digest.clone(), repositories })
}

/// A digest in a name must be that of the image.
fn check(reference: &Reference, root: &Descriptor) -> Result<(), Failure> {
    match reference.version() {
        Version::Digest(digest) if *digest != root.digest => {
            let error =
                anyhow!("`{reference}`: expected digest `{}`, which the image has", root.digest);
            Err(Failure::usage(error).hint("give a tag: the digest follows from the image"))
        }
        Version::Digest(_) | Version::Tag(_) => Ok(()),
    }
}

/// Names by repository, in their order.
fn groups(references: &[Reference]) -> Vec<Vec<Reference>> {
    let mut groups: Vec<Vec<Reference>> = Vec::new();
    for reference in references {
        let group = groups
            .iter_mut()
            .find(|group| group.first().is_some_and(|first| name(first) == name(reference)));
        match group {
            Some(group) if group.contains(reference) => {}
            Some(group) => group.push(reference.clone()),
            None => groups.push(vec![reference.clone()]),
        }
    }
    groups
}

/// A repository that an image goes to.
struct Target<'a> {
    plan: &'a Plan,
    first: &'a Reference,
    options: &'a PushOptions,
    /// Repositories of the registry that have every blob, or may have some.
    mount_from: Vec<String>,
    repository: oci::Repository,
}

impl<'a> Target<'a> {
    async fn open(
        plan: &'a Plan,
        first: &'a Reference,
        (earlier, options): (Vec<String>, &'a PushOptions),
        env: &(dyn EnvSource + Sync),
    ) -> Result<Self, OciError> {
        let mut mount_from = earlier;
        mount_from.extend(options.mount_from.iter().cloned());
        let bases = plan.blobs.iter().filter_map(|part| part.base.as_ref());
        let bases: Vec<&Reference> =
            bases.filter(|base| base.registry() == first.registry()).collect();
        let mut scopes = mount_from.clone();
        scopes.extend(bases.iter().map(|base| base.repository().to_owned()));
        scopes.retain(|other| other != first.repository());
        mount_from.retain(|other| other != first.repository());
        scopes.sort();
        scopes.dedup();
        let purpose = Purpose::Push { mount_from: scopes };
        let repository = oci::Repository::open(first, purpose, &options.access, env).await?;
        Ok(Self { plan, first, options, mount_from, repository })
    }

    async fn push(&self, group: &[Reference], watch: &dyn Watch) -> Result<Repository, OciError> {
        let blobs = self.push_blobs(watch).await?;
        let Some((root, children)) = self.plan.documents.split_last() else {
            return Ok(self.report(None, blobs, Vec::new()));
        };
        for document in children.iter().chain([root]) {
            self.push_document(document).await?;
        }
        for referrer in &self.plan.referrers {
            let is_listed = self.push_document(&referrer.document).await?;
            if !is_listed {
                referrers::list(&self.repository, referrer).await?;
            }
        }
        let mut tags = Vec::new();
        for reference in group {
            watch.naming(reference);
            if let Version::Tag(tag) = reference.version() {
                let is_changed = self.push_tag(reference.version(), root).await?;
                info!(image = %reference, changed = is_changed, "tagged");
                tags.push(Tag { name: tag.clone(), is_changed });
            }
            watch.named(reference);
        }
        Ok(self.report(Some(&root.digest), blobs, tags))
    }

    async fn push_blobs(&self, watch: &dyn Watch) -> Result<Vec<BlobReport>, OciError> {
        let pushes = self.plan.blobs.iter().enumerate().map(|(idx, part)| async move {
            let watch = watch.begin(&part.blob);
            let meter = Arc::new(Metered(Arc::clone(&watch)));
            let from = self.mount_from(part);
            let bytes = self.options.chunk_bytes;
            let way = self.repository.push_blob(&part.blob, from.as_deref(), bytes, meter).await?;
            watch.end(way);
            let oci::Pushed { digest, bytes, what, .. } = part.blob.clone();
            Ok::<_, OciError>((idx, BlobReport { digest, bytes, what, way }))
        });
        let pushed = stream::iter(pushes).buffer_unordered(self.options.parallel.max(1));
        let pushed: BTreeMap<usize, BlobReport> = pushed.try_collect().await?;
        Ok(pushed.into_values().collect())
    }

    /// Where a blob may be already: one place is asked, as each that has none begins an upload.
    fn mount_from(&self, part: &Part) -> Option<String> {
        let base = part.base.as_ref().filter(|base| {
            base.registry() == self.first.registry() && base.repository() != self.first.repository()
        });
        self.mount_from.first().cloned().or_else(|| base.map(|it| it.repository().to_owned()))
    }

    /// Stores a manifest under its digest; says whether the registry lists it by its subject.
    async fn push_document(&self, document: &oci::NewDocument) -> Result<bool, OciError> {
        self.repository.push_document(&Version::Digest(document.digest.clone()), document).await
    }

    /// Lets a tag mean the image; says whether it did not before.
    async fn push_tag(&self, tag: &Version, root: &oci::NewDocument) -> Result<bool, OciError> {
        if self.repository.find(tag).await?.as_ref() == Some(&root.digest) {
            return Ok(false);
        }
        self.repository.push_document(tag, root).await?;
        Ok(true)
    }

    fn report(&self, root: Option<&Digest>, blobs: Vec<BlobReport>, tags: Vec<Tag>) -> Repository {
        let name = name(self.first);
        let sent = blobs.iter().filter(|blob| blob.way == oci::Way::Uploaded);
        let uploaded_bytes = sent.map(|blob| blob.bytes).sum();
        let reference = root.map_or_else(|| name.clone(), |digest| format!("{name}@{digest}"));
        let referrers = self.plan.referrers.iter().map(|it| it.document.digest.clone()).collect();
        Repository { name, reference, tags, blobs, referrers, uploaded_bytes }
    }
}
