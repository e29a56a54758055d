//! Clients that go beyond what a port allows: each is answered or cut off as docs/limits.md says, and
//! counted under its reason; nobody else notices.

mod frames;
mod grpc;
mod rest;
mod tls;

use crate::support::http::Request;
use crate::support::process::{Server, Start};
use crate::support::prometheus::Page;

const ROW: &str = r#"{"data":{"ndarray":[[1,2]]}}"#;

/// A server of `builtin:echo` with these arguments.
fn start(args: &[&str]) -> Server {
    Start::serve("builtin:echo").args(args.iter().copied()).start()
}

fn predict(body: impl Into<Vec<u8>>) -> Request {
    Request::json("/predict", body)
}

/// Waits until a client was refused at this port for this reason, and asks whether others are served.
fn assert_refused(server: &mut Server, transport: &str, reason: &str) {
    let labels = [("transport", transport), ("reason", reason)];
    let counted = server.until(|server| {
        let page = Page::parse(&server.metrics_page());
        (page.sum("radiant_edge_refusals_total", &labels) > 0.5).then_some(())
    });
    assert!(counted.is_some(), "nobody was counted as refused for `{reason}`");
    assert_eq!(server.send(&predict(ROW)).status, 200, "others are served");
}
