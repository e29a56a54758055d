//! What ZenML notes of a SeldonDeployment that it wrote (ZenML 0.43 to 0.98).

use serde_json::Value;

use super::taking::Taking;
use super::{ImportError, Imported};
use crate::config::{Deployment, Resources};

/// Its marker, and where it keeps its own description of the service.
const MARK: (&str, &str) = ("app", "zenml");
const CONFIG: &str = "zenml.service_config";

pub(super) fn import(object: Value) -> Result<Imported, ImportError> {
    let field = |map: &str, name: &str| {
        let value = object.pointer(&format!("/metadata/{map}/{}", name.replace('/', "~1")))?;
        Some(value.as_str()?.to_owned())
    };
    let is_marked = field("labels", MARK.0).as_deref() == Some(MARK.1);
    let config = field("annotations", CONFIG);
    let (true, Some(config)) = (is_marked, config) else { return Err(ImportError::NotZenml) };
    let mut imported = super::seldon::import(object)?;
    imported.deployment.labels.remove(MARK.0);
    imported.deployment.compat.zenml = true;
    match serde_json::from_str(&config) {
        Ok(config) => overlay(Taking::new(CONFIG, config), &mut imported),
        Err(error) => {
            let note = format!("the annotation `{CONFIG}` is left out: {error}");
            imported.notes.push(note);
        }
    }
    Ok(imported)
}

/// Takes from ZenML's description what the object itself cannot say.
fn overlay(mut config: Taking, imported: &mut Imported) {
    let deployment = &mut imported.deployment;
    let uri = config.text("model_uri");
    deployment.model.uri = deployment.model.uri.take().or(uri);
    resources(config.object("resources"), deployment, &mut imported.notes);
    let is_taken = deployment.credentials.existing_secret.is_some();
    let account = config.text("serviceAccountName").filter(|_| !is_taken);
    if deployment.credentials.service_account.is_none()
        && let Some(account) = account
    {
        imported.notes.push(format!(
            "the ServiceAccount `{account}` was written on the graph's node, where the operator reads \
             it for its own servers alone: it is the pod's now"
        ));
        deployment.credentials.service_account = Some(account);
    }
    if let Some(name) = config.text("model_name") {
        imported.notes.push(format!("ZenML knows the model as `{name}`"));
    }
    for (label, field) in [("pipeline", "pipeline_name"), ("step", "pipeline_step_name")] {
        if let Some(text) = config.text(field) {
            imported.notes.push(format!("ZenML's {label} was `{text}`"));
        }
    }
}

fn resources(mut from: Taking, deployment: &mut Deployment, notes: &mut Vec<String>) {
    let mut quantities = |name| from.object(name).rest().into_iter().collect();
    let wanted = Resources { requests: quantities("requests"), limits: quantities("limits") };
    if deployment.server.resources == Resources::default() && wanted != Resources::default() {
        deployment.server.resources = wanted;
        notes.push("`resources` never reached a container: they do now".to_owned());
    }
    let is_tiny = |value: &Value| value.as_str().is_some_and(|text| text.ends_with('m'));
    let all = [&deployment.server.resources.requests, &deployment.server.resources.limits];
    if all.iter().any(|quantities| quantities.get("memory").is_some_and(is_tiny)) {
        notes.push(
            "`memory` in `m` is thousandths of a byte: write `Mi` where mebibytes are meant"
                .to_owned(),
        );
    }
}
