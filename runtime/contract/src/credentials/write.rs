//! Settings as variables of rclone, for Secrets that both programs read.

use super::remote::variable_name;
use super::{
    AwsChain, AwsLink, Azure, AzureAuth, AzureIdentityName, CredentialError, Gcs, GcsAuth,
    GoogleToken, S3, S3Auth, Settings, Tls,
};

/// Variables, in the order in which they are written.
struct Writer {
    prefix: String,
    variables: Vec<(String, String)>,
}

impl Writer {
    fn key(&mut self, key: &str, value: &str) {
        self.variables.push((format!("{}{key}", self.prefix), value.to_owned()));
    }

    fn optional(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.key(key, value);
        }
    }

    fn flag(&mut self, key: &str, value: bool, default: bool) {
        if value != default {
            self.key(key, if value { "true" } else { "false" });
        }
    }

    /// A variable that is no remote's.
    fn variable(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.variables.push((name.to_owned(), value.to_owned()));
        }
    }

    fn tls(&mut self, tls: &Tls) {
        self.variable("RCLONE_CA_CERT", tls.ca_file.as_deref());
        self.variable("RCLONE_NO_CHECK_CERTIFICATE", (!tls.verify).then_some("true"));
    }
}

/// Writes settings as the variables that define a remote of rclone with this name.
///
/// What rclone's keys cannot say is written as the variables of the cloud's own tools, which a
/// remote with `ENV_AUTH` reads: where a pod's tokens are. What differs after all is that a remote
/// is anonymous only if it says so, and asks the sources of AWS in rclone's order.
///
/// # Errors
/// When the name is none that a variable's name can hold.
pub fn write(settings: &Settings, remote: &str) -> Result<Vec<(String, String)>, CredentialError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if remote.is_empty() || !remote.chars().all(is_plain) {
        let expected = "a name of letters, digits, `_` and `-`";
        return Err(CredentialError::value("remote", expected, format!("`{remote}`")));
    }
    let prefix = format!("RCLONE_CONFIG_{}_", variable_name(remote));
    let mut writer = Writer { prefix, variables: Vec::new() };
    match settings {
        Settings::S3(settings) => s3(settings, &mut writer),
        Settings::Gcs(settings) => gcs(settings, &mut writer),
        Settings::Azure(settings) => azure(settings, &mut writer),
    }
    Ok(writer.variables)
}

fn s3(settings: &S3, writer: &mut Writer) {
    writer.key("TYPE", "s3");
    // rclone warns of a remote without it.
    writer.key("PROVIDER", if settings.endpoint.is_some() { "Other" } else { "AWS" });
    match &settings.auth {
        S3Auth::Anonymous => {}
        S3Auth::Keys(keys) => {
            writer.key("ACCESS_KEY_ID", &keys.id);
            writer.key("SECRET_ACCESS_KEY", keys.secret.expose());
            writer.optional("SESSION_TOKEN", keys.token.as_ref().map(super::Secret::expose));
        }
        S3Auth::Chain(chain) => aws_chain(chain, writer),
    }
    writer.optional("REGION", settings.region.as_deref());
    writer.optional("ENDPOINT", settings.endpoint.as_deref());
    writer.flag("FORCE_PATH_STYLE", settings.path_style, true);
    writer.flag("USE_ACCELERATE_ENDPOINT", settings.accelerate, false);
    writer.flag("USE_DUAL_STACK", settings.dual_stack, false);
    writer.flag("REQUESTER_PAYS", settings.requester_pays, false);
    if let Some(key) = &settings.customer_key {
        writer.key("SSE_CUSTOMER_ALGORITHM", "AES256");
        writer.key("SSE_CUSTOMER_KEY_BASE64", key.expose());
    }
    writer.tls(&settings.tls);
}

fn aws_chain(chain: &AwsChain, writer: &mut Writer) {
    writer.key("ENV_AUTH", "true");
    let sts = chain.links.iter().find_map(|link| match link {
        AwsLink::Profile(profile) => profile.sts_endpoint.as_deref(),
        AwsLink::WebIdentity(identity) => identity.sts_endpoint.as_deref(),
        AwsLink::Container(_) | AwsLink::Instance { .. } => None,
    });
    writer.optional("STS_ENDPOINT", sts);
    for link in &chain.links {
        match link {
            AwsLink::Profile(profile) => {
                // What nobody asked for is found again where it is.
                let file = profile.credentials_file.as_deref().filter(|_| profile.required);
                writer.optional("SHARED_CREDENTIALS_FILE", file);
                writer.optional("PROFILE", profile.name.as_deref());
                let config = profile.config_file.as_deref().filter(|_| profile.required);
                writer.variable("AWS_CONFIG_FILE", config);
            }
            AwsLink::Container(container) => {
                let is_path = container.uri.starts_with('/');
                let kind = if is_path { "RELATIVE" } else { "FULL" };
                let name = format!("AWS_CONTAINER_CREDENTIALS_{kind}_URI");
                writer.variable(&name, Some(&container.uri));
                let token = container.token_file.as_deref();
                writer.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token);
            }
            AwsLink::WebIdentity(identity) => {
                writer.variable("AWS_ROLE_ARN", Some(&identity.role));
                writer.variable("AWS_WEB_IDENTITY_TOKEN_FILE", Some(&identity.token_file));
                writer.variable("AWS_ROLE_SESSION_NAME", identity.session.as_deref());
            }
            AwsLink::Instance { endpoint } => {
                writer.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_deref());
            }
        }
    }
    let asks_machine = chain.links.iter().any(|link| matches!(link, AwsLink::Instance { .. }));
    writer.variable("AWS_EC2_METADATA_DISABLED", (!asks_machine).then_some("true"));
}

