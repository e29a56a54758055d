//! Models as volumes: copies of the bundled ones that any user may read, and what they answer.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::container::Server;
use crate::parts::folder;
use crate::support::grpc::Client;
use crate::support::http::Request;
use crate::support::{model_file, proto};

/// A flower, and how much the bundled model's reference thinks it a virginica.
const FLOWER: [f64; 4] = [6.5, 3.0, 5.2, 2.0];
const VIRGINICA: f64 = 0.817_685_6;
/// How far an answer may be from that.
const APART: f64 = 1e-5;

const MESSAGE: &str = "seldon.protos.SeldonMessage";

/// A request about the flower.
pub(crate) fn flower() -> Request {
    let body = json!({ "data": { "ndarray": [FLOWER] } });
    Request::json("/api/v1.0/predictions", body.to_string())
}

/// Checks what the server answers over REST.
#[track_caller]
pub(crate) fn check_rest(server: &Server) {
    let reply = server.send(&flower());
    assert_eq!(reply.status, 200, "{}", reply.text());
    check_virginica(&reply.at("/data/ndarray/0/2"));
}

/// Checks what the server answers over gRPC.
#[track_caller]
pub(crate) fn check_grpc(server: &Server) {
    let content = json!({ "data": { "tensor": { "shape": [1, 4], "values": FLOWER } } });
    let mut client = Client::connect(server.ports.grpc);
    let answer = client.unary("/seldon.protos.Model/Predict", &proto::encode(MESSAGE, &content));
    let reply = proto::decode(MESSAGE, answer.only());
    check_virginica(&reply["data"]["tensor"]["values"][2].to_string());
}

/// Checks the number in an answer about the flower.
#[track_caller]
pub(crate) fn check_virginica(text: &str) {
    let probability: f64 = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!((probability - VIRGINICA).abs() < APART, "{probability}");
}

/// A folder with the bundled model and nothing else.
pub(crate) fn iris() -> TempDir {
    let folder = folder();
    put(folder.path(), "model.onnx", &iris_bytes());
    folder
}

/// The bundled model's file.
pub(crate) fn iris_bytes() -> Vec<u8> {
    fs::read(model_file("iris", "model.onnx")).expect("a bundled model")
}

/// Writes a file that any user may read.
pub(crate) fn put(folder: &Path, name: &str, content: &[u8]) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().expect("it is below")).expect("our own folder");
    fs::write(&file, content).expect("our own folder");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("our own file");
}
