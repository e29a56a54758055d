//! The page that explains the paths, and the OpenAPI document that it shows.

/// The OpenAPI 3 document, as JSON.
pub(super) const OPENAPI: &[u8] = include_bytes!("doc/openapi.json");

/// The page: it reads the document from beside it and needs nothing from elsewhere.
pub(super) const PAGE: &[u8] = include_bytes!("doc/index.html");
