//! Credentials of a model's store come from a file that the user names, and go nowhere else.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

use super::process::{command, place, text};

/// A store that refuses everybody, and tells which requests it got.
fn store() -> (SocketAddr, Receiver<String>) {
    let store = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = store.local_addr().unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in store.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let lines = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
            let request: Vec<String> = lines.collect();
            let answer =
                b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            drop(stream.write_all(answer));
            drop(tell.send(request.join("\n")));
        }
    });
    (address, told)
}

#[test]
fn a_file_comes_before_the_environment() {
    let place = place();
    let (address, requests) = store();
    let variables = format!(
        "# of the team\nAWS_ACCESS_KEY_ID=fromfile\nAWS_SECRET_ACCESS_KEY='hunter2'\n\
         AWS_ENDPOINT_URL=http://{address}\nAWS_REGION=us-east-1\n"
    );
    let file = place.path().join("store.env");
    fs::write(&file, variables).unwrap();
    let by_flag = [&["--credentials", "store.env"][..], &[][..]];
    for flags in by_flag {
        let arguments = ["s3://models/iris", "--runtime", "radiant", "--oci-layout", "out"];
        let mut build = command(place.path(), &[&arguments[..], flags].concat());
        build.env("AWS_ACCESS_KEY_ID", "fromenvironment");
        if flags.is_empty() {
            build.env("RADIANT_CREDENTIALS", &file);
        }
        let output = build.output().unwrap();
        let request = requests.recv().unwrap();
        assert!(request.contains("Credential=fromfile/"), "{request}");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(10), "{said}");
        assert!(said.contains("s3://models/iris") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_file_that_is_none_is_refused_by_its_name_alone() {
    let place = place();
    fs::write(place.path().join("store.env"), "hunter2").unwrap();
    for (named, expected) in
        [("store.env", "line 1: expected `KEY=VALUE`"), ("none.env", "none.env")]
    {
        let arguments = ["s3://models/iris", "--runtime", "radiant", "--oci-layout", "out"];
        let arguments = [&arguments[..], &["--credentials", named]].concat();
        let output = command(place.path(), &arguments).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(10), "{said}");
        assert!(said.contains(expected) && said.contains("NAME=VALUE"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
