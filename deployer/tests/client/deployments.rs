//! `radiant-deploy predict`, `test` and `bench` of a server by its address.

use std::fs;

use serde_json::{Value, json};

use crate::program::{Ended, MARK, run};
use crate::server::{Reply, Request, Server};

/// A server that answers with what it is sent, and refuses what is asked for by such a path.
fn echo() -> Server {
    Server::start(|request: &Request| Reply {
        code: if request.path.contains("refuse") { 503 } else { 200 },
        ..Reply::json(&serde_json::from_str(&request.body).unwrap_or_default())
    })
}

fn ask(arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &[], arguments)
}

#[test]
fn rows_become_the_request_of_each_protocol() {
    let echo = echo();
    let url = echo.url();
    for (protocol, path, body) in [
        ("seldon", "/api/v1.0/predictions", json!({"data": {"ndarray": [[1, 2]]}})),
        (
            "v2",
            "/v2/models/iris/infer",
            json!({"inputs": [{"name": "input", "shape": [1, 2], "datatype": "INT64", "data": [1, 2]}]}),
        ),
        ("tensorflow", "/v1/models/iris:predict", json!({"instances": [[1, 2]]})),
    ] {
        let ended =
            ask(&["predict", "iris", "--url", &url, "-d", "[[1, 2]]", "--protocol", protocol]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
        let asked = echo.asked().pop().unwrap();
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", path));
        assert_eq!(asked.json(), body);
        assert_eq!(serde_json::from_str::<Value>(&ended.stdout).unwrap(), body);
        assert_eq!(asked.header("content-type"), Some("application/json"));
    }
}

#[test]
fn headers_are_sent_and_an_answer_can_be_shown_with_its_own() {
    let echo = echo();
    let url = format!("{}/seldon/ml/iris/", echo.url());
    let header = format!("Authorization: {MARK}");
    let data = r#"{"data":{"ndarray":[[1.0]]}}"#;
    let ended = ask(&["predict", "iris", "--url", &url, "-d", data, "-H", &header, "-i", "--raw"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stdout.starts_with("HTTP 200\n") && ended.stdout.ends_with(&format!("\n\n{data}\n"))
    );
    let asked = echo.asked().pop().unwrap();
    assert_eq!(asked.path, "/seldon/ml/iris/api/v1.0/predictions");
    assert_eq!(asked.header("authorization"), Some(MARK));
    let ended = ask(&["predict", "iris", "--url", &url, "-d", "[1]", "--repeat", "3"]);
    assert_eq!((ended.code, ended.stderr.lines().count(), echo.asked().len()), (0, 3, 4));
    let path = ["-o", "jsonpath={.data.ndarray[0][0]}"];
    let ended = ask(&[&["predict", "iris", "--url", &url, "-d", "[[7]]"][..], &path].concat());
    assert_eq!((ended.code, ended.stdout.trim_end()), (0, "7"), "{ended:?}");
}

#[test]
fn refusals_and_servers_that_are_not_there_have_their_codes() {
    let echo = echo();
    let url = echo.url();
    let refused = ask(&["predict", "refuse", "--url", &url, "-d", "[[1]]", "--protocol", "v2"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.stderr.contains("status 503") && refused.stderr.contains("hint: "),
        "{refused:?}"
    );
    let gone = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let gone = ask(&["predict", "iris", "--url", &gone, "-d", "[[1]]"]);
    assert_eq!(gone.code, 9, "{gone:?}");
    let untold = ask(&["test", "iris", "--url", &url]);
    assert_eq!(untold.code, 3, "{untold:?}");
    assert!(untold.stderr.contains("radiant.yaml"), "{untold:?}");
    let login = url.replace("http://", &format!("http://user:{MARK}@"));
    for (arguments, word) in [
        (&["predict", "iris", "--url", &login, "-d", "[[1]]"][..], "no login"),
        (&["predict", "iris", "--url", &url, "-d", "{"], "expected JSON"),
        (&["predict", "iris", "--url", &url, "-d", "[[1]]", "-H", MARK], "Name: value"),
        (&["predict", "iris", "--url", &url], "--data"),
        (&["bench", "iris", "--url", &url, "-d", "[[1]]", "--duration", "1h"], "at most `10m`"),
    ] {
        let ended = ask(arguments);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.contains(word) && !ended.stderr.contains(MARK), "{ended:?}");
    }
}

#[test]
fn golden_answers_are_compared_as_numbers() {
    let echo = echo();
    let url = echo.url();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("in.json", r#"{"data": {"ndarray": [[0.1, 0.9]]}, "meta": {"puid": "x"}}"#);
    write("near.json", r#"{"data": {"ndarray": [[0.1000001, 0.9]]}, "meta": {"puid": "y"}}"#);
    write("far.json", r#"{"data": {"ndarray": [[0.5, 0.9]]}}"#);
    let test = |expect: &str, more: &[&str]| {
        let arguments = ["test", "iris", "--url", &url, "--request", "in.json", "--expect", expect];
        run(folder.path(), &[], &[&arguments[..], more].concat())
    };
    let near = test("near.json", &["--tolerance", "1e-5"]);
    assert_eq!(near.code, 0, "{near:?}");
    assert!(near.stdout.starts_with("ok    in.json"), "{near:?}");
    assert_eq!(test("near.json", &[]).code, 11);
    let far = test("far.json", &["--tolerance", "1e-5", "-o", "json"]);
    assert_eq!(far.code, 11, "{far:?}");
    let document: Value = serde_json::from_str(&far.stdout).unwrap();
    assert_eq!((&document["failed"], &document["passed"]), (&json!(1), &json!(0)));
    let difference = &document["tests"][0]["differences"][0];
    let expected = json!({"path": "data.ndarray[0][0]", "expected": "`0.5`", "got": "`0.1`"});
    assert_eq!(difference, &expected);
}

#[test]
fn load_is_bounded_and_told_in_figures() {
    let echo = echo();
    let url = echo.url();
    let bench = |more: &[&str]| {
        let arguments = ["bench", "iris", "--url", &url, "-d", "[[1]]", "-o", "json"];
        ask(&[&arguments[..], more].concat())
    };
    let ended = bench(&["--requests", "40", "-c", "4"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&document["requests"], &document["errors"]), (&json!(40), &json!(0)));
    let figure = |name: &str| document["latencyMs"][name].as_f64().unwrap();
    assert!(
        figure("p50") <= figure("p95") && figure("p99") <= figure("max") && figure("max") > 0.0
    );
    // One more came before, to see whether it is answered.
    assert_eq!(echo.asked().len(), 41);
}

#[test]
fn what_radiant_yaml_describes_is_asked_without_a_name() {
    let echo = echo();
    let url = echo.url();
    let folder = tempfile::tempdir().unwrap();
    let ask = |arguments: &[&str]| run(folder.path(), &[], arguments);
    let unnamed = ["predict", "--url", &url, "-d", "[[1, 2]]"];
    let ended = ask(&unnamed);
    assert_eq!(ended.code, 3, "{ended:?}");
    let text = "{apiVersion: radiant.dev/v1, kind: Deployment, name: iris, model: {uri: s3://m/i},
        credentials: {serviceAccount: a}, server: {image: r.example/radiant:1, protocol: v2}}";
    fs::write(folder.path().join("radiant.yaml"), text).unwrap();
    let ended = ask(&unnamed);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(echo.asked().pop().unwrap().path, "/v2/models/model/infer");
    // A name alone needs no file, and a file that is spoken of is read.
    let ended = ask(&["predict", "wine", "--url", &url, "-d", "[[1, 2]]"]);
    assert_eq!(
        (ended.code, echo.asked().pop().unwrap().path.as_str()),
        (0, "/api/v1.0/predictions")
    );
    let ended = ask(&["predict", "wine", "--url", &url, "-d", "[[1]]", "-f", "radiant.yaml"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let ended = ask(&["bench", "--url", &url, "-d", "[[1, 2]]", "--requests", "2", "-o", "json"]);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &document["name"]), (0, &json!("iris")), "{ended:?}");
}
