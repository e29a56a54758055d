//! Health, reflection, TensorFlow's services, and all of them behind TLS.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use tokio_rustls::TlsConnector;

use super::{INFER, assert_code, content, request, start, two_numbers};
use crate::support::PATIENCE;
use crate::support::grpc::{Call, Client};
use crate::support::http::Request;
use crate::support::process::{Server, Start};

const CHECK: &str = "/grpc.health.v1.Health/Check";
/// `HealthCheckResponse` in the states that there are.
const SERVING: [u8; 2] = [8, 1];
const NOT_SERVING: [u8; 2] = [8, 2];
const SERVICE_UNKNOWN: [u8; 2] = [8, 3];

/// `HealthCheckRequest` of a service or a model.
fn health(service: &str) -> Vec<u8> {
    let length = u8::try_from(service.len()).expect("a short name");
    [&[0x0a, length], service.as_bytes()].concat()
}

#[test]
fn health_is_that_of_the_server_of_its_services_and_of_each_model() {
    let server = start(&["other=builtin:echo"]);
    let mut client = Client::connect(server.grpc);
    for service in ["", "inference.GRPCInferenceService", "seldon.protos.Model", "fp32", "other"] {
        assert_eq!(client.unary(CHECK, &health(service)).only(), SERVING, "{service}");
    }
    assert_code(&client.unary(CHECK, &health("nope")), "NOT_FOUND", "an unknown service");
    let mut unknown = client.open(&Call::new("/grpc.health.v1.Health/Watch"));
    unknown.send(&health("nope"));
    unknown.half_close();
    assert_eq!(unknown.receive().as_deref(), Some(&SERVICE_UNKNOWN[..]));
    let mut watch = client.open(&Call::new("/grpc.health.v1.Health/Watch"));
    watch.send(&health("other"));
    watch.half_close();
    assert_eq!(watch.receive().as_deref(), Some(&SERVING[..]));
    let path = "/v2/repository/models/other/unload";
    assert_eq!(server.send(&Request::json(path, "")).status, 200);
    assert_eq!(watch.receive().as_deref(), Some(&NOT_SERVING[..]));
    assert_eq!(client.unary(CHECK, &health("other")).only(), NOT_SERVING);
    server.terminate();
    assert_eq!(watch.finish().status_name(), "OK", "the server's end ends the watch");
}

#[test]
fn reflection_lists_every_service_in_both_versions() {
    let server = start(&[]);
    let mut client = Client::connect(server.grpc);
    let holds =
        |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let mut stream = client.open(&Call::new(&path));
        // Field 7, `list_services`.
        stream.send(b"\x3a\x01*");
        let list = stream.receive().expect("a list");
        for service in [
            "grpc.health.v1.Health",
            "inference.GRPCInferenceService",
            "seldon.protos.Combiner",
            "seldon.protos.Generic",
            "seldon.protos.Model",
            "seldon.protos.OutputTransformer",
            "seldon.protos.Router",
            "seldon.protos.Seldon",
            "seldon.protos.Transformer",
            "tensorflow.serving.ModelService",
            "tensorflow.serving.PredictionService",
        ] {
            assert!(holds(&list, service), "{version}: {service}");
        }
        // Field 4, `file_containing_symbol`.
        stream.send(
            b"\x22\x1dseldon.protos.Seldon.Predict\0"[..31].strip_suffix(b"\0").expect("text"),
        );
        stream.half_close();
        let answer = stream.finish();
        assert_eq!(answer.status_name(), "OK", "{version}: {}", answer.message);
    }
}

