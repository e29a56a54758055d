//! What is of Azure alone: addresses of accounts, signatures, and its own variables.

use chrono::{DateTime, Utc};
use radiant_contract::credentials::{Azure, AzureAuth, AzureIdentityName, Secret};

use super::expiry;

/// The name of an account, of which the host may be known.
pub(super) fn account_name(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}

/// The address of a container with its signature.
pub(super) fn signed_address(host: &str, container: &str, query: &str) -> String {
    let name = account_name(host);
    let host =
        if host.contains('.') { host.to_owned() } else { format!("{name}.blob.core.windows.net") };
    let query = query.trim_start_matches('?');
    let container = if is_of_account(query) { "" } else { container };
    format!("https://{host}/{container}?{query}")
}

/// Whether a signature is for the whole account: those for less name a resource.
fn is_of_account(query: &str) -> bool {
    expiry::member(query, "srt").is_some()
}

/// Names the container that a signature is for, as rclone wants it in the address, and leaves out an
/// endpoint that everybody knows.
pub(super) fn settled(mut settings: Azure, container: &str) -> Azure {
    let public = format!("https://{}.blob.core.windows.net", settings.account);
    settings.endpoint.take_if(|endpoint| *endpoint == public);
    if let AzureAuth::Signature(query) = &settings.auth
        && !is_of_account(query.expose())
    {
        settings.container.get_or_insert_with(|| container.to_owned());
    }
    settings
}

/// Until when a signature is good, and what it lacks.
pub(super) fn of_signature(query: &Secret) -> (Option<DateTime<Utc>>, Vec<String>) {
    let member = |name: &str| expiry::member(query.expose(), name);
    let mut warnings = Vec::new();
    // Without permissions of its own it has those of a stored policy, which is not known here.
    for (letter, what) in [('r', "read"), ('l', "list")] {
        if member("sp").is_some_and(|it| !it.contains(letter)) {
            warnings.push(format!(
                "the signature does not permit to {what} (`sp` without `{letter}`): make one that does, \
                 as a model is listed before it is read"
            ));
        }
    }
    if member("sr").as_deref() == Some("b") {
        warnings.push(
            "the signature is for one blob (`sr=b`), which cannot be listed: make one for the container"
                .to_owned(),
        );
    }
    (member("se").and_then(|it| expiry::time(&it)), warnings)
}

/// Settings as Azure's own variables, for addresses that name no remote of rclone.
pub(super) fn variables(settings: &Azure) -> Vec<(String, String)> {
    let mut variables = vec![("AZURE_STORAGE_ACCOUNT_NAME", settings.account.clone())];
    match &settings.auth {
        AzureAuth::Anonymous | AzureAuth::ApplicationFile(_) => {}
        AzureAuth::Key(key) => {
            variables.push(("AZURE_STORAGE_ACCOUNT_KEY", key.expose().to_owned()));
        }
        AzureAuth::Signature(query) => {
            variables.push(("AZURE_STORAGE_SAS_TOKEN", query.expose().to_owned()));
        }
        AzureAuth::Application(application) => {
            variables.push(("AZURE_TENANT_ID", application.tenant.clone()));
            variables.push(("AZURE_CLIENT_ID", application.client.clone()));
            variables.push(("AZURE_CLIENT_SECRET", application.secret.expose().to_owned()));
            let authority = application.authority.clone();
            variables.extend(authority.map(|host| ("AZURE_AUTHORITY_HOST", host)));
        }
        AzureAuth::WorkloadIdentity(workload) => {
            variables.push(("AZURE_TENANT_ID", workload.tenant.clone()));
            variables.push(("AZURE_CLIENT_ID", workload.client.clone()));
            variables.push(("AZURE_FEDERATED_TOKEN_FILE", workload.token_file.clone()));
        }
        AzureAuth::ManagedIdentity(identity) => {
            if let AzureIdentityName::Client(id) = &identity.which {
                variables.push(("AZURE_CLIENT_ID", id.clone()));
            }
        }
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
