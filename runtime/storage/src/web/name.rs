//! What a file from the web is called here.

use percent_encoding::percent_decode_str;
use reqwest::Url;

/// Where there is no name, or none that a file can have.
const NAMELESS: &str = "model";

/// What file systems take, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// The server's name for it, or else the last part of the address.
pub(super) fn of(disposition: Option<&str>, url: &Url) -> String {
    let told = disposition.and_then(from_disposition).and_then(|name| clean(&name));
    let last = || clean(&decode(url.path_segments()?.rfind(|part| !part.is_empty())?)?);
    told.or_else(last).unwrap_or_else(|| NAMELESS.to_owned())
}

/// Reads `attachment; filename="a.onnx"; filename*=UTF-8''a.onnx`. The second form wins, as it is the
/// one that can hold all characters.
fn from_disposition(text: &str) -> Option<String> {
    let parameters = parameters(text);
    let value = |wanted: &str| {
        parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    let extended = value("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_language, name) = rest.split_once('\'')?;
        if charset.eq_ignore_ascii_case("utf-8") { decode(name) } else { None }
    });
    extended.or_else(|| value("filename").cloned())
}

/// Splits at `;` outside of quotes, and takes quotes and their escapes away.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let (mut key, mut value, mut in_value, mut quoted) =
        (String::new(), String::new(), false, false);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if in_value => quoted = !quoted,
            '\\' if quoted => value.extend(letters.next()),
            ';' if !quoted => {
                parameters.push((std::mem::take(&mut key), std::mem::take(&mut value)));
                in_value = false;
            }
            '=' if !in_value => in_value = true,
            letter if in_value => value.push(letter),
            letter => key.push(letter),
        }
    }
    parameters.push((key, value));
    let trimmed = parameters.iter().map(|(key, value)| (key.trim().into(), value.trim().into()));
    trimmed.collect()
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// A plain name of a file, or none. Folders before it are the server's and left out; what begins with
/// a dot would be hidden, or a trap.
fn clean(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?.trim();
    let is_plain = !last.is_empty()
        && !last.starts_with('.')
        && last.len() <= NAME_BYTES_MAX
        && !last.chars().any(char::is_control);
    is_plain.then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_server_or_the_address() {
        for (disposition, url, expected) in [
            ("", "http://h/a/model.onnx?x=1", "model.onnx"),
            ("", "http://h/a%20b/%C3%BC+1.onnx", "ü+1.onnx"),
            ("", "http://h/folder/", "folder"),
            ("", "http://h/", "model"),
            ("", "http://h/a%2F..%2F..%2Fetc%2Fpasswd", "passwd"),
            ("", "http://h/%2E%2E%2F.", "model"),
            ("", "http://h/%FF", "model"),
            ("", "http://h/a%00b", "model"),
            ("attachment", "http://h/a", "a"),
            ("attachment; filename=b.onnx", "http://h/a", "b.onnx"),
            ("attachment; filename=\"b;1.onnx\"", "http://h/a", "b;1.onnx"),
            ("attachment; FileName=\"b\\\"c\"", "http://h/a", "b\"c"),
            ("attachment; filename=\"x\"; filename*=UTF-8''%C3%BC.zip", "http://h/a", "ü.zip"),
            ("attachment; filename*=latin1''x; filename=y", "http://h/a", "y"),
            ("attachment; filename=\"../../etc/passwd\"", "http://h/a", "passwd"),
            ("attachment; filename=\"C:\\\\x\\\\y.bin\"", "http://h/a", "y.bin"),
            ("attachment; filename=\"..\"", "http://h/a", "a"),
            ("attachment; filename=\".radiant-fetch\"", "http://h/a", "a"),
            ("attachment; filename=\"\"", "http://h/a", "a"),
        ] {
            let url = Url::parse(url).unwrap();
            let disposition = Some(disposition).filter(|text| !text.is_empty());
            assert_eq!(of(disposition, &url), expected, "{disposition:?} {url}");
        }
        let long = format!("http://h/{}", "x".repeat(256));
        assert_eq!(of(None, &Url::parse(&long).unwrap()), "model");
    }
}
