//! The generate extension: text in, text out. How pieces of text are sent one by one is the server's.

use radiant_core::{Error, Map};

use super::fault::{Fault, other_kind};
use super::input::text;
use super::print::Object;
use crate::Limits;
use crate::json::Cursor;

/// A request to generate text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Generate {
    /// The client's id; empty where none came.
    pub id: String,
    /// The text to go on from: `text_input`.
    pub prompt: String,
    /// `parameters`, and every other key of the request.
    pub parameters: Map,
}

/// Decodes a request to generate text. The last of two equal keys counts.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the body is no JSON object with a string
/// `text_input`, or exceeds a limit.
pub fn decode_generate(body: &[u8], limits: &Limits) -> Result<Generate, Error> {
    let mut cursor = Cursor::new(body);
    message(&mut cursor, limits).map_err(|fault| fault.into_error(body))
}

fn message(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Generate, Fault> {
    if cursor.peek() != Some(b'{') {
        return Err(other_kind(cursor, "request", "a JSON object"));
    }
    cursor.object_start()?;
    let (mut generate, mut prompt, mut first) = (Generate::default(), None, true);
    while let Some(key) = cursor.next_key(first)? {
        first = false;
        match &*key {
            "id" if cursor.peek() != Some(b'n') => {
                generate.id = text(cursor, || "`id`".to_owned())?.into_owned();
            }
            "text_input" => prompt = Some(text(cursor, || "`text_input`".to_owned())?.into_owned()),
            "parameters" if cursor.peek() == Some(b'{') => {
                parameters(cursor, limits, &mut generate.parameters)?;
            }
            "parameters" if cursor.peek() != Some(b'n') => {
                return Err(other_kind(cursor, "`parameters`", "an object"));
            }
            "id" | "parameters" => _ = cursor.skip_value(limits)?,
            _ => _ = generate.parameters.insert(key.into_owned(), cursor.value(limits)?),
        }
    }
    cursor.finish()?;
    generate.prompt =
        prompt.ok_or_else(|| Error::invalid_input("`text_input`: expected a string, got none"))?;
    Ok(generate)
}

fn parameters(cursor: &mut Cursor<'_>, limits: &Limits, map: &mut Map) -> Result<(), Fault> {
    cursor.object_start()?;
    let mut first = true;
    while let Some(key) = cursor.next_key(first)? {
        first = false;
        map.insert(key.into_owned(), cursor.value(limits)?);
    }
    Ok(())
}

/// Appends the reply with the generated text, or with a piece of it; an empty `id` or `version` is left
/// out. There is no line break in it, so that it can be the data of a server-sent event.
pub fn encode_generate(out: &mut Vec<u8>, id: &str, model: &str, version: &str, text: &str) {
    let mut object = Object::open(out);
    object.text("model_name", model);
    if !version.is_empty() {
        object.text("model_version", version);
    }
    if !id.is_empty() {
        object.text("id", id);
    }
    object.text("text_output", text);
    object.close();
}

#[cfg(test)]
mod tests {
    use radiant_core::Value;

    use super::*;

    fn decode(body: &str) -> Result<Generate, String> {
        decode_generate(body.as_bytes(), &Limits::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_beside_the_text_are_parameters() {
        let body = r#"{"id":"g1","text_input":"hi","parameters":{"stream":false,"t":0},"top":[1]}"#;
        let mut parameters = Map::new();
        parameters.insert("stream".into(), Value::Bool(false));
        parameters.insert("t".into(), Value::Int(0));
        parameters.insert("top".into(), Value::List(vec![Value::Int(1)]));
        assert_eq!(decode(body), Ok(Generate { id: "g1".into(), prompt: "hi".into(), parameters }));
        let plain = Generate { prompt: "x".into(), ..Generate::default() };
        assert_eq!(decode(r#"{"id":null,"parameters":null,"text_input":"x"}"#), Ok(plain));
    }

    #[test]
    fn what_is_no_request_to_generate_is_refused() {
        let cases = [
            ("", "request: expected a JSON object, got the end"),
            ("[]", "request: expected a JSON object, got an array"),
            (r#"{"foo":1}"#, "`text_input`: expected a string, got none"),
            (r#"{"text_input":1}"#, "`text_input`: expected a string, got a number"),
            (r#"{"text_input":"a","id":7}"#, "`id`: expected a string, got a number"),
            (
                r#"{"text_input":"a","parameters":[]}"#,
                "`parameters`: expected an object, got an array",
            ),
            (
                r#"{"text_input":"a"}}"#,
                "request is not JSON: expected the end at line 1 column 19 (byte 18)",
            ),
        ];
        for (body, message) in cases {
            assert_eq!(decode(body), Err(message.into()), "{body}");
        }
    }

    #[test]
    fn replies_are_json_on_one_line() {
        let mut out = Vec::new();
        encode_generate(&mut out, "g1", "m", "1", "a\nb");
        let text = r#"{"model_name":"m","model_version":"1","id":"g1","text_output":"a\nb"}"#;
        assert_eq!(String::from_utf8_lossy(&out), text);
        out.clear();
        encode_generate(&mut out, "", "m", "", "x");
        assert_eq!(String::from_utf8_lossy(&out), r#"{"model_name":"m","text_output":"x"}"#);
    }
}
