//! What the server knows of a graph node that sees whole payloads instead of tensors.

use std::fmt;

use crate::{Error, ErrorKind, Feedback, Map, Metric, Payload, Reply, Tensor, Value};

/// A node of a Seldon graph: each method has the meaning, and the default, that it has for a class
/// served by Seldon Core's Python microservice.
///
/// Methods may block for as long as the component takes.
pub trait Component: Send + Sync + fmt::Debug {
    /// Answers a prediction.
    ///
    /// # Errors
    /// Whatever the component refuses or fails on.
    fn predict(&self, input: Payload, names: &[String]) -> Result<Reply, Error>;

    /// Changes a request on its way to the children. By default the input comes back unchanged.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    #[expect(unused_variables, reason = "implementations want the names that the docs use")]
    fn transform_input(&self, input: Payload, names: &[String]) -> Result<Reply, Error> {
        Ok(Reply::new(input))
    }

    /// Changes a reply on its way to the client. By default the input comes back unchanged.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    #[expect(unused_variables, reason = "implementations want the names that the docs use")]
    fn transform_output(&self, input: Payload, names: &[String]) -> Result<Reply, Error> {
        Ok(Reply::new(input))
    }

    /// Chooses a child by index; -1 is all of them.
    ///
    /// # Errors
    /// By default: not defined.
    #[expect(unused_variables, reason = "implementations want the names that the docs use")]
    fn route(&self, input: Payload, names: &[String]) -> Result<i64, Error> {
        Err(Error::invalid_input("Route not defined"))
    }

    /// Combines the children's replies.
    ///
    /// # Errors
    /// By default: not defined.
    #[expect(unused_variables, reason = "implementations want the names that the docs use")]
    fn aggregate(&self, inputs: Vec<Payload>, names: &[Vec<String>]) -> Result<Reply, Error> {
        Err(Error::invalid_input("Aggregate not defined"))
    }

    /// Learns what became of a prediction. `None` is an empty answer.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    #[expect(unused_variables, reason = "implementations want the names that the docs use")]
    fn send_feedback(&self, feedback: Feedback) -> Result<Option<Reply>, Error> {
        Ok(None)
    }

    /// Answers a prediction of the Open Inference Protocol: tensors by name, in the order in which
    /// they came. By default a single tensor is given to [`predict`](Self::predict), whose array is
    /// the only output and is called `output`.
    ///
    /// # Errors
    /// As [`predict`](Self::predict); by default also when there is not one input, or the answer is
    /// no array.
    fn infer(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
        let [input] = <[Tensor; 1]>::try_from(inputs).map_err(|inputs| {
            let n_inputs = inputs.len();
            Error::invalid_input(format!("expected one input, got {n_inputs}"))
        })?;
        match self.predict(Payload::Array(input), &[])?.payload {
            Payload::Array(array) => Ok(vec![Tensor { name: "output".into(), ..array }]),
            _ => Err(Error::model_failed("expected an array from the component")),
        }
    }

    /// Writes text after `prompt`, piece by piece; each piece is given to `emit`, which tells
    /// whether anybody still reads. `parameters` are the request's own.
    ///
    /// # Errors
    /// By default: not offered.
    #[expect(unused_variables, reason = "implementations want the names that the docs use")]
    fn generate(
        &self,
        prompt: &str,
        parameters: &Map,
        emit: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), Error> {
        Err(Error::new(ErrorKind::Unsupported, "this model does not generate text"))
    }

    /// Tells how the component is.
    ///
    /// # Errors
    /// When it is not well.
    fn health_status(&self) -> Result<Reply, Error> {
        Ok(Reply::new(Payload::Text("healthy".to_owned())))
    }

    /// Names of the columns of [`predict`](Self::predict)'s answers.
    fn class_names(&self) -> Option<&[String]> {
        None
    }

    /// Tags of every reply.
    fn tags(&self) -> Map {
        Map::new()
    }

    /// Metrics of every reply.
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }

    /// What the component says of itself, in the form of Seldon's model metadata.
    fn metadata(&self) -> Option<Value> {
        None
    }
}

/// The methods of a node that only predicts: every default, and no `predict`.
#[derive(Debug, Clone, Copy)]
pub struct Defaults;

impl Component for Defaults {
    fn predict(&self, _input: Payload, _names: &[String]) -> Result<Reply, Error> {
        Err(Error::internal("this node's predictions are answered by its engine"))
    }
    /// The word of Seldon Core's prepackaged servers, which have no health check of their own
    /// either (seldon-core 1.18.2).
    fn health_status(&self) -> Result<Reply, Error> {
        Ok(Reply::new(Payload::Text("not implemented - assuming healthy".to_owned())))
    }
}
