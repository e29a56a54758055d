//! The Open Inference Protocol over HTTP: failures and their form, health, compression, binary
//! tensors, text, and the repository.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::ZlibEncoder;

use crate::support::gate::Gate;
use crate::support::grpc::gzip;
use crate::support::http::{self, Client, Reply, Request};
use crate::support::json::Json;
use crate::support::process::{Server, Start};
use crate::support::prometheus::Page;

const INFER: &str = "/v2/models/iris/infer";
const FLOWER: &str =
    r#"{"name":"predict","shape":[1,4],"datatype":"FP32","data":[5.1,3.5,1.4,0.2]}"#;
const LENGTH: &str = "Inference-Header-Content-Length";

fn start() -> Server {
    let also = [
        "failing=builtin:failing",
        "bytes=builtin:identity1-bytes",
        "fp32=builtin:identity1-fp32",
        "uint8=builtin:identity1-uint8",
        "echo=builtin:echo",
        "stream=builtin:stream",
    ];
    let serve = Start::serve("builtin:triton-iris").args(["--name", "iris"]);
    serve.args(also.iter().flat_map(|model| ["--also", model])).start()
}

fn infer(model: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::json(&format!("/v2/models/{model}/infer"), body)
}

fn inputs(inputs: &str) -> String {
    format!("{{\"inputs\":[{inputs}]}}")
}

/// A request with tensors behind its JSON.
fn binary(model: &str, head: &str, tensors: &[u8]) -> Request {
    let body = [head.as_bytes(), tensors].concat();
    infer(model, body).header(LENGTH, &head.len().to_string())
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Whether a failure has this status, and the form that every client reads.
fn assert_refused(reply: &Reply, status: u16, what: &str) {
    assert_eq!(reply.status, status, "{what}: {}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json"), "{what}");
    let Json::Map(entries) = reply.json() else { panic!("{what}: {}", reply.text()) };
    assert_eq!(entries.keys().collect::<Vec<_>>(), ["error"], "{what}");
    assert!(!reply.at("/error").is_empty(), "{what}");
}

#[test]
fn what_is_not_there_and_what_is_not_offered_have_their_statuses() {
    let server = start();
    let prompt = "{\"text_input\":\"a\"}";
    for (status, request) in [
        (404, infer("nope", inputs(FLOWER))),
        (404, infer("iris/versions/9", inputs(FLOWER))),
        (404, Request::get("/v2/models/nope")),
        (404, Request::get("/v2/models/nope/ready")),
        (404, Request::get("/v2/models/iris/versions/9/ready")),
        (404, Request::get("/v2/models/iris/nope")),
        (404, Request::json("/v2/models/nope/generate_stream", prompt)),
        (404, Request::json("/v2/repository/models/nope/load", "{}")),
        (405, Request::get(INFER)),
        (405, Request::json("/v2/health/live", "{}")),
        (501, Request::json("/v2/models/iris/generate", prompt)),
        (501, Request::json("/v2/systemsharedmemory/region/r/register", "{}")),
    ] {
        assert_refused(&server.send(&request), status, &request.path);
    }
    let allowed = server.send(&Request::get(INFER));
    assert_eq!(allowed.header("allow"), Some("OPTIONS, POST"));
}

#[test]
fn what_is_no_request_is_400() {
    let server = start();
    let twice = format!("{FLOWER},{FLOWER}");
    let asked = |output: &str| format!("{{\"inputs\":[{FLOWER}],\"outputs\":{output}}}");
    for (what, body) in [
        ("nothing", String::new()),
        ("no JSON", "{\"inputs\":".to_owned()),
        ("no object", "[1]".to_owned()),
        ("JSON that goes on", inputs(FLOWER) + "{}"),
        ("no inputs", "{}".to_owned()),
        ("an empty list of inputs", inputs("")),
        ("inputs that are no list", "{\"inputs\":{}}".to_owned()),
        ("an input twice", inputs(&twice)),
        ("an id that is a number", format!("{{\"id\":1,\"inputs\":[{FLOWER}]}}")),
        ("an unknown output", asked("[{\"name\":\"nope\"}]")),
        ("an output without a name", asked("[{}]")),
    ] {
        assert_refused(&server.send(&infer("iris", body)), 400, what);
    }
    let number = Request::json("/v2/models/echo/generate", "{\"text_input\":1}");
    assert_refused(&server.send(&number), 400, "a prompt that is no text");
}

