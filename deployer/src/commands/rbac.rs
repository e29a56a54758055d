//! `radiant-deploy rbac`: the Role that this tool needs, and no more.

use anyhow::anyhow;
use serde_json::{Value, json};

use crate::cli::RbacArgs;
use crate::error::Failure;
use crate::output::{self, OutputFormat, Printer};
use crate::permissions::{Feature, binding, role};

pub(super) fn run(args: &RbacArgs, printer: &Printer) -> Result<(), Failure> {
    let features = match args.features.as_slice() {
        [] => Feature::OF_MODELS.to_vec(),
        named => named.to_vec(),
    };
    let mut documents = vec![role(&features, &args.name, &args.namespace)];
    if let Some(bind) = &args.bind {
        documents.push(binding(&subject(bind, &args.namespace)?, &args.name, &args.namespace));
    }
    output::write(&match &printer.format {
        OutputFormat::Text | OutputFormat::Wide | OutputFormat::Yaml => yaml(&documents)?,
        OutputFormat::Json => {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": documents});
            output::json_text(&list)?
        }
        other => return Err(other.refused("yaml` or `json")),
    })
}

fn yaml(documents: &[Value]) -> Result<String, Failure> {
    let documents = documents.iter().map(output::yaml).collect::<Result<Vec<_>, _>>()?;
    Ok(documents.join("---\n"))
}

fn subject(text: &str, namespace: &str) -> Result<Value, Failure> {
    let api = "rbac.authorization.k8s.io";
    let parts = text.split_once(':').filter(|(_, name)| !name.is_empty());
    match parts {
        Some(("user", name)) => Ok(json!({"apiGroup": api, "kind": "User", "name": name})),
        Some(("group", name)) => Ok(json!({"apiGroup": api, "kind": "Group", "name": name})),
        Some(("serviceaccount", name)) => {
            let (namespace, name) = name.split_once('/').unwrap_or((namespace, name));
            Ok(json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}))
        }
        _ => {
            let got = text.escape_debug();
            Err(Failure::usage(anyhow!(
                "`--bind`: expected user:NAME, group:NAME or serviceaccount:[NAMESPACE/]NAME, got `{got}`"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_users_groups_and_accounts() {
        assert_eq!(subject("user:jane", "ml").unwrap()["kind"], "User");
        assert_eq!(subject("group:a:b", "ml").unwrap()["name"], "a:b");
        assert_eq!(subject("serviceaccount:ci", "ml").unwrap()["namespace"], "ml");
        assert_eq!(subject("serviceaccount:ops/ci", "ml").unwrap()["namespace"], "ops");
        for wrong in ["", "jane", "user:", "role:x"] {
            assert!(subject(wrong, "ml").is_err(), "{wrong}");
        }
    }
}
