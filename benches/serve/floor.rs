//! The floor: servers that do nothing but serve. They print the port that they listen on.
//!
//! `http` is actix-web without middleware and without routes, which reads the body and answers a
//! constant. `grpc-core` (`echo.rs`) answers each message with its own bytes.

mod echo;

use std::io::Write as _;

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, Result, bail};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: radiant-bench-floor http WORKERS CONTENT_TYPE BODY_FILE\n\
                     usage: radiant-bench-floor grpc-core WORKERS";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["http", workers, content_type, file] => {
            let body = std::fs::read(file).with_context(|| format!("reading {file}"))?;
            serve_constant(workers.parse()?, content_type.to_owned().leak(), body.leak())
        }
        ["grpc-core", workers] => echo::serve(workers.parse()?),
        _ => bail!(USAGE),
    }
}

/// Answers everything with `body`.
fn serve_constant(workers: usize, content_type: &'static str, body: &'static [u8]) -> Result<()> {
    let answer = move |_request: web::Bytes| async move {
        HttpResponse::Ok().content_type(content_type).body(body)
    };
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(move || App::new().default_service(web::to(answer)))
            .workers(workers)
            .bind(("127.0.0.1", 0))?;
        for address in server.addrs() {
            writeln!(std::io::stdout(), "{}", address.port())?;
        }
        Ok(server.run().await?)
    })
}