#[test]
fn tensorflows_services_answer_for_models_by_name() {
    let server = start(&["iris=builtin:triton-iris"]);
    let mut client = Client::connect(server.grpc);
    let mut ask =
        |path: &str, message: &serde_json::Value| client.unary(path, &request(path, message));
    let predict = "/tensorflow.serving.PredictionService/Predict";
    let tensor = json!({"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": 1}, {"size": 4}]}, "float_val": [6.5, 1, 1, 1]});
    let asked = |model: &str| json!({"model_spec": {"name": model}, "inputs": {"predict": tensor}, "output_filter": ["predict"]});
    let reply = content(predict, &ask(predict, &asked("iris")));
    assert_eq!(reply["outputs"].as_object().map(serde_json::Map::len), Some(1), "{reply}");
    assert_eq!(reply["model_spec"]["name"], "iris");
    assert_code(&ask(predict, &asked("nope")), "NOT_FOUND", "an unknown model");
    let metadata = "/tensorflow.serving.PredictionService/GetModelMetadata";
    let asked = json!({"model_spec": {"name": "iris"}, "metadata_field": ["signature_def"]});
    assert_eq!(ask(metadata, &asked).status_name(), "OK");
    let status = "/tensorflow.serving.ModelService/GetModelStatus";
    let told = content(status, &ask(status, &json!({"model_spec": {"name": "iris"}})));
    assert_eq!(told["model_version_status"][0]["state"], "AVAILABLE");
}

/// Somebody who issues certificates.
struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn issue(&self) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        (params.signed_by(&key, &self.issuer).expect("a certificate"), key)
    }

    /// What a client who trusts this authority speaks, with a certificate of its own or without.
    fn client(&self, certified: bool) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).expect("a certificate");
        let builder = ClientConfig::builder().with_root_certificates(roots);
        let mut config = if certified {
            let (certificate, key) = self.issue();
            let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
            let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
            builder.with_client_auth_cert(chain, key).expect("a certificate with its key")
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config)
    }
}

fn start_with_tls(authority: &Authority, folder: &Path) -> Server {
    let (certificate, key) = authority.issue();
    let write = |name: &str, text: String| -> String {
        let path = folder.join(name);
        fs::write(&path, text).expect("a file can be written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let certificate = write("server.pem", certificate.pem());
    let key = write("server.key", key.serialize_pem());
    let authority = write("ca.pem", authority.certificate.pem());
    Start::serve("builtin:identity1-fp32")
        .args(["--name", "fp32", "--tls-cert-file", &*certificate, "--tls-key-file", &*key])
        .args(["--tls-client-ca-file", &*authority])
        .start()
}

fn grpc_over_tls(port: u16, config: Arc<ClientConfig>) -> Result<Client, String> {
    Client::over(async move {
        let stream = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(config).connect(name, stream).await
    })
}

/// The status line of `GET /v2/health/live`.
fn http_over_tls(port: u16, config: &Arc<ClientConfig>) -> std::io::Result<String> {
    let mut config = ClientConfig::clone(config);
    config.alpn_protocols.clear();
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(
        b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    let text = String::from_utf8(reply).expect("the reply is text");
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn both_ports_speak_tls_to_clients_with_a_certificate_of_the_authority() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = start_with_tls(&authority, folder.path());
    let config = authority.client(true);
    let mut client = grpc_over_tls(server.grpc, Arc::clone(&config)).expect("a connection");
    let answer = client.unary(INFER, &request(INFER, &two_numbers()));
    assert_eq!(answer.status_name(), "OK", "{} {:?}", answer.message, answer.broken);
    assert_eq!(http_over_tls(server.http, &config).expect("a reply"), "HTTP/1.1 200 OK");
    let (bare, other) = (authority.client(false), stranger.client(true));
    assert!(http_over_tls(server.http, &bare).is_err(), "without a certificate");
    assert_refused(grpc_over_tls(server.grpc, bare), "without a certificate");
    assert_refused(grpc_over_tls(server.grpc, other), "of another authority");
    assert_refused(Client::try_connect(server.grpc), "without TLS");
}

/// Whether no call is answered. A client may learn that only when it calls.
fn assert_refused(opened: Result<Client, String>, what: &str) {
    let Ok(mut client) = opened else { return };
    let Ok(mut stream) = client.try_open(&Call::new(INFER)) else { return };
    stream.send(&request(INFER, &two_numbers()));
    stream.half_close();
    let answer = stream.finish();
    assert!(answer.broken.is_some() && answer.code.is_none(), "{what}: {}", answer.status_name());
}
