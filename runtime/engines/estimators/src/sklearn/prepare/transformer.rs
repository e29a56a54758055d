//! What transformers share: they have one method.

use std::fmt;

use radiant_core::Error;

use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};

/// What tells one transformer from another.
pub(crate) trait Transform: fmt::Debug + Send + Sync {
    /// Its class, for messages.
    fn class(&self) -> &str;

    /// The form of what it gives.
    fn fact(&self) -> Fact;

    /// What it is fed with.
    fn wants(&self) -> Wants;

    /// The rows that come of rows.
    ///
    /// # Errors
    /// What is wrong with the rows.
    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error>;

    /// The classes that encoders of labels know.
    fn classes(&self) -> Option<&Data<'static>> {
        None
    }
}

/// An estimator that transforms and does nothing else.
#[derive(Debug)]
pub(crate) struct Transformer<T>(pub(crate) T);

impl<T: Transform> Estimator for Transformer<T> {
    fn fact(&self, method: Method) -> Option<Fact> {
        (method == Method::Transform).then(|| self.0.fact())
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Transform {
            return Err(no_method(self.0.class(), method));
        }
        self.0.transform(x).map(Answer::Table)
    }

    fn wants(&self) -> Wants {
        self.0.wants()
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.0.classes()
    }
}
