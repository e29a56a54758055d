//! A stream over HTTP/2: one call of `ModelInfer` at a time, with raw contents.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use prost::Message as _;
use radiant_protocol::pb::inference::model_infer_request::InferInputTensor;
use radiant_protocol::pb::inference::{ModelInferRequest, ModelInferResponse};
use side_by_side::grpc::{self, Connection, PREFIX, Status};

use super::{Ending, owned};
use crate::model::N_COLUMNS;

const MODEL_INFER: &str = "/inference.GRPCInferenceService/ModelInfer";

#[derive(Debug)]
pub(crate) struct Lane {
    connection: Connection,
    head: http::Request<()>,
    /// A message whose last bytes are the row.
    message: BytesMut,
}

impl Lane {
    /// Opens as many connections as so many lanes need with `streams` of them on each.
    pub(super) async fn to(
        address: SocketAddr,
        model: &str,
        (n_lanes, streams): (usize, usize),
    ) -> Result<Vec<Self>> {
        let (head, message) = (grpc::head(MODEL_INFER)?, grpc::frame(&message(model))?);
        let mut lanes = Vec::with_capacity(n_lanes);
        while lanes.len() < n_lanes {
            let connection = grpc::open(address).await?;
            for _ in 0..streams.min(n_lanes - lanes.len()) {
                let (head, message) = (head.clone(), message.clone());
                lanes.push(Self { connection: connection.clone(), head, message });
            }
        }
        Ok(lanes)
    }

    pub(super) async fn ask(&mut self, nonce: u32) -> Result<Ending> {
        let row = N_COLUMNS * size_of::<f32>();
        let start = self.message.len().saturating_sub(row);
        let place = self.message.get_mut(start..start + size_of::<f32>());
        place.context("no room for the number")?.copy_from_slice(&(nonce as f32).to_le_bytes());
        let mut reply = BytesMut::new();
        let sent = (self.head.clone(), Bytes::copy_from_slice(&self.message));
        let piece = |piece: Bytes| reply.extend_from_slice(&piece);
        let Status { code, message } = grpc::call(&mut self.connection, sent, piece).await?;
        if code != 0 {
            return Ok(Ending::Refused(code, message));
        }
        let message = reply.get(PREFIX..).context("an answer without a message")?;
        let answer = ModelInferResponse::decode(message)?;
        let raw = answer.raw_output_contents.first().context("an answer without raw contents")?;
        let first = raw.first_chunk().context("an answer without numbers")?;
        Ok(owned(nonce, f64::from(f32::from_le_bytes(*first))))
    }
}

fn message(model: &str) -> Vec<u8> {
    let row = [0_f32, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let input = InferInputTensor {
        name: "x".to_owned(),
        datatype: "FP32".to_owned(),
        shape: vec![1, 8],
        ..InferInputTensor::default()
    };
    let message = ModelInferRequest {
        model_name: model.to_owned(),
        inputs: vec![input],
        raw_input_contents: vec![row.into_iter().flat_map(f32::to_le_bytes).collect()],
        ..ModelInferRequest::default()
    };
    message.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_stands_at_the_end_of_a_message() {
        let message = message("wide");
        let row: Vec<u8> = (0_u8..8).flat_map(|n| f32::from(n).to_le_bytes()).collect();
        assert!(message.ends_with(&row));
    }
}
