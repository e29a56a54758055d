//! Objects of any kind: reading them all, applying, changing and deleting them.

use std::fmt::Debug;

use anyhow::anyhow;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions,
    PropagationPolicy,
};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Error, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Asked, Cluster, refusal};
use crate::error::{Code, Failure};

/// How many objects one answer to a list holds; there are as many answers as it takes.
const PAGE: u32 = 500;

/// Objects in namespaces, of a kind that is known when this is compiled.
pub(crate) trait Namespaced:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}

impl<K> Namespaced for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

/// Which objects a list or watch is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selected {
    /// A selector of labels.
    pub(crate) labels: Option<String>,
    /// A selector of fields, of the few that the kind has.
    pub(crate) fields: Option<String>,
    /// Whether objects of all namespaces are meant.
    pub(crate) is_everywhere: bool,
}

impl Selected {
    /// Those with these labels, in the namespace.
    pub(crate) fn labels(selector: impl Into<String>) -> Self {
        Self { labels: Some(selector.into()), ..Self::default() }
    }
}

/// How something is applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Apply {
    /// Whether fields of others become ours.
    pub(crate) is_forced: bool,
    /// Whether it is only tried.
    pub(crate) is_dry_run: bool,
}

/// What happens to what an object owns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Cascade {
    /// It is deleted after the object.
    #[default]
    Background,
    /// It is deleted before the object.
    Foreground,
    /// It stays.
    Orphan,
}

/// How something is deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// What happens to what it owns.
    pub(crate) cascade: Cascade,
    /// How long its pods may take, instead of as long as they say.
    pub(crate) grace_s: Option<u32>,
    /// The object must still be this one, and none of the same name.
    pub(crate) uid: Option<String>,
}

impl Cluster {
    /// Reads an object.
    ///
    /// # Errors
    /// When it is not there, or may not be read.
    pub(crate) async fn get<K: Namespaced>(&self, name: &str) -> Result<K, Failure> {
        let asked = self.asked::<K>("get", Some(name));
        let api = self.api::<K>(false);
        let failure = match self.try_ask(&asked, || api.get(name)).await? {
            Ok(object) => return Ok(object),
            Err(error) => self.explain(&error, &asked),
        };
        // An object of a namespace that is missing is only said to be missing itself.
        match failure.code() {
            Some(Code::NotFound) if self.lacks_namespace().await => {
                Err(refusal::no_namespace(self.namespace()))
            }
            _ => Err(failure),
        }
    }

    /// Reads an object that may be missing.
    ///
    /// # Errors
    /// When it may not be read, or its kind is not known.
    pub(crate) async fn find<K: Namespaced>(&self, name: &str) -> Result<Option<K>, Failure> {
        let asked = self.asked::<K>("get", Some(name));
        let api = self.api::<K>(false);
        found(self, &asked, self.try_ask(&asked, || api.get(name)).await?)
    }

    /// Reads an object that is in no namespace, and may be missing.
    ///
    /// # Errors
    /// When it may not be read, or its kind is not known.
    pub(crate) async fn find_global<K>(&self, name: &str) -> Result<Option<K>, Failure>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope>
            + Clone
            + Debug
            + DeserializeOwned,
    {
        let asked = Asked { namespace: None, ..self.asked::<K>("get", Some(name)) };
        let api = Api::<K>::all(self.client.clone());
        found(self, &asked, self.try_ask(&asked, || api.get(name)).await?)
    }

    /// Whether the namespace is known to be missing; one that may not be read may be there.
    async fn lacks_namespace(&self) -> bool {
        matches!(self.find_global::<Namespace>(self.namespace()).await, Ok(None))
    }

