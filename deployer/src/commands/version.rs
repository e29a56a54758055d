//! `radiant-deploy version`: of this program, and of the cluster.

use serde_json::json;

use crate::cli::VersionArgs;
use crate::cluster::Cluster;
use crate::error::Failure;
use crate::output::Printer;

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn run(args: &VersionArgs, printer: &Printer) -> Result<(), Failure> {
    let mut document = json!({
        "schema": "radiant/version/v1",
        "client": {"version": VERSION, "configVersion": "radiant.dev/v1"},
    });
    let mut text = format!("radiant-deploy {VERSION}\n");
    if args.client {
        return printer.document(&document, &text);
    }
    let asked = super::wait(async {
        let cluster = Cluster::connect(&args.cluster, None).await?;
        let crd = cluster.seldon_crd().await?.map(|crd| crd.versions);
        Ok((cluster.server_version().await?, crd.unwrap_or_default()))
    });
    if let Ok((server, versions)) = &asked {
        let shown = if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
        text = format!("{text}kubernetes {server}\nseldondeployments {shown}\n");
        document["server"] = json!({"version": server, "seldonDeployments": versions});
    }
    printer.document(&document, &text)?;
    asked.map(drop)
}
