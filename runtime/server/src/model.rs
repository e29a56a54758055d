//! What a loader hands to the server.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use radiant_contract::repository::QueuePolicy;
use radiant_core::schema::Scoring;
use radiant_core::{Component, Engine};

use crate::OutputChoice;

/// A model to serve.
#[derive(Debug)]
pub struct Model {
    /// What computes the answers.
    pub served: Served,
    /// Which output a V1 reply carries.
    pub output: OutputChoice,
    /// Column names of the replies, where metadata gives them.
    pub class_names: Option<Vec<String>>,
    /// The node's name and image, as in `meta.requestPath`; none where the node has no name.
    pub request_path: Option<(String, String)>,
    /// The reply to `/metadata`: a JSON text with a line end.
    pub metadata: String,
    /// The model's format in the Open Inference Protocol's terms, such as `onnx_onnxv1`.
    pub platform: String,
    /// Why it is this engine that runs it; empty where there was nothing to choose.
    pub reason: String,
    /// What its MLflow signature says, where it has one.
    pub scoring: Scoring,
    /// How long its requests may take, and which of them come first.
    pub queue: QueuePolicy,
}

/// What computes a model's answers.
#[derive(Debug, Clone)]
pub enum Served {
    /// Tensors in, tensors out.
    Engine(Arc<dyn Engine>),
    /// Whole payloads in and out.
    Component(Arc<dyn Component>),
}

/// Why a model cannot be served.
#[derive(Debug)]
pub struct LoadError {
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl LoadError {
    /// An error with this message for people.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// Adds what lies behind.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl LoadError {
    /// The message with those of everything that lies behind it.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = StdError::source(self);
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for LoadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
