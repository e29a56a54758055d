//! Settings of stores that speak S3: from a remote of rclone, or from the variables of AWS.

use super::remote::{Remote, parse_flag, quoted, value};
use super::{
    AwsChain, AwsContainer, AwsKeys, AwsLink, AwsProfile, AwsWebIdentity, CredentialError, Found,
    S3, S3Auth, Secret, Settings, Tls, text,
};
use crate::env::EnvSource;

/// Variables that say who asks; what a file says of them is not mixed with the environment.
pub(super) const CREDENTIALS: [&str; 12] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_ANONYMOUS_CREDENTIAL",
    "awsAnonymousCredential",
];

/// What rclone knows of stores, so that a name with a slip is told of.
const RCLONE_PROVIDERS: [&str; 34] = [
    "AWS",
    "Alibaba",
    "ArvanCloud",
    "Ceph",
    "ChinaMobile",
    "Cloudflare",
    "DigitalOcean",
    "Dreamhost",
    "GCS",
    "HuaweiOBS",
    "IBMCOS",
    "IDrive",
    "IONOS",
    "LyveCloud",
    "Leviia",
    "Liara",
    "Linode",
    "Magalu",
    "Mega",
    "Minio",
    "Netease",
    "Outscale",
    "Petabox",
    "Qiniu",
    "RackCorp",
    "Rclone",
    "Scaleway",
    "SeaweedFS",
    "Selectel",
    "StackPath",
    "Storj",
    "Synology",
    "TencentCOS",
    "Wasabi",
];

/// Reads a remote of rclone.
///
/// # Errors
/// For values that cannot be what they say, one key without the other, and what is not done here.
pub(super) fn from_remote(remote: &Remote<'_>) -> Result<Found, CredentialError> {
    let mut notes = remote.check()?;
    notes.extend(unknown_provider(remote));
    let mut origin = remote.origin();
    let auth = match (remote.get("ACCESS_KEY_ID"), remote.get("SECRET_ACCESS_KEY")) {
        (Some((id_variable, id)), Some((_, secret))) => S3Auth::Keys(AwsKeys {
            id: text::header(&id_variable, &id)?,
            secret: Secret::new(secret),
            token: token(remote.get("SESSION_TOKEN"))?,
        }),
        (Some((variable, _)), None) => {
            return Err(CredentialError::missing(remote.variable("SECRET_ACCESS_KEY"), variable));
        }
        (None, Some((variable, _))) => {
            return Err(CredentialError::missing(remote.variable("ACCESS_KEY_ID"), variable));
        }
        (None, None) if remote.is_on("ENV_AUTH")? => {
            origin = format!("{origin} with `ENV_AUTH`");
            env_auth(remote)?
        }
        (None, None) => {
            origin = format!("{origin} without keys: anonymous");
            S3Auth::Anonymous
        }
    };
    let settings = S3 {
        auth,
        region: region(remote.get("REGION"))?,
        endpoint: endpoint(remote.get("ENDPOINT"))?,
        path_style: remote.flag("FORCE_PATH_STYLE")?.unwrap_or(true),
        accelerate: remote.is_on("USE_ACCELERATE_ENDPOINT")?,
        dual_stack: remote.is_on("USE_DUAL_STACK")?,
        requester_pays: remote.is_on("REQUESTER_PAYS")?,
        customer_key: customer_key(remote)?,
        tls: tls(remote.tls()?, remote.env()),
    };
    Ok(Found { settings: Settings::S3(settings), origin, notes })
}

/// Reads the variables of AWS, and those that KFServing and Seldon Core set beside them.
///
/// # Errors
/// As [`from_remote`].
pub(super) fn from_env(env: &dyn EnvSource) -> Result<Found, CredentialError> {
    let (auth, origin) = env_credentials(env)?;
    let verify = first(env, &["S3_VERIFY_SSL"]).map(|(name, value)| parse_flag(name, &value));
    let virtual_hosts =
        first(env, &["S3_USER_VIRTUAL_BUCKET"]).map(|(name, value)| parse_flag(name, &value));
    let settings = S3 {
        auth,
        region: region(owned(first(env, &["AWS_REGION", "AWS_DEFAULT_REGION"])))?,
        endpoint: env_endpoint(env)?,
        path_style: !virtual_hosts.transpose()?.unwrap_or(false),
        tls: tls(Tls { ca_file: None, verify: verify.transpose()?.unwrap_or(true) }, env),
        ..S3::default()
    };
    Ok(Found { settings: Settings::S3(settings), origin, notes: Vec::new() })
}

/// The first of some variables that has a value.
fn first(env: &dyn EnvSource, names: &[&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| Some((*name, value(env, name)?)))
}

