//! Files with credentials, whose form is told by what they hold.

use std::collections::BTreeMap;
use std::path::Path;

use radiant_contract::credentials::Provider;
use radiant_contract::{EnvSource as _, VariablesFile};
use serde_json::Value;

use super::ini::{Section, sections};
use super::{Choice, CredentialsError, Machine, Variables, aws, json, rclone};
use crate::credentials::expiry;

/// What rclone writes above a file that a password protects.
const ENCRYPTED: &str = "RCLONE_ENCRYPT_V0:";
/// The first line of what AWS's console gives to download.
const CSV: &str = "access key id,secret access key";

/// Reads a file.
pub(super) fn read(
    path: &Path,
    choice: &Choice,
    machine: &Machine<'_>,
) -> Result<Variables, CredentialsError> {
    let text = machine.read("file", path)?;
    parse(&text, &format!("file `{}`", path.display()), choice)
}

fn parse(text: &str, origin: &str, choice: &Choice) -> Result<Variables, CredentialsError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let bad = |got: &str| {
        let expected = "variables as `NAME=value`, a profile of AWS, a section of rclone, a connection \
                        string or signature of Azure, or JSON of a cloud";
        CredentialsError::new(origin, expected, got)
    };
    if text.is_empty() {
        return Err(bad("nothing"));
    }
    if text.starts_with('{') {
        return json::parse(text, origin);
    }
    if text.lines().any(|line| line.trim() == ENCRYPTED) {
        return Err(bad("a configuration of rclone that a password protects").hint(
            "`rclone config dump > remotes.json` asks for it; then `--from-file remotes.json`",
        ));
    }
    if text.starts_with("-----BEGIN") {
        return Err(bad("a key or certificate in PEM")
            .hint("give the JSON file that the cloud made with the key"));
    }
    let first = text.lines().next().unwrap_or_default().trim();
    if first.to_ascii_lowercase().starts_with(CSV) {
        return csv(text, origin);
    }
    if text.lines().any(|line| line.trim() == "kind: Secret") {
        return secret(text, origin);
    }
    if text.lines().any(|line| line.trim_start().starts_with('[')) {
        return of_sections(&sections(text), origin, choice);
    }
    if text.lines().nth(1).is_none()
        && let Some(found) = azure_line(text, origin)
    {
        return Ok(found);
    }
    lines(text, origin)
}

/// Variables, a line each.
fn lines(text: &str, origin: &str) -> Result<Variables, CredentialsError> {
    let file = VariablesFile::parse(origin, text).map_err(|error| {
        let place = format!("{origin}: line {}", error.line);
        CredentialsError::new(place, "`NAME=value`, a comment or nothing", error.got)
    })?;
    let mut variables = Variables::new(origin);
    for name in file.names() {
        if let Some(value) = file.get(&name) {
            variables.set(name, value);
        }
    }
    variables.expires = variables.get("AWS_CREDENTIAL_EXPIRATION").and_then(expiry::time);
    Ok(variables)
}

/// A line that is a connection string, a signed address, or a signature alone.
fn azure_line(text: &str, origin: &str) -> Option<Variables> {
    let mut variables = Variables::new(origin);
    variables.provider = Some(Provider::Azure);
    let has = |part: &str| text.contains(part);
    if has("AccountName=") || has("BlobEndpoint=") || has("UseDevelopmentStorage=") {
        // As a variable of a shell, it is a line of variables.
        let is_pair = text.split(';').next().is_some_and(|it| it.matches('=').count() > 1);
        let is_url = text.starts_with("BlobEndpoint=");
        if is_pair && !is_url {
            return None;
        }
        variables.set("AZURE_STORAGE_CONNECTION_STRING", text);
        return Some(variables);
    }
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let is_signature = query.split('&').any(|part| part.starts_with("sig="));
    let is_address = text.starts_with("https://") || text.starts_with("http://");
    if is_signature && is_address {
        variables.set("RCLONE_CONFIG_AZ_TYPE", "azureblob");
        variables.set("RCLONE_CONFIG_AZ_SAS_URL", text);
        return Some(variables);
    }
    let is_bare = text.starts_with('?') || query.contains('&');
    if is_signature && is_bare && !text.contains(' ') && text.find('?').unwrap_or(0) == 0 {
        variables.set("AZURE_STORAGE_SAS_TOKEN", query);
        return Some(variables);
    }
    None
}

/// Sections of rclone, or profiles of AWS.
fn of_sections(
    sections: &[Section],
    origin: &str,
    choice: &Choice,
) -> Result<Variables, CredentialsError> {
    if sections.iter().any(|section| section.values.contains_key("type")) {
        return Ok(rclone::sections(sections, origin));
    }
    let profile = |name: &str| sections.iter().find(|section| section.name == name);
    let wanted = match (&choice.remote, sections) {
        (Some(name), _) => profile(name),
        (None, [only]) => Some(only),
        (None, _) => profile(aws::DEFAULT),
    };
    let Some(section) = wanted else {
        let names = sections.iter().map(|section| section.name.clone()).collect();
        let expected = "one section, or one called `default`";
        return Err(CredentialsError::new(origin, expected, aws::list(names))
            .hint("choose one by `--remote`, or a profile of AWS by `--from-profile`"));
    };
    let place = format!("{origin}: section `{}`", section.name);
    aws::variables(&section.name, &section.values, &place)
}

/// What AWS's console gives to download for a new access key.
fn csv(text: &str, origin: &str) -> Result<Variables, CredentialsError> {
    let expected = "a line with an access key and its secret, below the names";
    let error = || CredentialsError::new(origin, expected, "something else");
    let line = text.lines().nth(1).ok_or_else(error)?;
    let (id, rest) = line.split_once(',').ok_or_else(error)?;
    let secret = rest.split(',').next().unwrap_or_default();
    let values: BTreeMap<String, String> = [
        ("aws_access_key_id".to_owned(), id.trim().to_owned()),
        ("aws_secret_access_key".to_owned(), secret.trim().to_owned()),
    ]
    .into();
    aws::variables(aws::DEFAULT, &values, origin)
}

/// A Secret of Kubernetes in YAML.
fn secret(text: &str, origin: &str) -> Result<Variables, CredentialsError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: 16, max_nodes: 10_000, max_documents: 1 },
        with_snippet: false,
    };
    let value: Value = serde_saphyr::from_str_with_options(text, options)
        .map_err(|_| CredentialsError::new(origin, "a Secret in YAML", "something else"))?;
    let object = value.as_object().cloned().unwrap_or_default();
    json::document(&value, &object, origin)
}
