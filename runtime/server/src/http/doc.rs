//! The page that explains the paths, and the OpenAPI documents that it shows, with requests that the
//! model takes.

use bytes::Bytes;
use radiant_core::Error;
use radiant_protocol::json;

use crate::example::examples;
use crate::repository::Found;

/// The OpenAPI 3 document of Seldon v1, as JSON.
pub(super) const OPENAPI: &[u8] = include_bytes!("doc/openapi.json");

/// The OpenAPI 3 document of the Open Inference Protocol, of TensorFlow's and of MLflow's, as JSON.
pub(super) const V2_OPENAPI: &[u8] = include_bytes!("doc/v2.json");

/// The page: it reads the document from beside it and needs nothing from elsewhere.
pub(super) const PAGE: &[u8] = include_bytes!("doc/index.html");

/// The document with requests that this model takes, by path, as its member `x-examples`. A component
/// takes the document's own.
pub(super) fn with_examples(document: &'static [u8], found: Result<Found, Error>) -> Bytes {
    let found = found.ok();
    let node = found.as_ref().and_then(|found| found.node().ok());
    let engine = node.as_ref().and_then(|node| Some((node.engine()?.0, &node.scoring)));
    let (Some((engine, scoring)), Some(open)) = (engine, document.trim_ascii().strip_suffix(b"}"))
    else {
        return Bytes::from_static(document);
    };
    let mut text = open.to_vec();
    text.extend_from_slice(br#","x-examples":{"#);
    let mut separator: &[u8] = b"";
    // Paths as the document has them.
    for example in examples("{model}", engine.signature(), scoring) {
        if let ("REST", Some(body)) = (example.transport, example.body.text()) {
            text.extend_from_slice(separator);
            json::push_string(&mut text, &example.target);
            text.push(b':');
            text.extend_from_slice(body.as_bytes());
            separator = b",";
        }
    }
    text.extend_from_slice(b"}}\n");
    Bytes::from(text)
}