fn owned(found: Option<(&'static str, String)>) -> Option<(String, String)> {
    found.map(|(name, value)| (name.to_owned(), value))
}

fn unknown_provider(remote: &Remote<'_>) -> Option<String> {
    let (variable, name) = remote.get("PROVIDER")?;
    let is_known = RCLONE_PROVIDERS.contains(&name.as_str()) || name == "Other";
    (!is_known)
        .then(|| format!("`{variable}`: provider {} is not known, and not needed", quoted(&name)))
}

fn token(found: Option<(String, String)>) -> Result<Option<Secret>, CredentialError> {
    found.map(|(variable, value)| text::header(&variable, &value).map(Secret::new)).transpose()
}

fn region(found: Option<(String, String)>) -> Result<Option<String>, CredentialError> {
    let Some((variable, region)) = found else { return Ok(None) };
    // It becomes a part of host names.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if region.chars().all(is_plain) {
        return Ok(Some(region));
    }
    Err(CredentialError::value(variable, "a region, such as `eu-west-1`", quoted(&region)))
}

fn endpoint(found: Option<(String, String)>) -> Result<Option<String>, CredentialError> {
    found.map(|(variable, value)| text::endpoint(&variable, &value)).transpose()
}

/// Trust in authorities is no credential: the variable of AWS holds for remotes too.
fn tls(tls: Tls, env: &dyn EnvSource) -> Tls {
    let ca_file = tls.ca_file.or_else(|| value(env, "AWS_CA_BUNDLE"));
    Tls { ca_file, ..tls }
}

/// `S3_ENDPOINT` is a host whose scheme `S3_USE_HTTPS` says; the others are whole addresses.
fn env_endpoint(env: &dyn EnvSource) -> Result<Option<String>, CredentialError> {
    let whole = first(env, &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]);
    if let Some((name, value)) = whole {
        return Ok(Some(text::endpoint(name, &value)?));
    }
    let Some((name, host)) = first(env, &["S3_ENDPOINT"]) else { return Ok(None) };
    let https = first(env, &["S3_USE_HTTPS"]).map(|(name, value)| parse_flag(name, &value));
    let is_plain = !https.transpose()?.unwrap_or(true) && !host.contains("://");
    let host = if is_plain { format!("http://{host}") } else { host };
    Ok(Some(text::endpoint(name, &host)?))
}

fn env_credentials(env: &dyn EnvSource) -> Result<(S3Auth, String), CredentialError> {
    if let Some((keys, origin)) = env_keys(env)? {
        return Ok((S3Auth::Keys(keys), origin));
    }
    let anonymous = first(env, &["AWS_ANONYMOUS_CREDENTIAL", "awsAnonymousCredential"]);
    if let Some((name, value)) = anonymous
        && parse_flag(name, &value)?
    {
        return Ok((S3Auth::Anonymous, format!("`{name}`")));
    }
    let sts = sts_endpoint(env)?;
    // The order of AWS's library for Python, which the original used.
    let mut links: Vec<AwsLink> = web_identity(env, sts.clone())?.into_iter().collect();
    links.extend(profile(env, None, None, sts));
    links.extend(container(env)?);
    links.extend(instance(env)?);
    let origin = "the variables `AWS_*`".to_owned();
    Ok((S3Auth::Chain(AwsChain { links, or_anonymous: true }), origin))
}

/// The keys in the variables of AWS.
fn env_keys(env: &dyn EnvSource) -> Result<Option<(AwsKeys, String)>, CredentialError> {
    let id = first(env, &["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"]);
    let secret = first(env, &["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"]);
    match (id, secret) {
        (Some((name, id)), Some((_, secret))) => {
            let keys = AwsKeys {
                id: text::header(name, &id)?,
                secret: Secret::new(secret),
                token: token(owned(first(env, &["AWS_SESSION_TOKEN"])))?,
            };
            Ok(Some((keys, format!("`{name}`"))))
        }
        (Some((name, _)), None) => Err(CredentialError::missing("AWS_SECRET_ACCESS_KEY", name)),
        (None, Some((name, _))) => Err(CredentialError::missing("AWS_ACCESS_KEY_ID", name)),
        (None, None) => Ok(None),
    }
}

/// What rclone asks where a remote has `ENV_AUTH`, in its order.
fn env_auth(remote: &Remote<'_>) -> Result<S3Auth, CredentialError> {
    let env = remote.env();
    if let Some((keys, _)) = env_keys(env)? {
        return Ok(S3Auth::Keys(keys));
    }
    let of_remote = endpoint(remote.get("STS_ENDPOINT"))?;
    let sts = match of_remote {
        Some(endpoint) => Some(endpoint),
        None => sts_endpoint(env)?,
    };
    let (file, name) = (remote.text("SHARED_CREDENTIALS_FILE"), remote.text("PROFILE"));
    let mut links: Vec<AwsLink> = profile(env, file, name, sts.clone()).into_iter().collect();
    links.extend(container(env)?);
    links.extend(web_identity(env, sts)?);
    links.extend(instance(env)?);
    Ok(S3Auth::Chain(AwsChain { links, or_anonymous: false }))
}

