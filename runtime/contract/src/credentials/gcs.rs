//! Settings of Google Cloud Storage: from a remote of rclone, or from the variables of Google.

use super::remote::{Remote, parse_flag, quoted, value};
use super::{
    CredentialError, Found, Gcs, GcsAuth, GoogleChain, GoogleRefresh, GoogleToken, Secret,
    Settings, Tls, text,
};
use crate::env::EnvSource;

/// Variables that say who asks.
pub(super) const CREDENTIALS: [&str; 2] =
    ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS_JSON"];

/// What a key of a service account must hold, all texts.
const MEMBERS_OF_KEY: [&str; 3] = ["client_email", "private_key", "private_key_id"];
/// Where machines of Google find their metadata server.
const METADATA_HOST: &str = "metadata.google.internal";

/// Reads a remote of rclone.
///
/// # Errors
/// For values that cannot be what they say, and what is not done here.
pub(super) fn from_remote(remote: &Remote<'_>) -> Result<Found, CredentialError> {
    let mut notes = remote.check()?;
    let (auth, origin) = remote_auth(remote, &mut notes)?;
    let endpoint = remote.get("ENDPOINT").map(|(name, value)| text::endpoint(&name, &value));
    let user_project = remote.get("USER_PROJECT").map(|(name, value)| text::header(&name, &value));
    let settings = Gcs {
        auth,
        endpoint: endpoint.transpose()?,
        user_project: user_project.transpose()?,
        tls: remote.tls()?,
    };
    Ok(Found { settings: Settings::Gcs(settings), origin, notes })
}

/// Reads the variables of Google's own tools.
///
/// # Errors
/// For values that cannot be what they say.
pub(super) fn from_env(env: &dyn EnvSource) -> Result<Found, CredentialError> {
    const EMULATOR: &str = "STORAGE_EMULATOR_HOST";
    let emulator = value(env, EMULATOR).map(|host| {
        let has_scheme = host.contains("://");
        text::endpoint(EMULATOR, &if has_scheme { host } else { format!("http://{host}") })
    });
    let endpoint = emulator.transpose()?;
    let (auth, origin) = match env_key(env)? {
        Some(found) => found,
        None if endpoint.is_some() => (GcsAuth::Anonymous, format!("`{EMULATOR}`: anonymous")),
        None => (GcsAuth::Chain(chain(env, true)?), "the variables of Google".to_owned()),
    };
    let settings = Gcs { auth, endpoint, user_project: None, tls: Tls::default() };
    Ok(Found { settings: Settings::Gcs(settings), origin, notes: Vec::new() })
}

/// Who asks, in the order of rclone; anonymous comes first, unless the image says it.
fn remote_auth(
    remote: &Remote<'_>,
    notes: &mut Vec<String>,
) -> Result<(GcsAuth, String), CredentialError> {
    let origin = remote.origin();
    let given = given_auth(remote)?;
    if remote.is_on("ANONYMOUS")? {
        let (variable, value) = remote.get("ANONYMOUS").unwrap_or_default();
        match given {
            Some((auth, key)) if remote.is_baked(&value) => {
                notes.push(format!(
                    "`{variable}`: taken for the image's own, as credentials are set; to be \
                     anonymous, write it into a file of credentials, or as `1`"
                ));
                return Ok((auth, format!("`{key}`")));
            }
            Some((_, key)) => notes.push(format!("`{key}` has no effect, as `{variable}` is set")),
            None => {}
        }
        return Ok((GcsAuth::Anonymous, format!("`{variable}`: anonymous")));
    }
    if let Some((auth, key)) = given {
        return Ok((auth, format!("`{key}`")));
    }
    // A remote of any other name has said that it is not anonymous by not saying so.
    let or_anonymous = remote.is_of_scheme_gs() && remote.flag("ANONYMOUS")?.is_none();
    let origin = format!("{origin} without credentials");
    Ok(match env_key(remote.env())? {
        Some((auth, from)) => (auth, format!("{origin}: {from}")),
        None => (GcsAuth::Chain(chain(remote.env(), or_anonymous)?), origin),
    })
}

/// Credentials that the remote itself has, with the variable that they are from.
fn given_auth(remote: &Remote<'_>) -> Result<Option<(GcsAuth, String)>, CredentialError> {
    if let Some((variable, json)) = remote.get("SERVICE_ACCOUNT_CREDENTIALS") {
        return Ok(Some((service_account(&variable, json)?, variable)));
    }
    if let Some((variable, path)) = remote.get("SERVICE_ACCOUNT_FILE") {
        return Ok(Some((GcsAuth::File(path), variable)));
    }
    if remote.is_on("ENV_AUTH")? {
        let env = remote.env();
        let auth = env_key(env)?.map(|(auth, _)| auth);
        let or_chain = || chain(env, false).map(GcsAuth::Chain);
        return Ok(Some((auth.map_or_else(or_chain, Ok)?, remote.variable("ENV_AUTH"))));
    }
    if let Some((variable, token)) = remote.get("ACCESS_TOKEN") {
        let access = Some(Secret::new(text::header(&variable, &token)?));
        return Ok(Some((GcsAuth::Token(GoogleToken { access, refresh: None }), variable)));
    }
    let Some((variable, token)) = remote.get("TOKEN") else { return Ok(None) };
    Ok(Some((GcsAuth::Token(oauth_token(remote, &variable, &token)?), variable)))
}

