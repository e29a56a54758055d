//! Messages that are compiled from `proto/`: for requests and replies that are seldom or small.
//!
//! Predictions do not go through them: their codecs read and write the wire. Unit tests compare the
//! two.
#![expect(missing_docs, reason = "the messages are described in `proto/`")]
#![expect(clippy::pedantic, clippy::large_enum_variant, reason = "the code is generated")]

include!(concat!(env!("OUT_DIR"), "/pb.rs"));

/// All files of `proto/` and what they import, as an encoded `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// What every message can: be encoded and decoded.
pub use prost::Message;

/// A message as it goes over the wire.
pub fn encode(message: &impl Message) -> Vec<u8> {
    message.encode_to_vec()
}

/// Reads a message.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the bytes are no such message.
pub fn decode<M: Message + Default>(message: &[u8]) -> Result<M, radiant_core::Error> {
    M::decode(message).map_err(|error| {
        let text = format!("the message is not what is expected: {error}");
        radiant_core::Error::invalid_input(text)
    })
}
