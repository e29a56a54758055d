//! Estimators of scikit-learn, and of XGBoost and LightGBM for it, in files of Python objects.

use radiant_engine_estimators::SklearnEngine;
use radiant_formats::{Audit, Format, FormatError, Limits};

/// A fitted estimator, and the file that it came in.
#[derive(Debug)]
pub(crate) struct EstimatorFile {
    /// What runs it: nothing of the file is needed any more.
    pub(crate) engine: SklearnEngine,
    /// The form of the file: `pickle or joblib`, `compressed`, `skops`.
    form: &'static str,
    /// The length of the file, in bytes.
    pub(crate) n_bytes: usize,
}

impl EstimatorFile {
    pub(super) fn read(
        bytes: Vec<u8>,
        format: Format,
        allowed: &[String],
    ) -> Result<Self, FormatError> {
        let form = match format {
            Format::Skops => "skops",
            Format::Packed(_) => "joblib, compressed",
            _ => "pickle or joblib",
        };
        let n_bytes = bytes.len();
        let audit = Audit::default().allowing(allowed);
        let engine = SklearnEngine::read(bytes, &Limits::default(), &audit)?;
        Ok(Self { engine, form, n_bytes })
    }

    /// The name of the format in the Open Inference Protocol's metadata.
    pub(super) fn platform(&self) -> &'static str {
        match self.form {
            "skops" => "sklearn_skops",
            _ => "sklearn_joblib",
        }
    }

    /// `scikit-learn 1.5.2, Pipeline of StandardScaler, LogisticRegression; skops`
    pub(crate) fn described(&self) -> String {
        format!("{}; {}", self.engine.description(), self.form)
    }
}
