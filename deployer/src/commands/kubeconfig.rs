//! `radiant-deploy config get-contexts`: which clusters there are.

use radiant_contract::EnvSource;
use serde_json::json;

use crate::cli::{GetContextsArgs, KubeconfigArgs, KubeconfigCommand};
use crate::cluster::Contexts;
use crate::error::Failure;
use crate::output::{Listing, Printer, Table};

pub(super) fn run(
    args: &KubeconfigArgs,
    printer: &Printer,
    env: &dyn EnvSource,
) -> Result<(), Failure> {
    match &args.command {
        KubeconfigCommand::GetContexts(args) => contexts(args, printer, env),
    }
}

fn contexts(args: &GetContextsArgs, printer: &Printer, env: &dyn EnvSource) -> Result<(), Failure> {
    let contexts = Contexts::read(args.kubeconfig.as_deref(), env)?;
    let config = &contexts.config;
    let mut table = Table::of(&["CURRENT", "NAME", "CLUSTER", "SERVER", "USER", "NAMESPACE"]);
    let mut items = Vec::new();
    for named in &config.contexts {
        let Some(context) = &named.context else { continue };
        let cluster = config.clusters.iter().find(|it| it.name == context.cluster);
        let server = cluster.and_then(|it| it.cluster.as_ref()?.server.clone()).unwrap_or_default();
        let is_current = config.current_context.as_deref() == Some(&named.name);
        let user = context.user.clone().unwrap_or_default();
        let namespace = context.namespace.clone().unwrap_or_default();
        // An empty cell would say `<none>`.
        let mark = if is_current { "*" } else { "-" };
        table.row([mark, &named.name, &context.cluster, &server, &user, &namespace]);
        items.push(json!({"name": named.name, "current": is_current, "cluster": context.cluster,
            "server": server, "user": user, "namespace": namespace}));
    }
    if items.is_empty() {
        printer.tell("no contexts: set KUBECONFIG, or pass `--kubeconfig`\n");
    }
    for file in &contexts.files {
        tracing::debug!(file = %file.display(), "read");
    }
    printer.listing(Listing { resource: "context".to_owned(), items, is_single: false, table })
}
