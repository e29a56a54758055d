//! ONNX Runtime, where this build has the engine for it (feature `ort`) and the machine the library.

use std::path::Path;
use std::sync::Arc;

use radiant_core::Engine;
use radiant_onnx::Model;

use super::Options;

#[cfg(feature = "ort")]
pub(super) use with::Runtime;
#[cfg(not(feature = "ort"))]
pub(super) use without::Runtime;

#[cfg(feature = "ort")]
mod with {
    use radiant_engine_ort::{Library, Options, OrtEngine};

    use super::{Arc, Engine, Model, Path};

    /// The library, opened.
    #[derive(Debug)]
    pub(in super::super) struct Runtime(Library);

    impl Runtime {
        /// Opens the library at `path`, or in one of the usual places.
        pub(in super::super) fn find(path: Option<&Path>) -> anyhow::Result<Self> {
            Ok(Self(Library::find(path)?))
        }

        /// A model in a session for each thread that runs it.
        pub(in super::super) fn load(
            &self,
            model: &Model,
            options: &super::Options,
        ) -> anyhow::Result<Arc<dyn Engine>> {
            let options = Options { threads: options.run_threads, sessions: options.threads };
            Ok(Arc::new(OrtEngine::load(&self.0, model, &options)?))
        }
    }
}

#[cfg(not(feature = "ort"))]
mod without {
    use super::{Arc, Engine, Model, Path};

    /// No library: there is no value of this type.
    #[derive(Debug)]
    pub(in super::super) enum Runtime {}

    impl Runtime {
        /// Says that there is none.
        pub(in super::super) fn find(_path: Option<&Path>) -> anyhow::Result<Self> {
            anyhow::bail!(
                "this build of radiant has no engine `ort`: images tagged `-ort` have it, and builds \
                 with cargo's feature `ort`"
            )
        }

        /// Is never called.
        pub(in super::super) fn load(
            &self,
            _model: &Model,
            _options: &super::Options,
        ) -> anyhow::Result<Arc<dyn Engine>> {
            match *self {}
        }
    }
}
