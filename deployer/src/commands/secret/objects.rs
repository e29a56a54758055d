//! What these commands ask of a cluster, so that tests can answer it.

use std::collections::BTreeMap;

use anyhow::anyhow;
use k8s_openapi::api::core::v1;
use radiant_contract::credentials::Secret;
use serde::Serialize;
use serde_json::Value;

use crate::cli::ClusterArgs;
use crate::cluster::{Cluster, Deletion, SeldonObject, Selected};
use crate::credentials::data_of;
use crate::error::{Code, Failure};

/// Kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Secret,
    ConfigMap,
    Deployment,
}

/// Objects of a namespace, as JSON.
pub(super) trait Objects {
    /// The namespace.
    fn namespace(&self) -> &str;

    /// An object, if it is there.
    async fn find(&self, kind: Kind, name: &str) -> Result<Option<Value>, Failure>;

    /// All objects with these labels.
    async fn list(&self, kind: Kind, labels: Option<String>) -> Result<Vec<Value>, Failure>;

    /// Makes a Secret.
    async fn create(&self, secret: &v1::Secret) -> Result<(), Failure>;

    /// Changes an object by a merge patch.
    async fn patch(&self, kind: Kind, name: &str, patch: &Value) -> Result<(), Failure>;

    /// Deletes a Secret if it still is the one with this uid.
    async fn delete(&self, name: &str, uid: Option<String>) -> Result<(), Failure>;

    /// What a Secret holds.
    async fn secret(&self, name: &str) -> Result<BTreeMap<String, Secret>, Failure> {
        let Some(object) = self.find(Kind::Secret, name).await? else {
            let error = anyhow!("Secret `{name}` in namespace `{}`: not found", self.namespace());
            return Err(Failure::new(Code::NotFound, error)
                .hint("`kubectl get secrets` lists those that are there"));
        };
        let secret: v1::Secret = serde_json::from_value(object).map_err(|_| {
            let error = anyhow!("Secret `{name}`: expected an object of Kubernetes");
            Failure::new(Code::Failed, error)
        })?;
        Ok(data_of(&secret)?)
    }
}

/// The cluster that arguments name, in the namespace of a configuration unless they say otherwise.
pub(super) async fn connect(
    args: &ClusterArgs,
    namespace: Option<&str>,
) -> Result<Cluster, Failure> {
    Cluster::connect(args, namespace).await
}

impl Objects for Cluster {
    fn namespace(&self) -> &str {
        self.namespace()
    }

    async fn find(&self, kind: Kind, name: &str) -> Result<Option<Value>, Failure> {
        match kind {
            Kind::Secret => json_of(self.find::<v1::Secret>(name).await?),
            Kind::ConfigMap => json_of(self.find::<v1::ConfigMap>(name).await?),
            Kind::Deployment => json_of(self.find::<SeldonObject>(name).await?),
        }
    }

    async fn list(&self, kind: Kind, labels: Option<String>) -> Result<Vec<Value>, Failure> {
        let which = Selected { labels, ..Selected::default() };
        match kind {
            Kind::Secret => all_of(self.list::<v1::Secret>(&which).await?),
            Kind::ConfigMap => all_of(self.list::<v1::ConfigMap>(&which).await?),
            Kind::Deployment => all_of(self.list::<SeldonObject>(&which).await?),
        }
    }

    async fn create(&self, secret: &v1::Secret) -> Result<(), Failure> {
        self.create(secret).await.map(drop)
    }

    async fn patch(&self, kind: Kind, name: &str, patch: &Value) -> Result<(), Failure> {
        match kind {
            Kind::Secret => self.patch::<v1::Secret>(name, patch).await.map(drop),
            Kind::ConfigMap => self.patch::<v1::ConfigMap>(name, patch).await.map(drop),
            Kind::Deployment => self.patch::<SeldonObject>(name, patch).await.map(drop),
        }
    }

    async fn delete(&self, name: &str, uid: Option<String>) -> Result<(), Failure> {
        let how = Deletion { uid, ..Deletion::default() };
        self.delete::<v1::Secret>(name, &how).await.map(drop)
    }
}

fn json_of<T: Serialize>(object: Option<T>) -> Result<Option<Value>, Failure> {
    let value = object.map(serde_json::to_value).transpose();
    // An error could show what it could not write.
    value.map_err(|_| Failure::new(Code::Failed, anyhow!("an object: expected one that is JSON")))
}

fn all_of<T: Serialize>(objects: Vec<T>) -> Result<Vec<Value>, Failure> {
    let values = objects.into_iter().filter_map(|it| json_of(Some(it)).transpose());
    values.collect()
}
