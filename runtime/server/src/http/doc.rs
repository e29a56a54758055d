//! The page that explains the paths, and the OpenAPI documents that it shows.

/// The OpenAPI 3 document of Seldon v1, as JSON.
pub(super) const OPENAPI: &[u8] = include_bytes!("doc/openapi.json");

/// The OpenAPI 3 document of the Open Inference Protocol and of TensorFlow's, as JSON.
pub(super) const V2_OPENAPI: &[u8] = include_bytes!("doc/v2.json");

/// The page: it reads the document from beside it and needs nothing from elsewhere.
pub(super) const PAGE: &[u8] = include_bytes!("doc/index.html");