#[test]
fn an_input_that_does_not_fit_is_400() {
    let server = start();
    for (what, from, to) in [
        ("an unknown input", "predict", "nope"),
        ("an unknown datatype", "FP32", "FLOAT"),
        ("another datatype", "FP32", "FP64"),
        ("another shape", "[1,4]", "[4,1]"),
        ("too few elements", "[1,4]", "[2,4]"),
        ("an extent below zero", "[1,4]", "[-1,4]"),
        ("a shape beyond counting", "[1,4]", "[9223372036854775807,4]"),
        ("no shape", "\"shape\":[1,4],", ""),
        ("no data", ",\"data\":[5.1,3.5,1.4,0.2]", ""),
        ("null in the data", "5.1", "null"),
        ("a number in quotes", "5.1", "\"5.1\""),
        ("a number beyond the datatype", "5.1", "1e999"),
        ("rows that are not alike", "5.1,3.5", "[5.1,3.5],[1]"),
    ] {
        let input = FLOWER.replace(from, to);
        assert_refused(&server.send(&infer("iris", inputs(&input))), 400, what);
    }
    for data in ["[256]", "[-1]", "[1.5]", "[true]"] {
        let input = one("UINT8", data);
        assert_refused(&server.send(&infer("uint8", inputs(&input))), 400, data);
    }
    assert_eq!(server.send(&infer("iris", inputs(FLOWER))).status, 200);
}

/// An input of one element.
fn one(datatype: &str, data: &str) -> String {
    format!("{{\"name\":\"x\",\"shape\":[1],\"datatype\":\"{datatype}\",\"data\":{data}}}")
}

#[test]
fn what_a_model_fails_on_is_500() {
    let server = start();
    for (what, data) in [("a model that fails", "[2]"), ("a model that panics", "[1]")] {
        let input = one("FP32", data);
        assert_refused(&server.send(&infer("failing", inputs(&input))), 500, what);
    }
    assert_eq!(server.send(&infer("iris", inputs(FLOWER))).status, 200);
}

#[test]
fn too_much_too_many_and_too_long_have_their_statuses() {
    let server = Start::serve("builtin:hold")
        .args(["--name", "hold", "--body-bytes-max", "1KiB", "--requests-max", "1"])
        .args(["--inline-cost-max-us", "0", "--request-timeout", "200ms"])
        .start();
    assert_refused(&server.send(&infer("hold", " ".repeat(2048))), 413, "a large body");
    let gate = Gate::new();
    let waiting = |port: u16| {
        inputs(&format!(
            "{{\"name\":\"port\",\"shape\":[1,1],\"datatype\":\"INT64\",\"data\":[{port}]}}"
        ))
    };
    let (http, body) = (server.http, waiting(gate.port()));
    let first = std::thread::spawn(move || http::send(http, &infer("hold", body)));
    let held = gate.wait_until_asked();
    let refused = server.send(&infer("hold", waiting(0)));
    assert_refused(&refused, 503, "a request too many");
    assert!(refused.header("retry-after").is_some());
    assert_refused(&first.join().expect("it was answered"), 504, "a request that takes too long");
    drop(held);
}

