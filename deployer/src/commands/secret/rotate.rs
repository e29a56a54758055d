//! `radiant-deploy secret rotate`: other credentials for a deployment that runs.

use anyhow::anyhow;
use chrono::Utc;
use radiant_contract::EnvSource;
use serde_json::{Value, json};

use super::create::make;
use super::{Asked, Kind, Objects, store, summary};
use crate::cli::RotateArgs;
use crate::cluster::seldon::RESOURCE;
use crate::credentials::{StoreSecret, check, references, replaced};
use crate::error::{Code, Failure};
use crate::output::Printer;

/// Where a deployment says what it serves.
const MODEL_URI: &str = "radiant.dev/model-uri";

pub(super) async fn run(
    args: &RotateArgs,
    asked: &Asked,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
    objects: &impl Objects,
) -> Result<(), Failure> {
    let name = args.name.as_str();
    let Some(deployment) = objects.find(Kind::Deployment, name).await? else {
        let error =
            anyhow!("SeldonDeployment `{name}` in namespace `{}`: not found", objects.namespace());
        return Err(Failure::new(Code::NotFound, error)
            .hint("`radiant-deploy get -A` lists all; `radiant-deploy secret create` needs none"));
    };
    let model = match asked.model.as_str() {
        "" => model_of(&deployment, name)?,
        model => model.to_owned(),
    };
    let (uri, place) = store(&model)?;
    let old = ours(&deployment, name)?;
    let secret = asked.convert(&args.source, &place, env, objects).await?;
    summary::tell(&secret, printer);
    summary::check_time(&secret, Utc::now())?;
    if !args.no_check {
        printer.tell(&summary::checked(&check(&secret.data, &uri).await?, &uri));
    }
    let exchange = exchange(name, (&deployment, &old), &secret, objects, args.dry_run).await?;
    let Exchange { new, n_references, is_same } = exchange;
    let verb = match (is_same, args.dry_run) {
        (true, _) => "unchanged",
        (false, true) => "configured (dry run)",
        (false, false) => "configured",
    };
    let document = json!({
        "schema": "radiant/secret-rotate/v1",
        "name": name,
        "from": old,
        "to": new,
        "references": n_references,
        "result": verb,
    });
    if !is_same && !args.dry_run {
        printer.tell(&format!(
            "pods are replaced: `radiant-deploy rollout status {name}` follows them; `{old}` stays for \
             pods that have it, until `radiant-deploy secret gc`\n"
        ));
    }
    printer.document(&document, &format!("{RESOURCE}/{name} {verb}\n"))
}

/// One Secret in the place of another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    pub(super) new: String,
    pub(super) n_references: usize,
    pub(super) is_same: bool,
}

/// Makes the new Secret and lets the deployment name it.
pub(super) async fn exchange(
    name: &str,
    (deployment, old): (&Value, &str),
    secret: &StoreSecret,
    objects: &impl Objects,
    is_dry_run: bool,
) -> Result<Exchange, Failure> {
    let made = make(name, secret, Some(deployment), objects, is_dry_run).await?;
    let (changed, n_references) = replaced(deployment, old, &made.name);
    let is_same = old == made.name;
    if !is_same && !is_dry_run {
        objects.patch(Kind::Deployment, name, &patch(&changed)).await?;
    }
    Ok(Exchange { new: made.name, n_references, is_same })
}

/// The specification with the other Secret, for as long as nobody has changed the object.
fn patch(changed: &Value) -> Value {
    let version = changed.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
    json!({
        "metadata": {"resourceVersion": version},
        "spec": {"predictors": changed.pointer("/spec/predictors").cloned().unwrap_or_default()},
    })
}

fn model_of(deployment: &Value, name: &str) -> Result<String, Failure> {
    let annotations = deployment.pointer("/metadata/annotations");
    let noted = annotations.and_then(|it| it.get(MODEL_URI)?.as_str());
    let in_graph = || deployment.pointer("/spec/predictors/0/graph/modelUri")?.as_str();
    noted.or_else(in_graph).map(str::to_owned).ok_or_else(|| {
        let error = anyhow!("SeldonDeployment `{name}`: expected the model's address, got none");
        Failure::new(Code::Usage, error).hint("name it by `--model`")
    })
}

/// The one Secret of ours that a deployment names, else the one that it names at all.
pub(super) fn ours(deployment: &Value, name: &str) -> Result<String, Failure> {
    let named = references(deployment);
    let prefix = format!("radiant-{name}-storage-");
    let of_ours: Vec<&String> = named.iter().filter(|it| it.starts_with(&prefix)).collect();
    let all: Vec<&String> = named.iter().collect();
    match (of_ours.as_slice(), all.as_slice()) {
        ([one], _) | ([], [one]) => Ok((*one).clone()),
        ([], []) => {
            let error =
                anyhow!("SeldonDeployment `{name}`: expected a Secret of its store, got none");
            Err(Failure::new(Code::NotFound, error)
                .hint("set `credentials` in radiant.yaml and `radiant-deploy apply`"))
        }
        (several, _) => {
            let several = if several.is_empty() { all } else { several.to_vec() };
            let list: Vec<&str> = several.iter().map(|it| it.as_str()).collect();
            let error = anyhow!(
                "SeldonDeployment `{name}`: expected one Secret of its store, got `{}`",
                list.join("`, `")
            );
            Err(Failure::new(Code::Conflict, error).hint(
                "predictors with different credentials are not rotated at once: promote or abort the \
                 canary first, or change radiant.yaml and `radiant-deploy apply`",
            ))
        }
    }
}
