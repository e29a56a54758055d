//! Profiles of the files that AWS's tools share.

use std::collections::BTreeMap;
use std::path::PathBuf;

use radiant_contract::EnvSource;
use radiant_contract::credentials::Provider;

use super::super::expiry;
use super::ini::{Section, sections};
use super::{CredentialsError, Machine, Variables};

const WHAT: &str = "files of AWS profiles";
/// The profile that holds without being named.
pub(super) const DEFAULT: &str = "default";
/// Values that say that keys come from elsewhere, with what that is.
const ELSEWHERE: [(&str, &str); 6] = [
    ("credential_process", "the output of a program (`credential_process`), and none is run here"),
    ("sso_session", "a login in a browser (`sso_session`)"),
    ("sso_start_url", "a login in a browser (`sso_start_url`)"),
    ("login_session", "a login in a browser (`login_session`)"),
    ("source_profile", "a role that is assumed from another profile (`source_profile`)"),
    ("credential_source", "a role that a machine assumes (`credential_source`)"),
];

/// Reads a profile, which must be there: keys, session token, region and endpoint.
pub(super) fn profile(name: &str, machine: &Machine<'_>) -> Result<Variables, CredentialsError> {
    let mut known = Vec::new();
    if let Some(variables) = find_profile(name, machine, &mut known)? {
        return Ok(variables);
    }
    Err(CredentialsError::new(WHAT, format!("a profile `{name}`"), list(known))
        .hint("choose one of these, or name the files by `AWS_SHARED_CREDENTIALS_FILE`"))
}

/// Reads a profile that need not be there, and tells which there are.
pub(in super::super) fn find_profile(
    name: &str,
    machine: &Machine<'_>,
    known: &mut Vec<String>,
) -> Result<Option<Variables>, CredentialsError> {
    let env = machine.env;
    let [keys, config] =
        [("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("AWS_CONFIG_FILE", "config")]
            .map(|(variable, file)| path(env, variable, file));
    let mut values = BTreeMap::new();
    let mut is_there = false;
    for (path, is_config) in [(&config, true), (&keys, false)] {
        let Some(path) = path else { continue };
        let Some(text) = machine.read_optional(WHAT, path)? else { continue };
        let read = sections(&text);
        known.extend(read.iter().filter_map(|it| profile_name(it, is_config)).map(str::to_owned));
        for section in &read {
            if profile_name(section, is_config) == Some(name) {
                is_there = true;
                values.extend(section.values.clone());
            }
        }
        if let Some(endpoint) = endpoint_of_services(&read, &values) {
            values.insert("endpoint_url".to_owned(), endpoint);
        }
    }
    if !is_there {
        return Ok(None);
    }
    let shown = keys.or(config).unwrap_or_default();
    let origin = format!("the profile `{name}` of `{}`", shown.display());
    variables(name, &values, &origin).map(Some)
}

/// Variables of a profile's values.
pub(super) fn variables(
    name: &str,
    values: &BTreeMap<String, String>,
    origin: &str,
) -> Result<Variables, CredentialsError> {
    let value = |name: &str| values.get(name).filter(|it| !it.is_empty());
    let keys = (value("aws_access_key_id"), value("aws_secret_access_key"));
    let expected = "`aws_access_key_id` and `aws_secret_access_key`";
    let error = |got: &str| CredentialsError::new(origin, expected, got);
    let is_role = values.contains_key("role_arn");
    let (id, secret) = match keys {
        (Some(id), Some(secret)) if !is_role => (id, secret),
        (Some(_), None) => return Err(error("the first only")),
        (None, Some(_)) => return Err(error("the second only")),
        (Some(_) | None, Some(_) | None) => return Err(elsewhere(name, values, &error)),
    };
    let mut variables = Variables::new(origin);
    variables.provider = Some(Provider::S3);
    variables.set("AWS_ACCESS_KEY_ID", id);
    variables.set("AWS_SECRET_ACCESS_KEY", secret);
    for (from, to) in [
        ("aws_session_token", "AWS_SESSION_TOKEN"),
        ("region", "AWS_REGION"),
        ("endpoint_url", "AWS_ENDPOINT_URL"),
        ("ca_bundle", "AWS_CA_BUNDLE"),
    ] {
        if let Some(value) = value(from) {
            variables.set(to, value);
        }
    }
    let times = ["expiration", "aws_expiration", "x_security_token_expires"];
    variables.expires = times.iter().find_map(|it| expiry::time(value(it)?));
    Ok(variables)
}

/// Why a profile without keys has none, and what to do.
fn elsewhere(
    name: &str,
    values: &BTreeMap<String, String>,
    error: &dyn Fn(&str) -> CredentialsError,
) -> CredentialsError {
    let export = format!(
        "`aws configure export-credentials --profile {name} --format process > keys.json` and \
         `--from-file keys.json` (keys for some hours), or let the pods' ServiceAccount have the role \
         (`credentials.serviceAccount`)"
    );
    let is_set = |key: &str| values.get(key).is_some_and(|it| !it.is_empty());
    if is_set("web_identity_token_file") {
        return error("a role that is assumed with a token of this machine").hint(
            "pods have tokens of their own: let their ServiceAccount have the role \
             (`credentials.serviceAccount`)",
        );
    }
    match ELSEWHERE.iter().find(|(key, _)| is_set(key)) {
        Some((_, what)) => error(what).hint(export),
        None if is_set("role_arn") => error("a role (`role_arn`)").hint(export),
        None => error("neither").hint("choose a profile with keys, or use `--from-env`"),
    }
}

/// The profile that a section is of. In the file of configurations all but the default one are called
/// `profile NAME`.
fn profile_name(section: &Section, is_config: bool) -> Option<&str> {
    let name = section.name.as_str();
    let prefixed = name.strip_prefix("profile").filter(|it| it.starts_with([' ', '\t']));
    match prefixed {
        Some(rest) if is_config => Some(rest.trim()),
        Some(_) | None => (!is_config || name == DEFAULT).then_some(name),
    }
}

/// The store's address, where a profile names a section of services for it.
fn endpoint_of_services(sections: &[Section], values: &BTreeMap<String, String>) -> Option<String> {
    let name = format!("services {}", values.get("services")?);
    let services = sections.iter().find(|section| section.name == name)?;
    services.nested.get("s3")?.get("endpoint_url").cloned()
}

fn path(env: &dyn EnvSource, variable: &str, file: &str) -> Option<PathBuf> {
    let in_home = || Some(format!("{}/.aws/{file}", env.get("HOME")?));
    env.get(variable).or_else(in_home).map(PathBuf::from)
}

/// Names for a message.
pub(super) fn list(mut names: Vec<String>) -> String {
    const NAMES_MAX: usize = 10;
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    match (names.as_slice(), more) {
        ([], _) => "none at all".to_owned(),
        (names, 0) => format!("only `{}`", names.join("`, `")),
        (names, more) => format!("only `{}` and {more} more", names.join("`, `")),
    }
}