#[test]
fn health_is_told_as_json_and_to_head_without_a_body() {
    let server = start();
    for (path, body) in [
        ("/v2/health/live", r#"{"live":true}"#),
        ("/v2/health/ready", r#"{"ready":true}"#),
        ("/v2/models/iris/ready", r#"{"name":"iris","ready":true}"#),
        ("/v2/models/iris/versions/1/ready", r#"{"name":"iris","ready":true}"#),
    ] {
        let reply = server.send(&Request::get(path));
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
        assert_eq!(reply.json(), Json::parse(body).expect("JSON"), "{path}");
        let head = server.send(&Request::new("HEAD", path));
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
    }
}

#[test]
fn metadata_has_its_paths_with_and_without_a_slash() {
    let server = start();
    for path in ["/v2", "/v2/"] {
        let metadata = server.send(&Request::get(path));
        assert_eq!((metadata.status, &*metadata.at("/name")), (200, "radiant"), "{path}");
        let extensions = metadata.at("/extensions");
        assert!(extensions.contains("binary_tensor_data"), "{extensions}");
        assert!(!extensions.contains("shared_memory"), "{extensions}");
    }
    for path in ["/v2/models/iris", "/v2/models/iris/", "/v2/models/iris/versions/1"] {
        let metadata = server.send(&Request::get(path));
        assert_eq!((metadata.status, &*metadata.at("/inputs/0/shape")), (200, "[-1,4]"), "{path}");
    }
    let models = server.send(&Request::get("/v2/models")).at("/models");
    assert!(models.contains("iris") && models.contains("stream"), "{models}");
    let config = server.send(&Request::get("/v2/models/iris/config"));
    assert_eq!(config.at("/input/0/data_type"), "TYPE_FP32");
    for (path, content_type) in
        [("/v2/docs", "text/html"), ("/v2/docs/dataplane.json", "application/json")]
    {
        let page = server.send(&Request::get(path));
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").is_some_and(|got| got.starts_with(content_type)));
    }
}

#[test]
fn bodies_are_compressed_both_ways() {
    let server = start();
    let ones = vec!["1.5"; 1000].join(",");
    let large =
        format!("{{\"name\":\"x\",\"shape\":[1000],\"datatype\":\"FP32\",\"data\":[{ones}]}}");
    let plain = inputs(&large).into_bytes();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&plain).expect("a vector takes everything");
    let deflated = encoder.finish().expect("a vector takes everything");
    for (encoding, body) in [("gzip", gzip(&plain)), ("deflate", deflated)] {
        let request = infer("fp32", body).header("Content-Encoding", encoding);
        let reply = server.send(&request.header("Accept-Encoding", encoding));
        assert_eq!((reply.status, reply.header("content-encoding")), (200, Some(encoding)));
        let mut text = String::new();
        match encoding {
            "gzip" => GzDecoder::new(&*reply.body).read_to_string(&mut text),
            _ => ZlibDecoder::new(&*reply.body).read_to_string(&mut text),
        }
        .expect("the reply is compressed as it says");
        let numbers = Json::parse(&text).expect("JSON");
        let data = numbers.pointer("/outputs/0/data").expect("data").numbers();
        assert_eq!(data, vec![1.5; 1000], "{encoding}");
    }
    let small = infer("iris", inputs(FLOWER)).header("Accept-Encoding", "gzip");
    assert_eq!(server.send(&small).header("content-encoding"), None, "it would only grow");
}

#[test]
fn what_does_not_unpack_is_refused_within_its_limit() {
    let server = Start::serve("builtin:identity1-fp32")
        .args(["--name", "fp32", "--body-bytes-max", "1MiB"])
        .start();
    let bomb = gzip(&vec![b' '; 16 << 20]);
    assert!(bomb.len() < 1 << 20, "a bomb is small");
    for (status, what, body, encoding) in [
        (413, "a bomb", bomb, "gzip"),
        (400, "no gzip", b"notgzip".to_vec(), "gzip"),
        (400, "gzip that breaks off", gzip(b"{}")[..12].to_vec(), "gzip"),
        (400, "no deflate", b"notdeflate".to_vec(), "deflate"),
        (415, "an encoding that is not known", b"{}".to_vec(), "br"),
    ] {
        let request = infer("fp32", body).header("Content-Encoding", encoding);
        assert_refused(&server.send(&request), status, what);
    }
}

#[test]
fn tensors_are_binary_where_it_is_said_so() {
    let server = start();
    let head = r#"{"inputs":[{"name":"predict","shape":[1,4],"datatype":"FP32","parameters":{"binary_data_size":16}}],"outputs":[{"name":"predict","parameters":{"binary_data":true}},{"name":"predict_proba"}]}"#;
    let reply = server.send(&binary("iris", head, &floats(&[6.5, 3.5, 1.4, 0.2])));
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/octet-stream"))
    );
    let length: usize = reply.header(LENGTH).expect("a length").parse().expect("a number");
    let (json, tensor) = reply.body.split_at(length);
    assert_eq!(tensor, 1_i64.to_le_bytes(), "the label");
    let json = Json::parse(std::str::from_utf8(json).expect("UTF-8")).expect("JSON");
    let at = |pointer: &str| json.pointer(pointer).map(ToString::to_string);
    assert_eq!(at("/outputs/0/parameters/binary_data_size").as_deref(), Some("8"));
    assert_eq!(at("/outputs/0/data"), None);
    assert_eq!(at("/outputs/1/data").as_deref(), Some("[0.1,0.2,0.7]"));
    let raw = infer("fp32", floats(&[1.5, 2.5])).header(LENGTH, "0");
    let reply = server.send(&raw);
    assert_eq!(reply.status, 200, "the whole body is the only input");
    assert!(reply.body.ends_with(&floats(&[1.5, 2.5])), "all outputs are binary");
}

#[test]
fn binary_tensors_that_do_not_fit_are_refused() {
    let server = start();
    let head = |size: &str| {
        format!(
            "{{\"inputs\":[{{\"name\":\"x\",\"shape\":[2],\"datatype\":\"FP32\",\"parameters\":{{\"binary_data_size\":{size}}}}}]}}"
        )
    };
    let tensor = floats(&[1.0, 2.0]);
    let with_length = |length: &str| {
        let body = [head("8").as_bytes(), &tensor].concat();
        infer("fp32", body).header(LENGTH, length)
    };
    let both = head("8").replace("\"parameters\"", "\"data\":[1,2],\"parameters\"");
    let bytes = head("6").replace("FP32", "BYTES").replace("[2]", "[1]");
    for (what, request) in [
        ("a length that is no number", with_length("abc")),
        ("a length below zero", with_length("-1")),
        ("a length beyond the body", with_length("99999")),
        ("a length beyond counting", with_length("99999999999999999999")),
        ("a length within the JSON", with_length("20")),
        ("a size that is too small", binary("fp32", &head("4"), &tensor)),
        ("a size that is too large", binary("fp32", &head("16"), &tensor)),
        ("a size beyond counting", binary("fp32", &head("18446744073709551615"), &tensor)),
        ("a size below zero", binary("fp32", &head("-8"), &tensor)),
        ("a size that is text", binary("fp32", &head("\"8\""), &tensor)),
        ("bytes that nobody owns", binary("fp32", &head("8"), &floats(&[1.0, 2.0, 3.0]))),
        ("no bytes", binary("fp32", &head("8"), b"")),
        ("data and bytes", binary("fp32", &both, &tensor)),
        ("a string that is shorter than it says", binary("bytes", &bytes, b"\x09\0\0\0ab")),
        ("bytes that are no text, to be JSON", binary("bytes", &bytes, b"\x02\0\0\0\xff\xfe")),
        ("bytes in the place of JSON", infer("fp32", [head("8").as_bytes(), &tensor].concat())),
    ] {
        assert_refused(&server.send(&request), 400, what);
    }
    assert_eq!(server.send(&binary("fp32", &head("8"), &tensor)).status, 200);
}

#[test]
fn text_comes_whole_or_in_events() {
    let server = start();
    let prompt = r#"{"id":"7","text_input":"one two"}"#;
    let whole = server.send(&Request::json("/v2/models/echo/generate", prompt));
    assert_eq!(
        (whole.status, &*whole.at("/text_output"), &*whole.at("/id")),
        (200, "one two", "7")
    );
    let events = server.send(&Request::json("/v2/models/echo/generate_stream", prompt));
    let content_type = events.header("content-type").unwrap_or_default();
    assert!(content_type.starts_with("text/event-stream"), "{content_type}");
    let texts = |reply: &Reply, pointer: &str| -> Vec<String> {
        let event = |event: &str| {
            let json = Json::parse(event.strip_prefix("data: ").expect("an event")).expect("JSON");
            json.pointer(pointer).map(ToString::to_string)
        };
        reply.text().split_terminator("\n\n").filter_map(event).collect()
    };
    assert_eq!(texts(&events, "/text_output"), ["one ", "two"]);
    let failing = r#"{"text_input":"fail"}"#;
    let events = server.send(&Request::json("/v2/models/stream/generate_stream", failing));
    assert_eq!(events.status, 200, "a piece had gone out");
    assert_eq!(texts(&events, "/text_output"), ["tok0"]);
    assert_eq!(texts(&events, "/error"), ["deliberate error"]);
}

#[test]
fn models_are_unloaded_and_loaded_again() {
    let server = start();
    let repository =
        |action: &str| server.send(&Request::json(&format!("/v2/repository/{action}"), ""));
    let states =
        |body: &str| server.send(&Request::json("/v2/repository/index", body)).text().to_owned();
    assert_eq!(repository("models/fp32/unload").status, 200);
    assert!(
        states("").contains(r#"{"name":"fp32","version":"1","state":"UNAVAILABLE""#),
        "{}",
        states("")
    );
    assert!(!states(r#"{"ready":true}"#).contains("fp32"));
    assert_refused(&server.send(&Request::get("/v2/models/fp32/ready")), 503, "readiness");
    let request = infer("fp32", inputs(r#"{"name":"x","shape":[1],"datatype":"FP32","data":[1]}"#));
    assert_refused(&server.send(&request), 503, "a prediction");
    assert_eq!(server.send(&Request::get("/v2/health/ready")).status, 200, "nobody misses it");
    assert_eq!(repository("models/fp32/load").status, 200);
    assert_eq!(server.send(&request).status, 200);
    assert_refused(&repository("models/nope/unload"), 404, "an unknown model");
}

#[test]
fn statistics_and_metrics_count_what_was_asked() {
    let server = start();
    let mut client = Client::connect(server.http);
    let rows = |n_rows: usize| {
        let data = vec!["1"; 4 * n_rows].join(",");
        let input = format!(
            "{{\"name\":\"predict\",\"shape\":[{n_rows},4],\"datatype\":\"FP32\",\"data\":[{data}]}}"
        );
        infer("iris", inputs(&input))
    };
    for n_rows in [1, 1, 3] {
        assert_eq!(client.send(&rows(n_rows)).status, 200);
    }
    assert_eq!(client.send(&infer("iris", "{}")).status, 400);
    for path in ["/v2/models/iris/stats", "/v2/models/iris/versions/1/stats"] {
        let statistics = client.send(&Request::get(path));
        let at = |pointer: &str| statistics.at(&format!("/model_stats/0{pointer}"));
        assert_eq!((at("/name"), at("/version")), ("iris".to_owned(), "1".to_owned()));
        assert_eq!((&*at("/inference_count"), &*at("/execution_count")), ("5", "3"), "{path}");
        assert_eq!(at("/inference_stats/success/count"), "3");
        assert_eq!(
            (&*at("/batch_stats/0/batch_size"), &*at("/batch_stats/1/batch_size")),
            ("1", "3")
        );
    }
    let page = Page::parse(&server.metrics_page());
    let of_iris = |name: &str| page.sum(name, &[("model", "iris")]);
    assert!((of_iris("radiant_batch_rows_count") - 3.0).abs() < 0.5);
    assert!((of_iris("radiant_batch_rows_sum") - 5.0).abs() < 0.5);
    let done = [("model", "iris"), ("outcome", "done")];
    assert!((page.sum("radiant_inferences_total", &done) - 3.0).abs() < 0.5);
    let labels = [("protocol", "v2"), ("transport", "rest"), ("method", "infer")];
    let count = |code: &str| {
        let labels: Vec<_> = labels.iter().copied().chain([("code", code)]).collect();
        page.sum("radiant_requests_total", &labels)
    };
    assert!((count("200") - 3.0).abs() < 0.5);
    assert!((count("400") - 1.0).abs() < 0.5);
}
