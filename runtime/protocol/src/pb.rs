//! Messages that are compiled from `proto/`: for requests and replies that are seldom or small.
//!
//! Predictions do not go through them: their codecs read and write the wire. Unit tests compare the
//! two.
#![expect(missing_docs, reason = "the messages are described in `proto/`")]
#![expect(clippy::pedantic, clippy::large_enum_variant, reason = "the code is generated")]

include!(concat!(env!("OUT_DIR"), "/pb.rs"));

/// All files of `proto/` and what they import, as an encoded `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
