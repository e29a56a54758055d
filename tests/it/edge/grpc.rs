//! Over gRPC.

use serde_json::json;

use super::frames::{
    CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS,
    NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, RST_STREAM, Raw, WINDOW_UPDATE, frame, headers,
};
use super::{assert_refused, start};
use crate::support::grpc::{Call, Client, frame as message};
use crate::support::proto;

const PREDICT: &str = "/seldon.protos.Model/Predict";
const STREAM: &str = "/inference.GRPCInferenceService/ModelStreamInfer";

/// The headers of a call that goes on.
fn open(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &headers(PREDICT, &[]))
}

/// A call that is taken back at once.
fn reset(stream: u32) -> Vec<u8> {
    [open(stream), frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes())].concat()
}

#[test]
fn calls_that_are_opened_and_taken_back_for_ever_end_the_connection() {
    let mut server = start(&["--grpc-resets-max", "10"]);
    // All at once (CVE-2023-44487), and each when the one before has been looked at.
    let mut at_once = Raw::open(server.grpc);
    at_once.send(&(0..1000).flat_map(|n| reset(2 * n + 1)).collect::<Vec<_>>());
    assert_calmed(&mut at_once);
    let mut one_by_one = Raw::open(server.grpc);
    one_by_one.settle();
    let mut stream = 1;
    while one_by_one.send(&reset(stream)) && stream < 100_000 {
        stream += 2;
    }
    assert_calmed(&mut one_by_one);
    assert_refused(&mut server, "grpc", "resets");
}

fn assert_calmed(raw: &mut Raw) {
    let farewells = raw.until_closed();
    let code = farewells.first().map(super::frames::Frame::code);
    assert_eq!(code, Some(ENHANCE_YOUR_CALM));
}

#[test]
fn as_many_calls_may_be_taken_back_as_are_allowed() {
    let server = start(&["--grpc-resets-max", "10"]);
    let mut client = Client::connect(server.grpc);
    for _ in 0..9 {
        client.open(&Call::new(PREDICT)).reset();
    }
    let live = "/inference.GRPCInferenceService/ServerLive";
    assert_eq!(client.unary(live, b"").status_name(), "OK");
}

#[test]
fn headers_that_go_on_for_ever_end_the_connection() {
    let mut server = start(&[]);
    // Frames without content (CVE-2024-27316).
    let mut raw = Raw::open(server.grpc);
    raw.send(&frame(HEADERS, 0, 1, &headers(PREDICT, &[])));
    raw.send(&frame(CONTINUATION, 0, 1, b"").repeat(100));
    assert_calmed(&mut raw);
    assert_refused(&mut server, "grpc", "headers");
}

#[test]
fn frames_that_hold_nothing_for_ever_end_the_connection() {
    let mut server = start(&[]);
    let mut raw = Raw::open(server.grpc);
    raw.send(&open(1));
    raw.send(&frame(DATA, 0, 1, b"").repeat(200));
    assert_calmed(&mut raw);
    assert_refused(&mut server, "grpc", "frames");
}

#[test]
fn headers_that_are_too_many_or_too_large_are_refused() {
    let mut server = start(&["--headers-max", "8", "--header-bytes-max", "2KiB"]);
    let many = (0..9).fold(Call::new(PREDICT), |call, n| call.metadata(&format!("x-{n}"), "1"));
    let answer = Client::connect(server.grpc).call(&many, b"");
    assert_eq!(answer.status_name(), "RESOURCE_EXHAUSTED");
    assert!(answer.message.contains("--headers-max"), "{}", answer.message);
    assert_refused(&mut server, "grpc", "headers");

    let mut server = start(&["--header-bytes-max", "2KiB"]);
    let mut raw = Raw::open(server.grpc);
    let large = headers(PREDICT, &[("x", &"y".repeat(2048))]);
    raw.send(&frame(HEADERS, END_HEADERS, 1, &large));
    raw.until(HEADERS);
    let refused = raw.until(RST_STREAM);
    assert_eq!((refused.stream, refused.code()), (1, PROTOCOL_ERROR));
    raw.settle();
    assert_refused(&mut server, "grpc", "headers");
}

#[test]
fn headers_and_openings_that_stall_close_the_connection() {
    let mut server = start(&["--head-read-timeout", "1s"]);
    let mut stalled = Raw::open(server.grpc);
    stalled.send(&frame(HEADERS, 0, 1, &headers(PREDICT, &[])));
    let mut silent = Raw::silent(server.grpc);
    stalled.until_closed();
    silent.until_closed();
    assert_refused(&mut server, "grpc", "head");
}

#[test]
fn calls_beyond_those_of_a_connection_are_refused() {
    let mut server = start(&["--grpc-streams-max", "2"]);
    let mut raw = Raw::open(server.grpc);
    raw.send(&[open(1), open(3), open(5)].concat());
    let refused = raw.until(RST_STREAM);
    assert_eq!((refused.stream, refused.code()), (5, REFUSED_STREAM));
    assert_refused(&mut server, "grpc", "streams");
}

#[test]
fn a_message_that_stalls_is_given_up_and_a_pause_is_not() {
    let mut server = start(&["--body-read-timeout", "300ms"]);
    for path in [PREDICT, STREAM] {
        let mut call = Client::connect(server.grpc).open(&Call::new(path));
        call.send_raw(&[0, 0, 0], false);
        assert_eq!(call.finish().status_name(), "DEADLINE_EXCEEDED", "{path}");
    }
    assert_refused(&mut server, "grpc", "body");
}

#[test]
fn a_reply_that_is_not_read_closes_its_connection() {
    let mut server = start(&["--reply-read-timeout", "500ms"]);
    let mut raw = Raw::open(server.grpc);
    // Before that a connection takes no more than 65535 bytes (RFC 9113, 6.9.2).
    raw.until(WINDOW_UPDATE);
    // More than the window of a client that says nothing of it, twice.
    let text = json!({"strData": "a".repeat(200_000)});
    let request = proto::request_of(PREDICT).expect("a method");
    let body = message(false, &proto::encode(&request, &text));
    raw.send(&open(1));
    for (index, piece) in body.chunks(16_000).enumerate() {
        let is_last = (index + 1) * 16_000 >= body.len();
        raw.send(&frame(DATA, u8::from(is_last) * END_STREAM, 1, piece));
    }
    raw.until_closed();
    assert_refused(&mut server, "grpc", "reply");
}

#[test]
fn a_connection_without_calls_is_asked_to_go() {
    let mut server = start(&["--keep-alive", "500ms"]);
    let mut raw = Raw::open(server.grpc);
    let farewell = raw.until(GOAWAY);
    assert_eq!(farewell.code(), NO_ERROR);
    raw.until_closed();
    assert_refused(&mut server, "grpc", "idle");
}

#[test]
fn a_call_keeps_its_connection() {
    let mut server = start(&["--keep-alive", "300ms"]);
    let mut kept = Client::connect(server.grpc);
    let mut stream = kept.open(&Call::new(STREAM));
    stream.send(b"");
    assert!(stream.receive().is_some(), "the stream is being answered");
    let mut idle = Raw::open(server.grpc);
    idle.until_closed();
    assert_refused(&mut server, "grpc", "idle");
    stream.half_close();
    assert_eq!(stream.finish().status_name(), "OK", "it was open all the while");
}

#[test]
fn connections_beyond_the_bound_are_closed_and_counted() {
    let mut server = start(&["--connections-max", "1"]);
    let _first = Client::connect(server.grpc);
    Raw::silent(server.grpc).until_closed();
    assert_refused(&mut server, "grpc", "connections");
}
