//! Messages of every service as JSON, by the descriptors that server reflection serves.
//!
//! The mapping is protobuf's own (ProtoJSON): bytes in base64, 64-bit integers as text, default
//! values left out. So a test writes and reads what `grpcurl` would, without compiled types.

use std::sync::LazyLock;

use prost_reflect::prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions,
};
use serde_json::Value;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(radiant_protocol::pb::DESCRIPTORS);
    pool.expect("the descriptors are whole")
});

fn descriptor(name: &str) -> MessageDescriptor {
    let found = POOL.get_message_by_name(name);
    found.unwrap_or_else(|| panic!("there is no message `{name}`"))
}

/// The message `name` (with its package) with this content, encoded.
pub(crate) fn encode(name: &str, content: &Value) -> Vec<u8> {
    let message = DynamicMessage::deserialize(descriptor(name), content);
    message.unwrap_or_else(|error| panic!("{name}: {error}: {content}")).encode_to_vec()
}

/// The content of the message `name`, with the fields' names as in the `.proto` file.
pub(crate) fn decode(name: &str, bytes: &[u8]) -> Value {
    try_decode(name, bytes).unwrap_or_else(|| panic!("{name}: not in {bytes:?}"))
}

/// As [`decode`], for bytes that may be none.
pub(crate) fn try_decode(name: &str, bytes: &[u8]) -> Option<Value> {
    let message = DynamicMessage::decode(descriptor(name), bytes).ok()?;
    let options = SerializeOptions::new().use_proto_field_name(true);
    let content = message.serialize_with_options(serde_json::value::Serializer, &options);
    Some(content.expect("the message is JSON"))
}

/// The name of the message that `/package.Service/Method` takes, if that is one of our services.
pub(crate) fn request_of(path: &str) -> Option<String> {
    Some(method(path)?.input().full_name().to_owned())
}

/// The name of the message that `/package.Service/Method` answers.
pub(crate) fn reply_of(path: &str) -> Option<String> {
    Some(method(path)?.output().full_name().to_owned())
}

fn method(path: &str) -> Option<MethodDescriptor> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    POOL.get_service_by_name(service)?.methods().find(|found| found.name() == method)
}
