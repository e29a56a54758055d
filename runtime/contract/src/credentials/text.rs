//! Values that end up in requests, checked before they get there.

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
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| {
        let index = usize::try_from(bits & 0x3f).unwrap_or_default();
        ALPHABET.get(index).copied().map_or('A', char::from)
    };
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        text.push(digit(bits >> 18));
        text.push(digit(bits >> 12));
        text.push(if chunk.len() > 1 { digit(bits >> 6) } else { '=' });
        text.push(if chunk.len() > 2 { digit(bits) } else { '=' });
    }
    text
}

/// How many bytes a text in base64 stands for; `None` where it is none.
pub(super) fn base64_bytes(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let is_digit = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    let is_whole = text.len().is_multiple_of(4) && text.len().checked_sub(digits.len())? <= 2;
    (is_whole && digits.chars().all(is_digit)).then(|| digits.len() * 3 / 4)
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

    #[test]
    fn base64_is_that_of_the_standard() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(to_base64(bytes.as_bytes()), text);
            assert_eq!(base64_bytes(text), Some(bytes.len()));
        }
        assert_eq!((base64_bytes("Zg="), base64_bytes("Z***")), (None, None));
    }
}
