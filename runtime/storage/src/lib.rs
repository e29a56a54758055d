//! From what a user writes as a model's address to a file on this machine.
//!
//! [`ModelUri`] parses the address, [`resolve`] finds the model file that a local address means,
//! [`fetch`] copies a local file or folder into another folder, as a storage initializer does.
//!
//! What it is not: it opens no model and knows no format beyond file names, and this build reads
//! local files only. Addresses of object stores, registries and the web are recognised, so that
//! the error can say what is missing; nothing of them that may be secret is kept or shown.
//!
//! All calls block on the file system.
//!
//! ```
//! use radiant_storage::ModelUri;
//!
//! let uri = ModelUri::parse("https://user:secret@host/model.onnx?sig=secret").unwrap();
//! assert_eq!(uri.to_string(), "https://***@host/model.onnx?***");
//! ```

mod error;
mod fetch;
mod resolve;
mod uri;

pub use error::StorageError;
pub use fetch::{Limits, Report, fetch};
pub use resolve::{LocalModel, OTHER_WELL_KNOWN, resolve};
pub use uri::{ModelUri, RemoteUri, Store};
