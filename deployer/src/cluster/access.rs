//! What the cluster is and what we may do there: versions, kinds, permissions.

use http::Request;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Error;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

use super::seldon::GROUP;
use super::{Asked, Cluster};
use crate::error::{Code, Failure};

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    /// The verb.
    pub(crate) verb: &'static str,
    /// The group of the resource, empty for the core.
    pub(crate) group: &'static str,
    /// The resource, such as `pods`.
    pub(crate) resource: &'static str,
    /// The part of it, such as `log`.
    pub(crate) subresource: &'static str,
}

/// What the cluster knows of SeldonDeployments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeldonCrd {
    /// The versions that are served.
    pub(crate) versions: Vec<String>,
    /// Whether predictors have `progressDeadlineSeconds` (operator 1.15 and newer); not known to who may
    /// not read the definition.
    pub(crate) has_progress_deadline: Option<bool>,
}

impl Cluster {
    /// The version of the API server, such as `v1.33.1`.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub(crate) async fn server_version(&self) -> Result<String, Failure> {
        let asked = Self::asked_path("version");
        let info = self.ask(&asked, || self.client.apiserver_version()).await?;
        Ok(info.git_version)
    }

    /// Whether we may do something in the namespace.
    ///
    /// # Errors
    /// When the cluster does not say.
    pub(crate) async fn may(&self, access: &Access) -> Result<bool, Failure> {
        let attributes = ResourceAttributes {
            namespace: Some(self.namespace.clone()),
            verb: Some(access.verb.to_owned()),
            group: Some(access.group.to_owned()),
            resource: Some(access.resource.to_owned()),
            subresource: Some(access.subresource.to_owned()).filter(|it| !it.is_empty()),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let asked = Asked { verb: "create", ..Self::asked_path("selfsubjectaccessreviews") };
        let api = Api::<SelfSubjectAccessReview>::all(self.client.clone());
        let params = PostParams::default();
        let answer = self.ask(&asked, || api.create(&params, &review)).await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }

    /// What the cluster knows of SeldonDeployments; nothing where the operator is not installed.
    ///
    /// # Errors
    /// When the cluster does not say.
    pub(crate) async fn seldon_crd(&self) -> Result<Option<SeldonCrd>, Failure> {
        Ok(self.seldon_definition().await?.as_ref().map(read_definition))
    }

    /// The CustomResourceDefinition of SeldonDeployments, with what whoever asks may see of it; nothing
    /// where the operator is not installed.
    ///
    /// # Errors
    /// When the cluster does not say.
    pub(crate) async fn seldon_definition(&self) -> Result<Option<Value>, Failure> {
        let path = format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/seldondeployments.{GROUP}"
        );
        match self.raw(&path, "customresourcedefinitions.apiextensions.k8s.io").await {
            Ok(definition) => Ok(Some(definition)),
            Err(failure) if failure.code() == Some(Code::NotFound) => Ok(None),
            Err(failure) if failure.code() == Some(Code::Forbidden) => self.discovered().await,
            Err(failure) => Err(failure),
        }
    }

    /// The same from what everybody may ask, where the definition itself may not be read.
    async fn discovered(&self) -> Result<Option<Value>, Failure> {
        let group = match self.raw(&format!("/apis/{GROUP}"), GROUP).await {
            Ok(group) => group,
            Err(failure) if failure.code() == Some(Code::NotFound) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let published = match self.raw("/openapi/v2", "openapi").await {
            Ok(published) => published,
            // Where even that is refused, nothing is known of fields.
            Err(failure) if matches!(failure.code(), Some(Code::Forbidden | Code::NotFound)) => {
                Value::Null
            }
            Err(failure) => return Err(failure),
        };
        let versions = group.get("versions").and_then(Value::as_array).into_iter().flatten();
        let versions = versions.filter_map(|it| it.get("version")?.as_str());
        let versions = versions.map(|name| match published_schema(&published, name) {
            Some(schema) => json!({"name": name, "schema": {"openAPIV3Schema": schema}}),
            None => json!({"name": name}),
        });
        Ok(Some(json!({"spec": {"versions": versions.collect::<Vec<_>>()}})))
    }

    /// Reads a path of the API server as JSON.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn raw(&self, path: &str, resource: &str) -> Result<Value, Failure> {
        let asked = Self::asked_path(resource);
        let request = || async {
            let request = Request::get(path).body(Vec::new()).map_err(Error::HttpError)?;
            self.client.request::<Value>(request).await
        };
        self.ask(&asked, request).await
    }

    fn asked_path(resource: &str) -> Asked {
        Asked { verb: "get", resource: resource.to_owned(), name: None, namespace: None }
    }
}

/// The schema of a version of SeldonDeployments in the document that describes all kinds.
fn published_schema<'a>(published: &'a Value, version: &str) -> Option<&'a Value> {
    let kind = json!([{"group": GROUP, "kind": "SeldonDeployment", "version": version}]);
    let mut schemas = published.get("definitions")?.as_object()?.values();
    schemas.find(|schema| schema.get("x-kubernetes-group-version-kind") == Some(&kind))
}

fn read_definition(definition: &Value) -> SeldonCrd {
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let served: Vec<&Value> = versions
        .into_iter()
        .flatten()
        .filter(|version| version.get("served").and_then(Value::as_bool).unwrap_or(true))
        .collect();
    let name = |version: &Value| version.get("name")?.as_str().map(str::to_owned);
    let predictor =
        "/schema/openAPIV3Schema/properties/spec/properties/predictors/items/properties";
    let current = served.iter().find(|version| name(version).as_deref() == Some("v1"));
    let fields = current.and_then(|version| version.pointer(predictor));
    SeldonCrd {
        versions: served.iter().filter_map(|version| name(version)).collect(),
        has_progress_deadline: fields.map(|fields| fields.get("progressDeadlineSeconds").is_some()),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_definition_tells_its_versions_and_fields() {
        let schema = |fields: Value| {
            json!({"openAPIV3Schema": {"properties": {"spec": {"properties": {"predictors":
                {"items": {"properties": fields}}}}}}})
        };
        let definition = json!({"spec": {"versions": [
            {"name": "v1alpha2", "served": false},
            {"name": "v1", "served": true, "schema": schema(json!({"progressDeadlineSeconds": {}}))},
        ]}});
        let expected =
            SeldonCrd { versions: vec!["v1".to_owned()], has_progress_deadline: Some(true) };
        assert_eq!(read_definition(&definition), expected);
        let old = json!({"spec": {"versions": [{"name": "v1", "schema": schema(json!({}))}]}});
        assert_eq!(read_definition(&old).has_progress_deadline, Some(false));
        assert_eq!(read_definition(&json!({})).has_progress_deadline, None);
    }
}
