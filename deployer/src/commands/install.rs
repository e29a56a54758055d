//! `radiant-deploy install` and `uninstall`: our server in the operator's table of servers.

use anyhow::anyhow;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use crate::cli::{InstallArgs, OperatorArgs, UninstallArgs};
use crate::cluster::Cluster;
use crate::error::{Code, Failure};
use crate::operator::registration::{self, KEY, RegistrationError};
use crate::output::Printer;

/// The operator's configuration.
const CONFIG: &str = "seldon-config";

pub(super) async fn install(args: &InstallArgs, printer: &Printer) -> Result<(), Failure> {
    if args.image.trim().is_empty() {
        return Err(Failure::usage(anyhow!("`--image`: expected an image, got nothing")));
    }
    change(&args.operator, printer, |table| {
        registration::install(table, &args.image, &args.overrides)
    })
    .await
}

pub(super) async fn uninstall(args: &UninstallArgs, printer: &Printer) -> Result<(), Failure> {
    change(&args.operator, printer, registration::uninstall).await
}

/// Reads the table, changes it, and writes it if nobody else has written it meanwhile.
async fn change(
    args: &OperatorArgs,
    printer: &Printer,
    edit: impl Fn(&str) -> Result<String, RegistrationError>,
) -> Result<(), Failure> {
    let cluster = Cluster::connect(&args.cluster, None).await?.within(&args.operator_namespace);
    let config = cluster.get::<ConfigMap>(CONFIG).await.map_err(|failure| {
        match failure.code() {
        Some(Code::NotFound) => failure.hint(
            "the operator's configuration is in the namespace that it was installed in: name it by \
             `--operator-namespace`",
        ),
        _ => failure,
    }
    })?;
    let before = config.data.as_ref().and_then(|data| data.get(KEY)).map_or("", String::as_str);
    let after = edit(before).map_err(refused)?;
    let named = format!("configmap/{CONFIG}");
    let is_same = json_of(before) == json_of(&after);
    let version = config.metadata.resource_version.clone();
    let patch = json!({"metadata": {"resourceVersion": version}, "data": {KEY: after}});
    let said = match (is_same, args.dry_run) {
        (true, _) => "unchanged",
        (false, true) => "configured (dry run)",
        (false, false) => {
            cluster.patch::<ConfigMap>(CONFIG, &patch).await?;
            "configured"
        }
    };
    let servers = json_of(&after);
    let document = json!({"name": CONFIG, "namespace": cluster.namespace(), "servers": servers});
    printer.document(&document, &format!("{named} {said}\n"))
}

fn json_of(table: &str) -> serde_json::Value {
    serde_json::from_str(table).unwrap_or_else(|_| json!({}))
}

fn refused(error: RegistrationError) -> Failure {
    let hint = match &error {
        RegistrationError::Unknown { .. } => {
            "name one of those, or add it to the operator's configuration first"
        }
        RegistrationError::Json(_) | RegistrationError::Form(_) => {
            "the operator itself cannot read it either: mend `seldon-config` first"
        }
    };
    Failure::usage(error).hint(hint)
}
