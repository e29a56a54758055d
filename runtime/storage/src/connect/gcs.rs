//! Google Cloud Storage.

use std::sync::Arc;

use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::{ClientOptions, StaticCredentialProvider};
use radiant_contract::credentials::{Gcs, GcsAuth, GoogleChain, GoogleRefresh, Secret};

use super::google::{TokenSource, Tokens};
use super::http::{Connector, Http};
use super::{ConnectError, Opened, check_endpoint, not_built, read_file, read_optional_file};

/// What these files are called in messages.
const WHAT: &str = "file of google credentials";

/// Who asks, once that is known.
enum Who {
    Nobody,
    /// A service account, by the JSON of its key.
    Account(Secret),
    Bearer(Secret),
    Tokens(Tokens),
}

/// Opens a bucket.
///
/// # Errors
/// As [`super::open`].
pub(super) async fn open(
    settings: &Gcs,
    bucket: &str,
    http: &Http,
) -> Result<Opened, ConnectError> {
    check_endpoint("endpoint", settings.endpoint.as_deref())?;
    let mut connector = Connector::new(http, &settings.tls, settings.endpoint.as_deref()).await?;
    if let Some(project) = &settings.user_project {
        connector = connector.with_header("x-goog-user-project", project)?;
    }
    let (who, from) = match &settings.auth {
        GcsAuth::Anonymous => (Who::Nobody, None),
        GcsAuth::Key(json) => (Who::Account(json.clone()), None),
        GcsAuth::File(path) => {
            (from_file(path, &read_file(WHAT, path).await?, &connector, http)?, None)
        }
        GcsAuth::Token(token) => {
            (from_token(token.access.as_ref(), token.refresh.as_ref(), &connector, http)?, None)
        }
        GcsAuth::Chain(chain) => {
            let (who, from) = walk(chain, &connector, http).await?;
            (who, Some(from))
        }
    };
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(bucket)
        .with_retry(http.retry())
        .with_client_options(ClientOptions::new().with_allow_http(connector.is_plain()));
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    // Without a provider of its own the library would look for files and ask the machine.
    let nobody = || StaticCredentialProvider::new(GcpCredential { bearer: String::new() });
    let is_anonymous = matches!(who, Who::Nobody);
    builder = match who {
        Who::Nobody => builder.with_credentials(Arc::new(nobody())).with_skip_signature(true),
        Who::Account(json) => builder.with_service_account_key(json.expose()),
        Who::Bearer(token) => builder.with_bearer_token(token.expose()),
        Who::Tokens(tokens) => builder.with_credentials(Arc::new(tokens)),
    };
    let store =
        builder.with_http_connector(connector).build().map_err(|error| not_built(&error))?;
    Ok(Opened { credentials: from, is_anonymous, ..Opened::plainly(store) })
}

/// Who asks, by a file with credentials.
fn from_file(
    path: &str,
    text: &str,
    connector: &Connector,
    http: &Http,
) -> Result<Who, ConnectError> {
    let error = |expected, got: &str| ConnectError::File {
        what: WHAT,
        path: path.into(),
        expected,
        got: got.to_owned(),
    };
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|_| error("JSON", "something else"))?;
    let member = |name: &str| json.get(name).and_then(serde_json::Value::as_str);
    let needs = |name: &'static str| {
        member(name).ok_or_else(|| {
            error("the members of such credentials", &format!("JSON without a text `{name}`"))
        })
    };
    match member("type") {
        Some("authorized_user") => {
            let refresh = GoogleRefresh {
                token: Secret::new(needs("refresh_token")?),
                client_id: needs("client_id")?.to_owned(),
                client_secret: Secret::new(needs("client_secret")?),
                token_url: None,
            };
            from_token(None, Some(&refresh), connector, http)
        }
        // Keys for emulators have no type.
        Some("service_account") | None => {
            needs("client_email")?;
            needs("private_key_id")?;
            needs("private_key")?;
            Ok(Who::Account(Secret::new(text)))
        }
        Some(other) => Err(ConnectError::Unsupported {
            what: WHAT,
            path: path.into(),
            reason: format!("credentials of type `{}` are not followed", shown(other)),
            way_out: "use the key of a service account, or the workload identity of the cluster",
        }),
    }
}

/// A type for a message: types are words.
fn shown(kind: &str) -> String {
    kind.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect()
}

fn from_token(
    access: Option<&Secret>,
    refresh: Option<&GoogleRefresh>,
    connector: &Connector,
    http: &Http,
) -> Result<Who, ConnectError> {
    match (refresh, access) {
        (Some(refresh), _) => {
            check_endpoint("token url", refresh.token_url.as_deref())?;
            let connector = connector.clone().with_tokens_from(refresh.token_url.as_deref());
            let source = TokenSource::Refresh(refresh.clone());
            Ok(Who::Tokens(Tokens::new(source, connector.token_client()?, http)))
        }
        (None, Some(access)) => Ok(Who::Bearer(access.clone())),
        (None, None) => Ok(Who::Nobody),
    }
}

/// The first source that has something: the file of `gcloud`, the metadata server.
async fn walk(
    chain: &GoogleChain,
    connector: &Connector,
    http: &Http,
) -> Result<(Who, String), ConnectError> {
    let mut asked = Vec::new();
    if let Some(path) = &chain.file {
        if let Some(text) = read_optional_file(WHAT, path).await? {
            return Ok((from_file(path, &text, connector, http)?, format!("`{path}`")));
        }
        asked.push(format!("`{path}` (not there)"));
    }
    if let Some(host) = &chain.metadata_host {
        let source = TokenSource::Metadata { host: host.clone() };
        let tokens = Tokens::new(source, connector.metadata_client()?, http);
        match tokens.try_once().await {
            Ok(()) => return Ok((Who::Tokens(tokens), "the metadata server".to_owned())),
            Err(error) => asked.push(format!("the metadata server (`{host}`: {error})")),
        }
    }
    let asked = if asked.is_empty() { "nothing".to_owned() } else { asked.join(", ") };
    if chain.or_anonymous {
        return Ok((Who::Nobody, format!("nobody: anonymous, after asking {asked}")));
    }
    Err(ConnectError::NoCredentials { asked })
}
