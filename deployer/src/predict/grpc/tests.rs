//! A server of HTTP/2 on this machine that answers by gRPC.

use std::time::Duration;

use h2::server::SendResponse;
use tokio::net::{TcpListener, TcpStream};

use super::messages::{InferRequest, InferResponse};
use super::*;

/// What came to the server: the path, the header `seldon`, and the message.
type Came = (String, Option<String>, Vec<u8>);

/// Answers one call with a message and a status.
async fn answer(stream: TcpStream, message: Vec<u8>, status: &'static str) -> Came {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let (request, respond): (_, SendResponse<Bytes>) = connection.accept().await.unwrap().unwrap();
    let (head, mut body) = request.into_parts();
    let driver = tokio::spawn(async move { while connection.accept().await.is_some() {} });
    let mut came = Vec::new();
    while let Some(chunk) = body.data().await {
        came.extend_from_slice(&chunk.unwrap());
    }
    reply(respond, &message, status);
    driver.await.unwrap();
    let seldon = head.headers.get("seldon").map(|it| it.to_str().unwrap().to_owned());
    assert_eq!(head.headers[CONTENT_TYPE], "application/grpc");
    (head.uri.path().to_owned(), seldon, super::message(&came).unwrap().to_vec())
}

fn reply(mut respond: SendResponse<Bytes>, message: &[u8], status: &'static str) {
    let head = http::Response::builder().header(CONTENT_TYPE, "application/grpc").body(()).unwrap();
    let mut stream = respond.send_response(head, false).unwrap();
    if status == "0" {
        stream.send_data(framed(message).unwrap(), false).unwrap();
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    trailers.insert("grpc-message", HeaderValue::from_static("no %C3%A9 here"));
    stream.send_trailers(trailers).unwrap();
}

/// Asks such a server, and gives what came there and what came back.
async fn ask(
    protocol: Protocol,
    body: &Value,
    message: Vec<u8>,
    status: &'static str,
) -> (Came, Reply) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        answer(stream, message, status).await
    });
    let served = Served { protocol, model: "iris".to_owned() };
    let terms = Terms { timeout: Duration::from_secs(30), authorities: b"" };
    let grpc = Grpc::new(&address, terms, &served, &[("seldon", "fraud".to_owned())]).unwrap();
    let (path, headers) = (String::new(), HeaderMap::new());
    let call = Call { path, headers, body: Bytes::from(body.to_string()) };
    let reply = grpc.call(&call).await.unwrap();
    drop(grpc);
    (server.await.unwrap(), reply)
}

#[tokio::test]
async fn predictions_go_as_messages_and_come_back_as_json() {
    let rows = json!({"data": {"ndarray": [[1.0, 2.0]]}});
    let echoed = seldon::request(&rows).unwrap().encode_to_vec();
    let ((path, route, came), reply) = ask(Protocol::Seldon, &rows, echoed.clone(), "0").await;
    assert_eq!((path.as_str(), route.as_deref()), ("/seldon.protos.Seldon/Predict", Some("fraud")));
    assert_eq!(came, echoed);
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!((reply.status, &body["data"]), (200, &rows["data"]));

    let rows = json!({"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.5]}]});
    let outputs = v2::request(&rows, "iris").unwrap().inputs;
    let message = InferResponse { outputs, ..InferResponse::default() }.encode_to_vec();
    let ((path, _, came), reply) = ask(Protocol::V2, &rows, message, "0").await;
    assert_eq!(path, "/inference.GRPCInferenceService/ModelInfer");
    assert_eq!(InferRequest::decode(came.as_slice()).unwrap().model_name, "iris");
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(body["outputs"], rows["inputs"]);
}

#[tokio::test]
async fn refusals_have_a_status_and_words() {
    let rows = json!({"data": {"ndarray": [[1.0]]}});
    let (_, reply) = ask(Protocol::Seldon, &rows, Vec::new(), "3").await;
    assert_eq!(reply.status, 400);
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(body, json!({"grpcStatus": 3, "message": "no é here"}));
}

#[test]
fn answers_that_are_no_message_are_refused() {
    for body in [&[][..], &[1, 0, 0, 0, 0], &[0, 0, 0, 0, 2, 7]] {
        assert_eq!(message(body).unwrap_err().code(), Some(Code::Failed), "{body:?}");
    }
    assert_eq!(method(Protocol::Tensorflow).unwrap_err().code(), Some(Code::Usage));
    assert_eq!(unescaped("a%2"), "a%2");
}
