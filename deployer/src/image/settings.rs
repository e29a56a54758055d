//! What users say of an image: variables, labels, and annotations.

use std::collections::BTreeMap;

use anyhow::anyhow;

use crate::error::Failure;

/// Ends of names whose values nobody should find in an image.
const SECRET_ENDS: [&str; 12] = [
    "SECRET",
    "SECRET_KEY",
    "SECRET_ACCESS_KEY",
    "ACCOUNT_KEY",
    "PASSWORD",
    "PASSWD",
    "PASS",
    "TOKEN",
    "SAS_URL",
    "CREDENTIALS_JSON",
    "PRIVATE_KEY",
    "API_KEY",
];

/// Reads `NAME=VALUE` arguments of a flag; the last of a name holds.
///
/// # Errors
/// When one is not of this form.
pub(crate) fn pairs(flag: &str, arguments: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut pairs = BTreeMap::new();
    for argument in arguments {
        match argument.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                pairs.insert(name.to_owned(), value.to_owned());
            }
            // What was typed may be a secret without its name.
            _ => return Err(Failure::usage(anyhow!("`{flag}`: expected NAME=VALUE, got no `=`"))),
        }
    }
    Ok(pairs)
}

/// Refuses variables that are secrets: whoever may pull an image reads them.
///
/// # Errors
/// When a name or a value says that it is one; the value is not shown.
pub(crate) fn check_environment(variables: &BTreeMap<String, String>) -> Result<(), Failure> {
    for (name, value) in variables {
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name || value.contains('\0') {
            let got = name.escape_debug();
            return Err(Failure::usage(anyhow!(
                "`--env`: expected a name of letters, digits and `_`, got `{got}`"
            )));
        }
        if is_secret(name, value) {
            let error =
                anyhow!("`--env {name}`: expected nothing secret in an image, got a secret");
            return Err(Failure::usage(error).hint(
                "give it to the container when it runs: `docker run --env-file`, or a Secret of \
                 Kubernetes with `envFrom`",
            ));
        }
    }
    Ok(())
}

/// Whether a variable is a secret, by its name or by what its value looks like.
pub(crate) fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let named = SECRET_ENDS.iter().any(|end| {
        name.strip_suffix(end).is_some_and(|head| head.is_empty() || head.ends_with('_'))
    });
    // rclone's keys of Azure's stores and Backblaze's are called no more than that.
    let of_rclone = name.starts_with("RCLONE_CONFIG_") && name.ends_with("_KEY");
    let login = value.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    let is_login =
        login.is_some_and(|host| host.split_once('@').is_some_and(|(user, _)| user.contains(':')));
    !value.is_empty() && (named || of_rclone || is_login || value.contains("PRIVATE KEY-----"))
}

/// Reads a size such as `10GiB`, `500MB` or `1024`.
///
/// # Errors
/// What was expected.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 8] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let wrong = || "expected a size such as `10GiB`".to_owned();
    let unit = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
    let (digits, bytes) = unit.unwrap_or((text, 1));
    let number: u64 = digits.trim_end().parse().map_err(|_| wrong())?;
    number.checked_mul(bytes).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_refused_and_not_shown() {
        let cases = [
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", "hunter2"),
            ("RCLONE_CONFIG_AZ_KEY", "hunter2"),
            ("RCLONE_CONFIG_X_PASS", "hunter2"),
            ("db_password", "hunter2"),
            ("HTTPS_PROXY", "http://me:hunter2@proxy:80/"),
            ("CERT", "-----BEGIN PRIVATE KEY-----hunter2"),
        ];
        for (name, value) in cases {
            let variables = [(name.to_owned(), value.to_owned())].into();
            let text = check_environment(&variables).unwrap_err().text();
            assert!(text.contains(name) && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn other_variables_are_not() {
        let cases = [
            ("RADIANT_LOG", "info"),
            ("RCLONE_CONFIG_S3_TYPE", "s3"),
            ("RADIANT_TLS_KEY", "/tls/tls.key"),
            ("COMPASS", "north"),
            ("MONKEY", "x"),
            ("AWS_SECRET_ACCESS_KEY", ""),
            ("ENDPOINT", "http://store:9000/a@b:c"),
        ];
        for (name, value) in cases {
            check_environment(&[(name.to_owned(), value.to_owned())].into()).unwrap();
        }
        assert!(check_environment(&[("A B".to_owned(), String::new())].into()).is_err());
    }

    #[test]
    fn pairs_are_split_at_the_first_sign() {
        let read = pairs("--env", &["A=b=c".into(), "B=".into(), "A=d".into()]).unwrap();
        assert_eq!(read, [("A".into(), "d".into()), ("B".into(), String::new())].into());
        assert!(pairs("--env", &["A".into()]).is_err() && pairs("--env", &["=a".into()]).is_err());
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("10GiB"), Ok(10 << 30));
        assert_eq!(size("1 kB"), Ok(1000));
        assert_eq!(size("7"), Ok(7));
        for text in ["", "GiB", "1.5GiB", "-1", "99999999999TiB", "1 XB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
