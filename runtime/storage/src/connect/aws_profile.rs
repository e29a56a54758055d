//! The files that AWS's own tools share: sections of `name = value`.

use std::collections::BTreeMap;
use std::path::Path;

use radiant_contract::credentials::{AwsKeys, AwsProfile, AwsWebIdentity, Secret};

use super::{ConnectError, read_file, read_optional_file};

/// What these files are called in messages.
const WHAT: &str = "file of aws profiles";
/// The profile that holds without being named.
const DEFAULT: &str = "default";
/// Sources of credentials that would need another program, or another role to begin with.
const UNSUPPORTED: [&str; 5] =
    ["credential_process", "sso_session", "sso_start_url", "source_profile", "credential_source"];

/// What a profile gives.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// Who asks, if it says so.
    pub(super) credentials: Option<ProfileCredentials>,
    /// The region, if it says so.
    pub(super) region: Option<String>,
    /// The store's address, if it says so.
    pub(super) endpoint: Option<String>,
}

/// Who asks.
#[derive(Debug)]
pub(super) enum ProfileCredentials {
    /// An access key.
    Keys(AwsKeys),
    /// A role that is taken on with a token.
    WebIdentity(AwsWebIdentity),
}

/// Reads a profile.
///
/// # Errors
/// When a file or a profile that somebody named is not there, or is not what it should be.
pub(super) async fn read(profile: &AwsProfile) -> Result<Profile, ConnectError> {
    let name = profile.name.as_deref().unwrap_or(DEFAULT);
    let mut values = BTreeMap::new();
    let mut is_there = false;
    for (file, is_config) in [(&profile.config_file, true), (&profile.credentials_file, false)] {
        let Some(path) = file else { continue };
        // The file with keys is the one that people name.
        let must_be = profile.required && !is_config && profile.name.is_none();
        let text = if must_be {
            Some(read_file(WHAT, path).await?)
        } else {
            read_optional_file(WHAT, path).await?
        };
        let section = text.and_then(|text| section(&text, name, is_config));
        is_there |= section.is_some();
        values.extend(section.unwrap_or_default());
    }
    let path = profile.credentials_file.as_ref().or(profile.config_file.as_ref());
    let path = Path::new(path.map_or("", String::as_str));
    if !is_there && profile.required {
        return Err(ConnectError::File {
            what: WHAT,
            path: path.to_owned(),
            expected: "the profile that is asked for",
            got: format!("no profile `{name}`"),
        });
    }
    let credentials = credentials(&values, profile, path)?;
    let value = |name: &str| values.get(name).cloned();
    let endpoint = value("endpoint_url");
    Ok(Profile { credentials, region: value("region"), endpoint })
}

fn credentials(
    values: &BTreeMap<String, String>,
    profile: &AwsProfile,
    path: &Path,
) -> Result<Option<ProfileCredentials>, ConnectError> {
    let value = |name: &str| values.get(name).cloned();
    let error = |got: &str| ConnectError::File {
        what: WHAT,
        path: path.to_owned(),
        expected: "`aws_access_key_id` and `aws_secret_access_key`",
        got: got.to_owned(),
    };
    let keys = (value("aws_access_key_id"), value("aws_secret_access_key"));
    let is_role = values.contains_key("role_arn");
    match keys {
        (Some(id), Some(secret)) if !is_role => {
            let token = value("aws_session_token").map(Secret::new);
            let texts = [Some(id.as_str()), token.as_ref().map(Secret::expose)];
            let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
            if !texts.into_iter().flatten().all(is_plain) {
                return Err(error("values with spaces or other characters"));
            }
            let keys = AwsKeys { id, secret: Secret::new(secret), token };
            return Ok(Some(ProfileCredentials::Keys(keys)));
        }
        (Some(_), None) => return Err(error("the first only")),
        (None, Some(_)) => return Err(error("the second only")),
        (Some(_), Some(_)) | (None, None) => {}
    }
    if let (Some(role), Some(token_file)) = (value("role_arn"), value("web_identity_token_file")) {
        let session = value("role_session_name");
        let sts_endpoint = profile.sts_endpoint.clone();
        let identity = AwsWebIdentity { role, token_file, session, sts_endpoint };
        return Ok(Some(ProfileCredentials::WebIdentity(identity)));
    }
    let unsupported = UNSUPPORTED.iter().find(|name| values.contains_key(**name));
    if let Some(name) = unsupported {
        return Err(ConnectError::Unsupported {
            what: WHAT,
            path: path.to_owned(),
            reason: format!("profiles with `{name}` are not followed"),
            way_out: "write keys into the profile, or set `AWS_ACCESS_KEY_ID` and \
                      `AWS_SECRET_ACCESS_KEY`",
        });
    }
    Ok(None)
}

/// The values of a section; `None` where it is not there. In the file of configurations all
/// sections but the default one are called `profile name`.
fn section(text: &str, name: &str, is_config: bool) -> Option<BTreeMap<String, String>> {
    let mut found = None;
    let mut is_inside = false;
    for line in text.lines() {
        // What is indented belongs to a value of other services.
        let is_nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) || is_nested {
            continue;
        }
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let header = header.0.trim();
            let prefixed = header.strip_prefix("profile").filter(|it| it.starts_with([' ', '\t']));
            is_inside = match prefixed {
                Some(rest) if is_config => rest.trim() == name,
                Some(_) | None => header == name && (!is_config || name == DEFAULT),
            };
            if is_inside {
                found.get_or_insert_with(BTreeMap::new);
            }
            continue;
        }
        let pair = line.split_once('=').filter(|(_, value)| !value.trim().is_empty());
        if let (true, Some((key, value))) = (is_inside, pair) {
            let values = found.get_or_insert_with(BTreeMap::new);
            values.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_by_the_names_that_each_file_gives_them() {
        let credentials = "# c\n[default]\nA = 1\n[other]\na=2\nb = x=y\n  nested = 3\n";
        let value = |text: &str, name: &str, is_config, key: &str| {
            section(text, name, is_config).and_then(|it| it.get(key).cloned())
        };
        assert_eq!(value(credentials, "default", false, "a").as_deref(), Some("1"));
        assert_eq!(value(credentials, "other", false, "b").as_deref(), Some("x=y"));
        assert_eq!(value(credentials, "other", false, "nested"), None);
        assert_eq!(section(credentials, "third", false), None);
        let config = "[default]\na=1\n[profile other]\na=2\n[other]\na=3\n[profile default]\nb=4";
        assert_eq!(value(config, "other", true, "a").as_deref(), Some("2"));
        assert_eq!(value(config, "default", true, "a").as_deref(), Some("1"));
        assert_eq!(value(config, "default", true, "b").as_deref(), Some("4"));
    }
}
