//! Settings of Azure Blob Storage: from a remote of rclone, or from the variables of Azure.

use super::azure_account::{self as account, Account};
use super::remote::{Remote, parse_flag, value};
use super::{
    Azure, AzureApplication, AzureAuth, AzureIdentity, AzureIdentityName, AzureWorkload,
    CredentialError, Found, Secret, Settings, Tls, text,
};
use crate::env::EnvSource;

/// Variables that say who asks.
pub(super) const CREDENTIALS: [&str; 16] = [
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_USERNAME",
    "AZURE_STORAGE_USE_EMULATOR",
    "AZ_TENANT_ID",
    "AZ_CLIENT_ID",
    "AZ_CLIENT_SECRET",
    "AZ_SUBSCRIPTION_ID",
];

/// The variables that name a storage account.
const ACCOUNTS: [&str; 2] = ["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"];

const CERTIFICATE: (&str, &str) = (
    "applications do not sign in with certificates",
    "use the application's secret, a workload identity, or the storage account's key",
);
const PASSWORD: (&str, &str) = (
    "people do not sign in with a password, which rclone obscures besides",
    "use an application with its secret, a shared access signature, or the account's key",
);

/// Reads a remote of rclone.
///
/// # Errors
/// For values that cannot be what they say, what is not done here, and a remote without any
/// credentials.
pub(super) fn from_remote(
    remote: &Remote<'_>,
    address: Option<&str>,
) -> Result<Found, CredentialError> {
    let notes = remote.check()?;
    let address = address.map(account::of_address).transpose()?;
    let given = remote.get("ACCOUNT").map(|(name, value)| text::account(&name, &value));
    let own = given.transpose()?;
    let (auth, variable, mut from) = remote_auth(remote, own.as_deref())?;
    if let Some(name) = own {
        from.name.get_or_insert(name);
    }
    if remote.is_on("ENV_AUTH")? && from.name.is_none() {
        from.name = env_account(remote.env())?;
    }
    if let Some((name, value)) = remote.get("ENDPOINT") {
        let name_of_account = from.name.clone().or_else(|| address.as_ref()?.name.clone());
        from.endpoint = Some(account::endpoint(&name, &value, name_of_account.as_deref())?);
    }
    let settings = settled(auth, from, address, &variable, &remote.variable("ACCOUNT"))?;
    let settings = Azure { tls: remote.tls()?, ..settings };
    Ok(Found { settings: Settings::Azure(settings), origin: format!("`{variable}`"), notes })
}

/// Reads the variables of Azure.
///
/// # Errors
/// As [`from_remote`], but without credentials nobody asks, which public containers answer.
pub(super) fn from_env(
    env: &dyn EnvSource,
    address: Option<&str>,
) -> Result<Found, CredentialError> {
    let address = address.map(account::of_address).transpose()?;
    let (auth, variable, mut from) = env_auth(env)?;
    if from.name.is_none() {
        // Without a key, an account that is set is a default only.
        let of_address = address.as_ref().and_then(|address| address.name.clone());
        let is_key = matches!(auth, AzureAuth::Key(_) | AzureAuth::Signature(_));
        from.name = if is_key { env_account(env)? } else { of_address.or(env_account(env)?) };
    }
    if let Some(endpoint) = value(env, "AZURE_STORAGE_ENDPOINT") {
        from.endpoint =
            Some(account::endpoint("AZURE_STORAGE_ENDPOINT", &endpoint, from.name.as_deref())?);
    }
    let origin = match variable {
        Some(variable) => format!("`{variable}`"),
        None => "no variable of Azure: anonymous".to_owned(),
    };
    let settings = settled(auth, from, address, variable.unwrap_or_default(), ACCOUNTS[0])?;
    Ok(Found { settings: Settings::Azure(settings), origin, notes: Vec::new() })
}

