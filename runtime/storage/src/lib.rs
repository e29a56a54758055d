//! From what a user writes as a model's address to files on this machine.
//!
//! [`ModelUri`] parses the address. [`Storage`] brings what is there to this machine: into a folder, as a
//! storage initializer does, or into a cache that processes share. [`resolve`] finds the model file
//! in a folder, [`repository`] the models and versions in a folder of folders.
//!
//! | address | who reads it |
//! |---|---|
//! | `s3://`, `gs://`, `az://` and their kin, `remote:bucket/path` | `connect` opens the store, [`transfer`] lists and downloads |
//! | `http://`, `https://` | [`web`], by the same downloads; [`archive`] unpacks |
//! | `oci://` | [`oci`] |
//! | a path, `file://`, `pvc://` | nobody: they are here |
//!
//! What it is not: it opens no model and knows no format beyond file names. Nothing secret of an
//! address or a setting is ever shown.
//!
//! ```
//! use radiant_storage::ModelUri;
//!
//! let uri = ModelUri::parse("https://user:secret@host/model.onnx?sig=secret").unwrap();
//! assert_eq!(uri.to_string(), "https://***@host/model.onnx?***");
//! ```

pub mod archive;
pub mod cache;
mod client;
pub mod connect;
mod credentials;
mod error;
mod explain;
mod fetch;
mod hex;
mod location;
mod look;
mod objects;
pub mod oci;
pub mod progress;
pub mod repository;
mod resolve;
mod staging;
mod storage;
mod survey;
pub mod transfer;
mod uri;
pub mod web;

pub use cache::CachedModel;
pub use connect::Http;
pub use credentials::{CredentialsError, read_credentials};
pub use error::StorageError;
pub use fetch::{Limits, Report};
pub use look::{Seen, look};
pub use progress::{Progress, for_people};
pub use resolve::{LocalModel, OTHER_WELL_KNOWN, resolve};
pub use staging::WriteError;
pub use storage::{Options, Storage};
pub use survey::{Contents, Survey};
pub use uri::{BucketName, ModelUri, RemoteUri, Store};