fn sts_endpoint(env: &dyn EnvSource) -> Result<Option<String>, CredentialError> {
    endpoint(owned(first(env, &["AWS_ENDPOINT_URL_STS"])))
}

/// The shared files: where variables say, or in the home folder.
fn profile(
    env: &dyn EnvSource,
    file: Option<String>,
    name: Option<String>,
    sts_endpoint: Option<String>,
) -> Option<AwsLink> {
    let home = value(env, "HOME");
    let in_home = |file: &str| home.as_ref().map(|home| format!("{home}/.aws/{file}"));
    let given = file.or_else(|| value(env, "AWS_SHARED_CREDENTIALS_FILE"));
    let name = name.or_else(|| value(env, "AWS_PROFILE"));
    let required = given.is_some() || name.is_some();
    let credentials_file = given.or_else(|| in_home("credentials"));
    let config_file = value(env, "AWS_CONFIG_FILE").or_else(|| in_home("config"));
    let has_file = credentials_file.is_some() || config_file.is_some();
    let profile = AwsProfile { name, credentials_file, config_file, required, sts_endpoint };
    has_file.then_some(AwsLink::Profile(profile))
}

fn container(env: &dyn EnvSource) -> Result<Option<AwsLink>, CredentialError> {
    const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    if let Some(uri) = value(env, RELATIVE) {
        if !uri.starts_with('/') {
            return Err(CredentialError::value(
                RELATIVE,
                "a path that begins with `/`",
                quoted(&uri),
            ));
        }
        return Ok(Some(AwsLink::Container(AwsContainer { uri, token_file: None })));
    }
    let Some(uri) = value(env, FULL) else { return Ok(None) };
    let uri = text::endpoint(FULL, &uri)?;
    let Some(token_file) = value(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
        let (reason, way_out) = (
            "an agent is asked with a token from a file only",
            "set `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`, or use other credentials",
        );
        let variable = if value(env, TOKEN).is_some() { TOKEN } else { FULL }.to_owned();
        return Err(CredentialError::Unsupported { variable, reason, way_out });
    };
    Ok(Some(AwsLink::Container(AwsContainer { uri, token_file: Some(token_file) })))
}

fn web_identity(
    env: &dyn EnvSource,
    sts_endpoint: Option<String>,
) -> Result<Option<AwsLink>, CredentialError> {
    let (role, token_file) =
        (value(env, "AWS_ROLE_ARN"), value(env, "AWS_WEB_IDENTITY_TOKEN_FILE"));
    match (role, token_file) {
        (Some(role), Some(token_file)) => {
            let session = value(env, "AWS_ROLE_SESSION_NAME");
            let identity = AwsWebIdentity { role, token_file, session, sts_endpoint };
            Ok(Some(AwsLink::WebIdentity(identity)))
        }
        (None, Some(_)) => {
            Err(CredentialError::missing("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"))
        }
        // A role alone is nothing that could be taken on; tools that set it alone mean a profile.
        (Some(_) | None, None) => Ok(None),
    }
}

fn instance(env: &dyn EnvSource) -> Result<Option<AwsLink>, CredentialError> {
    const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
    if value(env, DISABLED).map(|text| parse_flag(DISABLED, &text)).transpose()?.unwrap_or(false) {
        return Ok(None);
    }
    let endpoint = endpoint(owned(first(env, &["AWS_EC2_METADATA_SERVICE_ENDPOINT"])))?;
    Ok(Some(AwsLink::Instance { endpoint }))
}

/// The key of objects that are encrypted with a customer's key (SSE-C), in base64.
fn customer_key(remote: &Remote<'_>) -> Result<Option<Secret>, CredentialError> {
    const KEY_BYTES: usize = 32;
    let expected = "a key of 32 bytes";
    let key = match (remote.get("SSE_CUSTOMER_KEY"), remote.get("SSE_CUSTOMER_KEY_BASE64")) {
        (Some((variable, key)), None) => {
            if key.len() != KEY_BYTES {
                let got = format!("{} bytes", key.len());
                return Err(CredentialError::value(variable, expected, got));
            }
            Some(text::to_base64(key.as_bytes()))
        }
        (None, Some((variable, key))) => {
            if text::base64_bytes(&key) != Some(KEY_BYTES) {
                let expected = format!("{expected} in base64");
                return Err(CredentialError::value(variable, expected, "something else"));
            }
            Some(key)
        }
        (Some((variable, _)), Some((other, _))) => {
            let expected = format!("either it or `{other}`");
            return Err(CredentialError::value(variable, expected, "both"));
        }
        (None, None) => None,
    };
    if let Some((variable, name)) = remote.get("SSE_CUSTOMER_ALGORITHM") {
        if name != "AES256" {
            return Err(CredentialError::value(variable, "`AES256`", quoted(&name)));
        }
        if key.is_none() {
            return Err(CredentialError::missing(remote.variable("SSE_CUSTOMER_KEY"), variable));
        }
    }
    Ok(key.map(Secret::new))
}