    /// Lists objects, all of them however many answers that takes.
    ///
    /// # Errors
    /// When they may not be listed, or their kind is not known.
    pub(crate) async fn list<K: Namespaced>(&self, which: &Selected) -> Result<Vec<K>, Failure> {
        let mut asked = self.asked::<K>("list", None);
        if which.is_everywhere {
            asked.namespace = None;
        }
        let api = self.api::<K>(which.is_everywhere);
        let mut params = ListParams {
            label_selector: which.labels.clone(),
            field_selector: which.fields.clone(),
            limit: Some(PAGE),
            ..ListParams::default()
        };
        let mut items = Vec::new();
        loop {
            let page = match self.try_ask(&asked, || api.list(&params)).await? {
                Ok(page) => page,
                // What follows is as of too long ago: all at once, then.
                Err(Error::Api(status)) if status.code == 410 && params.limit.is_some() => {
                    items.clear();
                    (params.limit, params.continue_token) = (None, None);
                    continue;
                }
                Err(error) => return Err(self.explain(&error, &asked)),
            };
            items.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params.continue_token = Some(token),
                None => return Ok(items),
            }
        }
    }

    /// Applies an object on the server: what it says becomes ours, what it does not say stays as others
    /// want it. Gives the object as it is afterwards.
    ///
    /// Fields that we have changed otherwise, as `scale` does, are ours still and taken back.
    ///
    /// # Errors
    /// When it is refused, or a field is somebody else's.
    pub(crate) async fn apply(&self, object: &Value, how: Apply) -> Result<Value, Failure> {
        let (api, asked) = self.api_of(object, "patch")?;
        let name = asked.name.clone().unwrap_or_default();
        let mut params = PatchParams::apply(&self.manager).validation_strict();
        (params.force, params.dry_run) = (how.is_forced, how.is_dry_run);
        let patch = Patch::Apply(object);
        let mut result = self.try_ask(&asked, || api.patch(&name, &params, &patch)).await?;
        if let Err(Error::Api(status)) = &result {
            let conflicts = refusal::conflicts(status);
            if !conflicts.is_empty() && conflicts.iter().all(|it| it.manager == self.manager) {
                params.force = true;
                result = self.try_ask(&asked, || api.patch(&name, &params, &patch)).await?;
            }
        }
        let applied = result.map_err(|error| self.explain(&error, &asked))?;
        Ok(serde_json::to_value(applied).map_err(anyhow::Error::from)?)
    }

    /// Makes an object that must not be there yet. Gives it as it is afterwards.
    ///
    /// # Errors
    /// When it is refused, or there already.
    pub(crate) async fn create<K>(&self, object: &K) -> Result<K, Failure>
    where
        K: Namespaced + Serialize,
    {
        let asked = self.asked::<K>("create", object.meta().name.as_deref());
        let api = self.api::<K>(false);
        let field_manager = Some(self.manager.clone());
        let params = PostParams { field_manager, ..PostParams::default() };
        self.ask(&asked, || api.create(&params, object)).await
    }

    /// Changes an object by a merge patch (RFC 7386). Gives it as it is afterwards.
    ///
    /// A `metadata.resourceVersion` in the patch makes the server refuse it when the object has changed.
    ///
    /// # Errors
    /// When it is refused, or the object is missing.
    pub(crate) async fn patch<K>(&self, name: &str, patch: &Value) -> Result<K, Failure>
    where
        K: Namespaced,
    {
        let asked = self.asked::<K>("patch", Some(name));
        let api = self.api::<K>(false);
        let field_manager = Some(self.manager.clone());
        let params = PatchParams { field_manager, ..PatchParams::default() };
        let patch = Patch::Merge(patch);
        self.ask(&asked, || api.patch(name, &params, &patch)).await
    }

    /// Deletes an object, and says whether it was there.
    ///
    /// # Errors
    /// When it may not be deleted, or is another one than the one that is meant.
    pub(crate) async fn delete<K>(&self, name: &str, how: &Deletion) -> Result<bool, Failure>
    where
        K: Namespaced,
    {
        let asked = self.asked::<K>("delete", Some(name));
        let api = self.api::<K>(false);
        let params = DeleteParams {
            grace_period_seconds: how.grace_s,
            propagation_policy: Some(match how.cascade {
                Cascade::Background => PropagationPolicy::Background,
                Cascade::Foreground => PropagationPolicy::Foreground,
                Cascade::Orphan => PropagationPolicy::Orphan,
            }),
            preconditions: how
                .uid
                .clone()
                .map(|uid| Preconditions { uid: Some(uid), resource_version: None }),
            ..DeleteParams::default()
        };
        let result = self.try_ask(&asked, || api.delete(name, &params)).await?;
        Ok(found(self, &asked, result)?.is_some())
    }

    /// The API of a kind, in the namespace or in all of them.
    pub(super) fn api<K: Namespaced>(&self, is_everywhere: bool) -> Api<K> {
        if is_everywhere {
            Api::all(self.client.clone())
        } else {
            Api::namespaced(self.client.clone(), &self.namespace)
        }
    }

    /// The API for an object of any kind that is in a namespace.
    fn api_of(
        &self,
        object: &Value,
        verb: &'static str,
    ) -> Result<(Api<DynamicObject>, Asked), Failure> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let (Some(version), Some(kind), Some(name)) =
            (text("/apiVersion"), text("/kind"), text("/metadata/name"))
        else {
            let error = anyhow!("an object: expected `apiVersion`, `kind` and `metadata.name`");
            return Err(Failure::usage(error));
        };
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let namespace = text("/metadata/namespace").unwrap_or(&self.namespace);
        let asked = Asked {
            verb,
            resource: match group {
                "" => resource.plural.clone(),
                group => format!("{}.{group}", resource.plural),
            },
            name: Some(name.to_owned()),
            namespace: Some(namespace.to_owned()),
        };
        Ok((Api::namespaced_with(self.client.clone(), namespace, &resource), asked))
    }
}

/// What was found, or nothing where the object or its namespace is missing. A kind that is missing is
/// a failure: then nothing can be said of the object.
fn found<T>(
    cluster: &Cluster,
    asked: &Asked,
    result: Result<T, Error>,
) -> Result<Option<T>, Failure> {
    match result {
        Ok(object) => Ok(Some(object)),
        Err(Error::Api(status))
            if status.code == 404
                && status.details.as_ref().is_some_and(|details| !details.kind.is_empty()) =>
        {
            Ok(None)
        }
        Err(error) => Err(cluster.explain(&error, asked)),
    }
}