/// Puts together what credentials and address say of the account.
fn settled(
    auth: AzureAuth,
    from: Account,
    address: Option<Account>,
    variable: &str,
    account_variable: &str,
) -> Result<Azure, CredentialError> {
    let address = address.unwrap_or_default();
    let name = match (from.name, address.name) {
        (Some(account), Some(address)) if account != address => {
            let variable = variable.to_owned();
            return Err(CredentialError::OtherAccount { address, variable, account });
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => {
            return Err(CredentialError::NoAccount { variable: account_variable.to_owned() });
        }
    };
    Ok(Azure {
        auth,
        account: name,
        endpoint: from.endpoint.or(address.endpoint),
        container: from.container,
        tls: Tls::default(),
    })
}

/// Who asks, in the order of rclone, with the variable that says so.
fn remote_auth(
    remote: &Remote<'_>,
    own: Option<&str>,
) -> Result<(AzureAuth, String, Account), CredentialError> {
    let plain = |auth, key: &str| Ok((auth, remote.variable(key), Account::default()));
    if remote.is_on("ENV_AUTH")? {
        let identity = || AzureAuth::ManagedIdentity(env_identity(remote.env()));
        let auth = env_application(remote.env())?.map_or_else(identity, |(auth, _)| auth);
        return plain(auth, "ENV_AUTH");
    }
    if remote.is_on("USE_EMULATOR")? {
        let (auth, account) = account::emulator(own, remote.secret("KEY"));
        return Ok((auth, remote.variable("USE_EMULATOR"), account));
    }
    if let (Some((variable, key)), Some(_)) = (remote.get("KEY"), own) {
        let key = account::key(&variable, key)?;
        return Ok((AzureAuth::Key(key), variable, Account::default()));
    }
    if let Some((variable, url)) = remote.get("SAS_URL") {
        let (auth, account) = account::signed_address(&variable, &url)?;
        return Ok((auth, variable, account));
    }
    if let Some((variable, text)) = remote.get("CONNECTION_STRING") {
        let (auth, account) = account::connection_string(&variable, &text)?;
        return Ok((auth, variable, account));
    }
    remote_application(remote)
}

/// Applications and identities of a remote, in the order of rclone.
fn remote_application(
    remote: &Remote<'_>,
) -> Result<(AzureAuth, String, Account), CredentialError> {
    let found = |auth, key: &str| Ok((auth, remote.variable(key), Account::default()));
    let refused = |key: &str, (reason, way_out)| {
        Err(CredentialError::Unsupported { variable: remote.variable(key), reason, way_out })
    };
    let (tenant, client) = (remote.text("TENANT"), remote.text("CLIENT_ID"));
    if let (Some(tenant), Some(client)) = (tenant, client) {
        if let Some(secret) = remote.secret("CLIENT_SECRET") {
            let authority = authority(remote.env())?;
            let application = AzureApplication { tenant, client, secret, authority };
            return found(AzureAuth::Application(application), "CLIENT_SECRET");
        }
        if remote.get("CLIENT_CERTIFICATE_PATH").is_some() {
            return refused("CLIENT_CERTIFICATE_PATH", CERTIFICATE);
        }
        if remote.get("USERNAME").is_some() || remote.get("PASSWORD").is_some() {
            return refused("USERNAME", PASSWORD);
        }
    }
    if let Some(path) = remote.text("SERVICE_PRINCIPAL_FILE") {
        return found(AzureAuth::ApplicationFile(path), "SERVICE_PRINCIPAL_FILE");
    }
    if remote.is_on("USE_MSI")? {
        let identity = AzureIdentity { which: identity(remote)?, endpoint: None };
        return found(AzureAuth::ManagedIdentity(identity), "USE_MSI");
    }
    Err(incomplete(remote))
}

/// What a remote lacks that has no method of signing in.
fn incomplete(remote: &Remote<'_>) -> CredentialError {
    const APPLICATION: [&str; 3] = ["TENANT", "CLIENT_ID", "CLIENT_SECRET"];
    if let Some((beside, _)) = remote.get("KEY") {
        return CredentialError::missing(remote.variable("ACCOUNT"), beside);
    }
    for key in ["CLIENT_CERTIFICATE_PATH", "CLIENT_CERTIFICATE_PASSWORD", "USERNAME", "PASSWORD"] {
        if let Some((variable, _)) = remote.get(key) {
            let is_of_certificate = key.starts_with("CLIENT_");
            let (reason, way_out) = if is_of_certificate { CERTIFICATE } else { PASSWORD };
            return CredentialError::Unsupported { variable, reason, way_out };
        }
    }
    let present = APPLICATION.iter().find_map(|key| remote.get(key));
    let absent = APPLICATION.iter().find(|key| remote.get(key).is_none());
    if let (Some((beside, _)), Some(absent)) = (present, absent) {
        return CredentialError::missing(remote.variable(absent), beside);
    }
    let methods = ["KEY", "SAS_URL", "CLIENT_SECRET", "SERVICE_PRINCIPAL_FILE", "USE_MSI"];
    let methods = methods.map(|key| format!("`{}`", remote.variable(key)));
    CredentialError::NoMethod { remote: remote.shown(), expected: methods.join(", ") }
}

/// Which identity of the machine: the first that is named, as rclone has it.
fn identity(remote: &Remote<'_>) -> Result<AzureIdentityName, CredentialError> {
    let named = [
        ("MSI_CLIENT_ID", AzureIdentityName::Client as fn(String) -> AzureIdentityName),
        ("MSI_OBJECT_ID", AzureIdentityName::Object),
        ("MSI_MI_RES_ID", AzureIdentityName::Resource),
    ];
    let mut given = named.iter().filter_map(|(key, name)| Some((remote.get(key)?, name)));
    let Some(((variable, id), name)) = given.next() else { return Ok(AzureIdentityName::Only) };
    if let Some(((other, _), _)) = given.next() {
        let expected = format!("either it or `{other}`");
        return Err(CredentialError::value(variable, expected, "both"));
    }
    Ok(name(id))
}

/// Who asks by the variables of Azure, with the variable that says so.
fn env_auth(
    env: &dyn EnvSource,
) -> Result<(AzureAuth, Option<&'static str>, Account), CredentialError> {
    const CONNECTION: &str = "AZURE_STORAGE_CONNECTION_STRING";
    const EMULATOR: &str = "AZURE_STORAGE_USE_EMULATOR";
    const SIGNATURE: &str = "AZURE_STORAGE_SAS_TOKEN";
    const KEYS: [&str; 3] =
        ["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_KEY"];
    if let Some(text) = value(env, CONNECTION) {
        let (auth, account) = account::connection_string(CONNECTION, &text)?;
        return Ok((auth, Some(CONNECTION), account));
    }
    let key = KEYS.iter().find_map(|name| Some((*name, value(env, name)?)));
    if value(env, EMULATOR).map(|text| parse_flag(EMULATOR, &text)).transpose()?.unwrap_or(false) {
        let key = key.map(|(_, key)| Secret::new(key));
        let (auth, account) = account::emulator(env_account(env)?.as_deref(), key);
        return Ok((auth, Some(EMULATOR), account));
    }
    if let Some((name, key)) = key {
        return Ok((AzureAuth::Key(account::key(name, key)?), Some(name), Account::default()));
    }
    if let Some(query) = value(env, SIGNATURE) {
        let auth = AzureAuth::Signature(account::query(SIGNATURE, &query)?);
        return Ok((auth, Some(SIGNATURE), Account::default()));
    }
    let (auth, name) = match env_application(env)? {
        Some((auth, name)) => (auth, Some(name)),
        None => match ["IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_CLIENT_ID"]
            .into_iter()
            .find(|name| value(env, name).is_some())
        {
            Some(name) => (AzureAuth::ManagedIdentity(env_identity(env)), Some(name)),
            // The machine's identity is not asked unbidden: it might lack what anybody may do.
            None => (AzureAuth::Anonymous, None),
        },
    };
    Ok((auth, name, Account::default()))
}

/// An application by the variables of Azure: with a secret, or with a service account's token.
fn env_application(
    env: &dyn EnvSource,
) -> Result<Option<(AzureAuth, &'static str)>, CredentialError> {
    const SECRET: &str = "AZURE_CLIENT_SECRET";
    const TOKEN: &str = "AZURE_FEDERATED_TOKEN_FILE";
    let either =
        |name: &'static str, old: &'static str| value(env, name).or_else(|| value(env, old));
    let tenant = either("AZURE_TENANT_ID", "AZ_TENANT_ID");
    let client = either("AZURE_CLIENT_ID", "AZ_CLIENT_ID");
    let secret = either(SECRET, "AZ_CLIENT_SECRET").map(Secret::new);
    let token_file = value(env, TOKEN);
    let authority = authority(env)?;
    let (Some(tenant), Some(client)) = (tenant.clone(), client) else {
        let beside = if secret.is_some() { Some(SECRET) } else { token_file.map(|_| TOKEN) };
        let missing = if tenant.is_some() { "AZURE_CLIENT_ID" } else { "AZURE_TENANT_ID" };
        return beside.map_or(Ok(None), |it| Err(CredentialError::missing(missing, it)));
    };
    if let Some(secret) = secret {
        let application = AzureApplication { tenant, client, secret, authority };
        return Ok(Some((AzureAuth::Application(application), SECRET)));
    }
    if let Some(token_file) = token_file {
        let workload = AzureWorkload { tenant, client, token_file, authority };
        return Ok(Some((AzureAuth::WorkloadIdentity(workload), TOKEN)));
    }
    for (name, (reason, way_out)) in
        [("AZURE_CLIENT_CERTIFICATE_PATH", CERTIFICATE), ("AZURE_USERNAME", PASSWORD)]
    {
        if value(env, name).is_some() {
            let variable = name.to_owned();
            return Err(CredentialError::Unsupported { variable, reason, way_out });
        }
    }
    Ok(None)
}

fn env_identity(env: &dyn EnvSource) -> AzureIdentity {
    let which =
        value(env, "AZURE_CLIENT_ID").map_or(AzureIdentityName::Only, AzureIdentityName::Client);
    let endpoint = value(env, "IDENTITY_ENDPOINT").or_else(|| value(env, "MSI_ENDPOINT"));
    AzureIdentity { which, endpoint }
}

fn env_account(env: &dyn EnvSource) -> Result<Option<String>, CredentialError> {
    let found = ACCOUNTS.iter().find_map(|name| Some((name, value(env, name)?)));
    found.map(|(name, value)| text::account(name, &value)).transpose()
}

fn authority(env: &dyn EnvSource) -> Result<Option<String>, CredentialError> {
    const HOST: &str = "AZURE_AUTHORITY_HOST";
    value(env, HOST).map(|host| text::endpoint(HOST, &host)).transpose()
}
