//! Values that end up in requests, checked before they get there.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::CredentialError;
use super::remote::quoted;

/// An address with its scheme, `https` unless it says `http`.
///
/// # Errors
/// When it could be no address of a store: with a user, a query, spaces.
pub(super) fn endpoint(variable: &str, value: &str) -> Result<String, CredentialError> {
    let lower = value.to_ascii_lowercase();
    let has_scheme = ["http://", "https://"].iter().any(|scheme| lower.starts_with(scheme));
    let address = if has_scheme { value.to_owned() } else { format!("https://{value}") };
    let address = address.trim_end_matches('/').to_owned();
    let host = address.split_once("://").map_or("", |(_, rest)| rest);
    // A user's password could stand before an `@`: nothing of such a value is shown.
    if host.contains('@') {
        return Err(CredentialError::value(
            variable,
            "an address without user and password",
            "one with `@`",
        ));
    }
    let is_plain = !host.is_empty()
        && !host.starts_with('/')
        && !host.contains("://")
        && host.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '\\' | '"'));
    if !is_plain {
        let expected = "the address of a store, such as `https://host:port`";
        return Err(CredentialError::value(variable, expected, quoted(value)));
    }
    Ok(address)
}

/// A value that a header must be able to hold.
///
/// # Errors
/// When it has other characters than visible ones; it is not shown, as it may be secret.
pub(super) fn header(variable: &str, value: &str) -> Result<String, CredentialError> {
    if value.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(value.to_owned());
    }
    let expected = "letters, digits and signs of ASCII only";
    Err(CredentialError::value(variable, expected, "a value with spaces or other characters"))
}

/// A storage account of Azure.
///
/// # Errors
/// When it has other characters than letters, digits and `-`.
pub(super) fn account(variable: &str, value: &str) -> Result<String, CredentialError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !value.is_empty() && value.chars().all(is_plain) {
        return Ok(value.to_owned());
    }
    let expected = "a storage account, of letters and digits";
    Err(CredentialError::value(variable, expected, quoted(value)))
}

/// Encodes bytes in base64 (RFC 4648, with padding).
pub(super) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Takes what other programs take: bits behind the last byte say nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// How many bytes a text in base64 stands for; `None` where it is none.
pub(super) fn base64_bytes(text: &str) -> Option<usize> {
    LENIENT.decode(text).ok().map(|bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_without_a_scheme_is_https() {
        for (value, expected) in [
            ("minio:9000", "https://minio:9000"),
            ("minio:9000/", "https://minio:9000"),
            ("http://minio:9000", "http://minio:9000"),
            ("HTTPS://minio", "HTTPS://minio"),
            ("httpbin.example", "https://httpbin.example"),
            ("https://host/path", "https://host/path"),
        ] {
            assert_eq!(endpoint("E", value).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused_and_passwords_stay_hidden() {
        for value in ["https://user:hunter2@host", "a b", "https://", "h?x=1", "s3://host", "/p"] {
            let error = endpoint("E", value).unwrap_err().to_string();
            assert!(error.starts_with("`E`: expected") && !error.contains("hunter2"), "{error}");
        }
    }
}
