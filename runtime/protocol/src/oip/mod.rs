//! The Open Inference Protocol (V2) with Triton's extensions: REST with JSON and binary tensors, and
//! gRPC.
//!
//! Both directions are written for the union of what the clients of Triton, MLServer and KServe send
//! and read. Inputs are decoded straight into the tensors that the model takes, in the order of its
//! signature; a model without one gets them in the order in which they came.

mod classify;
mod datatype;
mod describe;
mod proto;
pub mod raw;
mod rest;

use std::time::Duration;

use radiant_core::Tensor;

pub use classify::classify;
pub use describe::{
    ModelInfo, index_json, log_settings_json, model_config, model_config_json, model_list_json,
    model_metadata, model_metadata_json, model_ready_json, server_metadata_json, statistics_json,
    trace_settings_json,
};
pub use proto::{
    Target, decode_proto, encode_proto, encode_stream_error, encode_stream_reply, repository_model,
    target,
};
pub use rest::{
    Generate, decode_generate, decode_index, decode_json, decode_load, encode_error,
    encode_generate, encode_json, http_status,
};

/// A value beside the tensors of a request or a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An integer beyond `i64`.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
}

/// What a request says apart from its tensors. Decoding into one again keeps what it has allocated.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// The client's id; empty where none came.
    pub id: String,
    /// The request's parameters, in their order; of two with one name the last counts.
    pub parameters: Vec<(String, Parameter)>,
    /// The outputs that are asked for, in this order; all of the model's where there are none.
    pub outputs: Vec<RequestedOutput>,
    /// In which form tensors came and go.
    pub form: Form,
}

/// One output that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestedOutput {
    /// The output's name.
    pub name: String,
    /// Whether it goes as bytes behind the JSON; the request's own wish where `None`.
    pub binary: Option<bool>,
    /// The number of classes to answer with instead of the tensor; 0 for the tensor.
    pub classes: usize,
}

/// A reply before it is encoded.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The version that answered.
    pub version: &'a str,
    /// The request's id, or one that the server made; empty for none.
    pub id: &'a str,
    /// The request that is answered: which outputs it asked for, and in which form.
    pub request: &'a Request,
    /// The outputs with their names, in the order to send; where the request asked for outputs, the
    /// one at an index is the one that was asked for at that index.
    pub outputs: &'a [Tensor],
}

/// In which form tensors came, and so go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// REST; `binary` tells whether outputs go as bytes unless they say otherwise.
    Rest {
        /// `parameters.binary_data_output`.
        binary: bool,
    },
    /// gRPC with `raw_input_contents`, or without any tensor.
    Raw,
    /// gRPC with typed `contents`.
    Typed,
}

impl Default for Form {
    fn default() -> Self {
        Self::Rest { binary: false }
    }
}

impl Request {
    /// Forgets what was decoded before, keeping the allocations.
    pub fn clear(&mut self) {
        self.id.clear();
        self.parameters.clear();
        self.outputs.clear();
        self.form = Form::default();
    }

    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// How long the client will wait: the parameter `timeout`, in microseconds (Triton's schedule
    /// policy extension). `None` without one, and for 0.
    pub fn timeout(&self) -> Option<Duration> {
        self.whole_number("timeout").filter(|micros| *micros > 0).map(Duration::from_micros)
    }

    /// How soon the client wants it run among others: the parameter `priority`, 1 before all others
    /// (Triton's schedule policy extension). `None` without one, and for 0.
    pub fn priority(&self) -> Option<u64> {
        self.whole_number("priority").filter(|level| *level > 0)
    }

    /// A parameter that is a number from 0 on, or its digits.
    fn whole_number(&self, name: &str) -> Option<u64> {
        match self.parameter(name)? {
            Parameter::Int(number) => u64::try_from(*number).ok(),
            Parameter::Uint(number) => Some(*number),
            Parameter::Text(digits) => digits.parse().ok(),
            Parameter::Bool(_) | Parameter::Float(_) => None,
        }
    }
}
