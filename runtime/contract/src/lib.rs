//! What a container and whoever deploys it agree on: environment variables, ports and paths, graph
//! parameters, annotations and model metadata, as Seldon Core v1 has them, and the credentials of
//! stores as rclone and the clouds' own tools have them.
//!
//! Text comes in and plain data goes out. There is no IO here, except that [`env::ProcessEnv`]
//! reads the environment of this process; there is no clock and no network.
//!
//! ```
//! use radiant_contract::{Metadata, Parameters};
//!
//! let parameters =
//!     Parameters::parse(r#"[{"name":"method","value":"predict","type":"STRING"}]"#).unwrap();
//! assert_eq!(parameters.text("method"), Some(Ok("predict")));
//!
//! let metadata = Metadata::merge(Some("org/img:1.0"), &[]).unwrap();
//! assert_eq!(metadata.name(), "org/img");
//! ```

pub mod annotations;
pub mod credentials;
pub mod env;
pub mod image;
pub mod labels;
pub mod metadata;
pub mod parameters;
pub mod ports;
pub mod repository;
mod yaml;

pub use annotations::{AnnotationError, Annotations};
pub use env::{
    EnvSource, EnvVar, Layered, MapEnv, Origin, ProcessEnv, VariablesError, VariablesFile,
};
pub use image::Image;
pub use metadata::{Layer, Metadata, MetadataError};
pub use parameters::{ParameterError, ParameterValue, Parameters};
