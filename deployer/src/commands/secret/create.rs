//! `radiant-deploy secret create`: a Secret for a deployment, there or not yet.

use anyhow::anyhow;
use chrono::Utc;
use radiant_contract::EnvSource;
use serde_json::{Value, json};

use super::{Asked, Kind, Objects, store, summary};
use crate::cli::CreateArgs;
use crate::credentials::{SecretObject, StoreSecret, check};
use crate::error::{Code, Failure};
use crate::output::Printer;

pub(super) async fn run(
    args: &CreateArgs,
    asked: &Asked,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
    objects: &impl Objects,
) -> Result<(), Failure> {
    let (uri, place) = store(&asked.model)?;
    let secret = asked.convert(&args.source, &place, env, objects).await?;
    summary::tell(&secret, printer);
    summary::check_time(&secret, Utc::now())?;
    if args.check {
        printer.tell(&summary::checked(&check(&secret.data, &uri).await?, &uri));
    }
    let deployment = objects.find(Kind::Deployment, &args.name).await?;
    let made = make(&args.name, &secret, deployment.as_ref(), objects, args.dry_run).await?;
    let mut document = summary::document(&secret, &made.name);
    let verb = made.verb(args.dry_run);
    if let Some(document) = document.as_object_mut() {
        document.insert("result".to_owned(), verb.into());
    }
    printer.document(&document, &format!("secret/{} {verb}\n", made.name))
}

/// A Secret that is there now, or would be.
pub(super) struct Made {
    pub(super) name: String,
    pub(super) is_new: bool,
}

impl Made {
    pub(super) const fn verb(&self, is_dry_run: bool) -> &'static str {
        match (self.is_new, is_dry_run) {
            (true, false) => "created",
            (true, true) => "created (dry run)",
            (false, _) => "unchanged",
        }
    }
}

/// Makes the Secret of a deployment, unless it is there; the deployment, where there is one, owns it.
pub(super) async fn make(
    name: &str,
    secret: &StoreSecret,
    deployment: Option<&Value>,
    objects: &impl Objects,
    is_dry_run: bool,
) -> Result<Made, Failure> {
    let uid = deployment.and_then(|it| it.pointer("/metadata/uid")?.as_str());
    let object = SecretObject::new(name, Some(objects.namespace()), &secret.data);
    let made = |is_new| Made { name: object.name().to_owned(), is_new };
    if let Some(there) = objects.find(Kind::Secret, object.name()).await? {
        check_same(&object, &there)?;
        if let (Some(uid), false) = (uid, is_dry_run || has_owner(&there)) {
            own(object.name(), name, uid, objects).await?;
        }
        return Ok(made(false));
    }
    if is_dry_run {
        return Ok(made(true));
    }
    let owned = match uid {
        Some(uid) => object.clone().owned_by(name, uid),
        None => object.clone(),
    };
    match objects.create(owned.expose()).await {
        Ok(()) => Ok(made(true)),
        // Somebody made the same one meanwhile.
        Err(error) if error.code() == Some(Code::Conflict) => {
            match objects.find(Kind::Secret, object.name()).await? {
                Some(there) => check_same(&object, &there).map(|()| made(false)),
                None => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Lets a Secret go with its deployment.
async fn own(secret: &str, name: &str, uid: &str, objects: &impl Objects) -> Result<(), Failure> {
    let owner = crate::credentials::owner(name, uid);
    let patch = json!({"metadata": {"ownerReferences": [owner]}});
    objects.patch(Kind::Secret, secret, &patch).await
}

fn has_owner(object: &Value) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.is_some_and(|owners| !owners.is_empty())
}

/// A name says what a Secret holds, so that another content means somebody else's hands.
fn check_same(object: &SecretObject, there: &Value) -> Result<(), Failure> {
    let wanted = serde_json::to_value(&object.expose().data).unwrap_or_default();
    if there.get("data") == Some(&wanted) {
        return Ok(());
    }
    let name = object.name();
    let error = anyhow!("Secret `{name}`: expected what its name says, got another content");
    Err(Failure::new(Code::Conflict, error).hint(format!(
        "it was not made by this program: `kubectl delete secret {name}`, or rename it"
    )))
}
