//! A stand-in for Seldon Core's operator, version 1.17.1.
//!
//! It makes of a SeldonDeployment what the real one makes of it, with these exceptions: there is no
//! Istio and no Ambassador, explainers are not made, `ssl` and the pods of a separate orchestrator
//! neither, KEDA's objects are not written (their kinds are not there), and TensorFlow's and Triton's
//! servers are servers like the others.

mod container;
mod initializer;
mod names;
mod plan;
mod scaling;
mod services;
mod settings;
mod spec;
mod status;
#[cfg(test)]
mod tests;
mod validate;
mod webhook;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service};
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde_json::{Value, json};

pub use settings::Settings;

use self::plan::{Owner, Plan};
use self::settings::Config;
use self::spec::Spec;
use self::status::Found;
use crate::event::Recorder;
use crate::object::{self, apply, text};

/// The name under which fields are owned.
const MANAGER: &str = "manager";
/// The label that says which operator is meant.
const CONTROLLER_ID: &str = "seldon.io/controller-id";
/// How soon after a mistake it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What every reconciliation needs.
struct Context {
    client: Client,
    settings: Settings,
    recorder: Recorder,
}

/// Why a reconciliation stopped.
#[derive(Debug)]
struct Stopped(anyhow::Error);

impl fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:#}", self.0)
    }
}

impl std::error::Error for Stopped {}

/// The kind of what is reconciled.
fn kind() -> ApiResource {
    object::resource(
        &json!({"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment"}),
    )
}

/// Installs the operator into its namespace and runs it. The kinds must be there.
///
/// # Errors
/// When the cluster does not take what belongs to it.
pub async fn start(client: Client, settings: Settings) -> Result<()> {
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": settings::NAMESPACE}});
    apply(&client, MANAGER, &namespace).await.context("the operator's namespace")?;
    let config = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": settings::CONFIG, "namespace": settings::NAMESPACE},
        "data": {"predictor_servers": "{}"},
    });
    apply(&client, MANAGER, &config).await.context("the operator's settings")?;
    webhook::serve(client.clone()).await?;
    tokio::spawn(run(client, settings));
    Ok(())
}

async fn run(client: Client, settings: Settings) {
    let recorder = Recorder::new(client.clone(), "seldon-controller-manager", None);
    let all = Api::<DynamicObject>::all_with(client.clone(), &kind());
    let controller = Controller::new_with(all, watcher::Config::default(), kind())
        .owns(Api::<Deployment>::all(client.clone()), watcher::Config::default());
    let context = Arc::new(Context { client, settings, recorder });
    let reconcile = |object: Arc<DynamicObject>, context: Arc<Context>| async move {
        reconcile(&object, &context).await.map_err(Stopped)
    };
    let again = |_: Arc<DynamicObject>, _: &Stopped, _: Arc<Context>| Action::requeue(AGAIN);
    controller.run(reconcile, again, context).for_each(|_| std::future::ready(())).await;
}

async fn reconcile(object: &DynamicObject, context: &Context) -> Result<Action> {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    if object.meta().deletion_timestamp.is_some() || !context.is_ours(object, &namespace).await? {
        return Ok(Action::await_change());
    }
    let spec: Spec = serde_json::from_value(object.data["spec"].clone())?;
    let mut settings = context.settings.clone();
    settings.config = config(&context.client).await?;
    let uid = object.uid().unwrap_or_default();
    let owner = Owner { name: &name, namespace: &namespace, uid: &uid };
    let old = &object.data["status"];
    let made = match plan::plan(owner, &spec, &settings) {
        Ok(plan) => context.make(owner, &plan).await.map(|deployments| (plan, deployments)),
        Err(description) => Err(anyhow::Error::msg(description)),
    };
    let (status, action) = match made {
        Ok((plan, deployments)) => {
            let found = Found { plan: &plan, deployments: &deployments };
            if found.is_ready() {
                context.remove_others(owner, &plan).await?;
            }
            (found.status(old), Action::await_change())
        }
        Err(error) => {
            let words = error.to_string();
            let whose = serde_json::to_value(object)?;
            context.recorder.warning(&whose, "InternalError", &words).await;
            (status::failed(old, &words), Action::requeue(AGAIN))
        }
    };
    if *old != status {
        // Merging removes what is said to be nothing, and the rest of the old status otherwise stays.
        let mut patch = json!({"status": status});
        for field in ["description", "deploymentStatus", "serviceStatus"] {
            object::set_default(&mut patch["status"], field, Value::Null);
        }
        let all =
            Api::<DynamicObject>::namespaced_with(context.client.clone(), &namespace, &kind());
        all.patch_status(&name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
    }
    Ok(action)
}

impl Context {
    /// Whether no other operator is meant.
    async fn is_ours(&self, object: &DynamicObject, namespace: &str) -> Result<bool> {
        let id = object.labels().get(CONTROLLER_ID).map_or("", String::as_str);
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let namespace = namespaces.get(namespace).await?;
        Ok(id == self.settings.controller_id && !namespace.labels().contains_key(CONTROLLER_ID))
    }

    /// Writes what is planned, and gives the Deployments as they are in the cluster.
    async fn make(&self, owner: Owner<'_>, plan: &Plan) -> Result<Vec<Value>> {
        let mut deployments = Vec::new();
        for deployment in &plan.deployments {
            let name = text(deployment, "/metadata/name").unwrap_or_default();
            let api: Api<Deployment> = Api::namespaced(self.client.clone(), owner.namespace);
            let is_new = object::is_path_segment(name) && api.get_opt(name).await?.is_none();
            deployments.push(apply(&self.client, MANAGER, deployment).await?);
            if is_new {
                let whose = json!({
                    "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment",
                    "metadata": {"name": owner.name, "namespace": owner.namespace, "uid": owner.uid},
                });
                let words = format!("Created Deployment {name:?}");
                self.recorder.normal(&whose, "CreateDeployment", &words).await;
            }
        }
        for other in plan.services.iter().chain(&plan.scaling) {
            apply(&self.client, MANAGER, other).await?;
        }
        Ok(deployments)
    }

    /// Removes Deployments and Services of earlier plans, which happens when the new ones are ready.
    async fn remove_others(&self, owner: Owner<'_>, plan: &Plan) -> Result<()> {
        let ours = ListParams::default().labels(&format!("seldon-deployment-id={}", owner.id()));
        let is_planned = |planned: &[Value], name: &str| {
            planned.iter().any(|one| text(one, "/metadata/name") == Some(name))
        };
        let background = DeleteParams::background();
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), owner.namespace);
        for deployment in deployments.list(&ours).await? {
            let name = deployment.name_any();
            if !is_planned(&plan.deployments, &name) && is_owned(&deployment, owner) {
                drop(deployments.delete(&name, &background).await?);
            }
        }
        let services: Api<Service> = Api::namespaced(self.client.clone(), owner.namespace);
        for service in services.list(&ours).await? {
            let name = service.name_any();
            if !is_planned(&plan.services, &name) && is_owned(&service, owner) {
                drop(services.delete(&name, &background).await?);
            }
        }
        Ok(())
    }
}

fn is_owned(object: &impl Resource, owner: Owner<'_>) -> bool {
    object.owner_references().iter().any(|reference| reference.uid == owner.uid)
}

/// The operator's settings as they are now.
async fn config(client: &Client) -> Result<Config> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), settings::NAMESPACE);
    let map = maps.get_opt(settings::CONFIG).await?;
    let data = map.and_then(|map| map.data).unwrap_or_default();
    Ok(Config::new(&serde_json::to_value(data)?))
}