/// The key in Google's own variables, with the variable that it is from.
fn env_key(env: &dyn EnvSource) -> Result<Option<(GcsAuth, String)>, CredentialError> {
    let [file, json] = CREDENTIALS;
    if let Some(path) = value(env, file) {
        return Ok(Some((GcsAuth::File(path), format!("`{file}`"))));
    }
    let Some(text) = value(env, json) else { return Ok(None) };
    Ok(Some((service_account(json, text)?, format!("`{json}`"))))
}

/// What Google's libraries look for without being told.
fn chain(env: &dyn EnvSource, or_anonymous: bool) -> Result<GoogleChain, CredentialError> {
    const FILE: &str = "application_default_credentials.json";
    const NO_CHECK: &str = "NO_GCE_CHECK";
    let folder = value(env, "CLOUDSDK_CONFIG")
        .or_else(|| value(env, "HOME").map(|home| format!("{home}/.config/gcloud")));
    let unasked = value(env, NO_CHECK).map(|text| parse_flag(NO_CHECK, &text)).transpose()?;
    let host = ["GCE_METADATA_HOST", "GCE_METADATA_ROOT"].iter().find_map(|name| value(env, name));
    let host = host.unwrap_or_else(|| METADATA_HOST.to_owned());
    Ok(GoogleChain {
        file: folder.map(|folder| format!("{folder}/{FILE}")),
        metadata_host: Some(host).filter(|_| !unasked.unwrap_or(false)),
        or_anonymous,
    })
}

/// The key of a service account, which is checked here as others' messages would show it.
fn service_account(variable: &str, json: String) -> Result<GcsAuth, CredentialError> {
    let expected = "the JSON of a service account's key";
    let error = |got: &str| CredentialError::value(variable, expected, got);
    let value: serde_json::Value =
        serde_json::from_str(&json).map_err(|_| error("something that is no JSON"))?;
    let kind = value.get("type").and_then(serde_json::Value::as_str);
    if let Some(kind) = kind.filter(|kind| *kind != "service_account") {
        return Err(error(&format!("credentials of type {}", quoted(kind))));
    }
    for member in MEMBERS_OF_KEY {
        if value.get(member).and_then(serde_json::Value::as_str).is_none() {
            return Err(error(&format!("JSON without a text `{member}`")));
        }
    }
    Ok(GcsAuth::Key(Secret::new(json)))
}

/// The token that rclone keeps of somebody who signed in.
///
/// rclone can ask for the next one as its own application; here that needs `CLIENT_ID` and
/// `CLIENT_SECRET`, and without them the token is good for as long as it is.
fn oauth_token(
    remote: &Remote<'_>,
    variable: &str,
    json: &str,
) -> Result<GoogleToken, CredentialError> {
    let error = |got: &str| {
        let expected = "the JSON of a token, with `access_token` or `refresh_token`";
        CredentialError::value(variable, expected, got)
    };
    let value: serde_json::Value =
        serde_json::from_str(json).map_err(|_| error("something that is no JSON"))?;
    let member = |name: &str| {
        let text = value.get(name).and_then(serde_json::Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    let access = member("access_token").map(|token| text::header(variable, token)).transpose()?;
    let client = (remote.get("CLIENT_ID"), remote.get("CLIENT_SECRET"));
    let refresh = match (member("refresh_token"), client) {
        (Some(token), (Some((_, client_id)), Some((_, client_secret)))) => {
            let url = remote.get("TOKEN_URL").map(|(name, value)| text::endpoint(&name, &value));
            Some(GoogleRefresh {
                token: Secret::new(token),
                client_id,
                client_secret: Secret::new(client_secret),
                token_url: url.transpose()?,
            })
        }
        (Some(_), (None, Some((beside, _)))) => {
            return Err(CredentialError::missing(remote.variable("CLIENT_ID"), beside));
        }
        (Some(_), (Some((beside, _)), None)) => {
            return Err(CredentialError::missing(remote.variable("CLIENT_SECRET"), beside));
        }
        (Some(_), (None, None)) if access.is_none() => {
            return Err(CredentialError::missing(remote.variable("CLIENT_ID"), variable));
        }
        (Some(_), (None, None)) | (None, _) => None,
    };
    if access.is_none() && refresh.is_none() {
        return Err(error("JSON without them"));
    }
    Ok(GoogleToken { access: access.map(Secret::new), refresh })
}