fn gcs(settings: &Gcs, writer: &mut Writer) {
    writer.key("TYPE", "google cloud storage");
    match &settings.auth {
        // `true` in a remote `gs` would be taken for the image's own setting beside credentials.
        GcsAuth::Anonymous => writer.key("ANONYMOUS", "true"),
        GcsAuth::Key(json) => {
            writer.key("ANONYMOUS", "false");
            writer.key("SERVICE_ACCOUNT_CREDENTIALS", json.expose());
        }
        GcsAuth::File(path) => {
            writer.key("ANONYMOUS", "false");
            writer.key("SERVICE_ACCOUNT_FILE", path);
        }
        GcsAuth::Token(token) => {
            writer.key("ANONYMOUS", "false");
            google_token(token, writer);
        }
        GcsAuth::Chain(chain) => {
            writer.key("ANONYMOUS", "false");
            writer.key("ENV_AUTH", "true");
            let folder = chain.file.as_deref().and_then(|file| Some(file.rsplit_once('/')?.0));
            writer.variable("CLOUDSDK_CONFIG", folder);
            writer.variable("GCE_METADATA_HOST", chain.metadata_host.as_deref());
            writer.variable("NO_GCE_CHECK", chain.metadata_host.is_none().then_some("true"));
        }
    }
    writer.optional("USER_PROJECT", settings.user_project.as_deref());
    writer.optional("ENDPOINT", settings.endpoint.as_deref());
    writer.tls(&settings.tls);
}

fn google_token(token: &GoogleToken, writer: &mut Writer) {
    let mut json = serde_json::Map::new();
    let mut insert = |name: &str, value: Option<&super::Secret>| {
        if let Some(value) = value {
            json.insert(name.to_owned(), value.expose().into());
        }
    };
    insert("access_token", token.access.as_ref());
    insert("refresh_token", token.refresh.as_ref().map(|refresh| &refresh.token));
    json.insert("token_type".to_owned(), "Bearer".into());
    writer.key("TOKEN", &serde_json::Value::Object(json).to_string());
    if let Some(refresh) = &token.refresh {
        writer.key("CLIENT_ID", &refresh.client_id);
        writer.key("CLIENT_SECRET", refresh.client_secret.expose());
        writer.optional("TOKEN_URL", refresh.token_url.as_deref());
    }
}

fn azure(settings: &Azure, writer: &mut Writer) {
    writer.key("TYPE", "azureblob");
    writer.key("ACCOUNT", &settings.account);
    match &settings.auth {
        AzureAuth::Anonymous => writer.key("SAS_URL", &signed_address(settings, "")),
        AzureAuth::Key(key) => writer.key("KEY", key.expose()),
        AzureAuth::Signature(query) => {
            writer.key("SAS_URL", &signed_address(settings, query.expose()));
        }
        AzureAuth::Application(application) => {
            writer.key("TENANT", &application.tenant);
            writer.key("CLIENT_ID", &application.client);
            writer.key("CLIENT_SECRET", application.secret.expose());
            writer.variable("AZURE_AUTHORITY_HOST", application.authority.as_deref());
        }
        AzureAuth::ApplicationFile(path) => writer.key("SERVICE_PRINCIPAL_FILE", path),
        AzureAuth::WorkloadIdentity(workload) => {
            writer.key("ENV_AUTH", "true");
            writer.variable("AZURE_TENANT_ID", Some(&workload.tenant));
            writer.variable("AZURE_CLIENT_ID", Some(&workload.client));
            writer.variable("AZURE_FEDERATED_TOKEN_FILE", Some(&workload.token_file));
            writer.variable("AZURE_AUTHORITY_HOST", workload.authority.as_deref());
        }
        AzureAuth::ManagedIdentity(identity) => {
            writer.key("USE_MSI", "true");
            match &identity.which {
                AzureIdentityName::Only => {}
                AzureIdentityName::Client(id) => writer.key("MSI_CLIENT_ID", id),
                AzureIdentityName::Object(id) => writer.key("MSI_OBJECT_ID", id),
                AzureIdentityName::Resource(id) => writer.key("MSI_MI_RES_ID", id),
            }
        }
    }
    writer
        .optional("ENDPOINT", settings.endpoint.as_deref().map(|it| suffix(it, &settings.account)));
    writer.tls(&settings.tls);
}

/// An account's address as rclone wants it: what follows the account's name, where it is such an address.
fn suffix<'a>(endpoint: &'a str, account: &str) -> &'a str {
    let rest = endpoint.strip_prefix("https://").and_then(|host| host.strip_prefix(account));
    let rest = rest.and_then(|rest| rest.strip_prefix('.')).filter(|rest| {
        let (first, more) = rest.split_once('.').unwrap_or((rest, ""));
        let is_name = !first.chars().all(|c| c.is_ascii_digit()) && first != account;
        is_name && !more.is_empty() && !rest.contains([':', '/'])
    });
    rest.unwrap_or(endpoint)
}

/// The account's address with its container and a query, as far as there are any.
fn signed_address(settings: &Azure, query: &str) -> String {
    let public = || format!("https://{}.blob.core.windows.net", settings.account);
    let mut address = settings.endpoint.clone().unwrap_or_else(public);
    address.push('/');
    address.push_str(settings.container.as_deref().unwrap_or_default());
    if !query.is_empty() {
        address.push('?');
        address.push_str(query);
    }
    address
}
