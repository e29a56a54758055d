//! The floor: an actix-web server that reads a body and answers a constant, and nothing else.
//! `radiant-bench-floor WORKERS` prints the port that it listens on.

use std::io::Write as _;

use actix_web::{App, HttpResponse, HttpServer, web};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As long as a reply of the model that is measured beside it.
const REPLY: &str = concat!(
    r#"{"data":{"names":["t:0","t:1","t:2"],"ndarray":"#,
    r#"[[0.9757476449012756,0.02425202541053295,2.4918901431192353e-07]]},"meta":{}}"#,
    "\n"
);

async fn answer(_body: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(REPLY)
}

fn main() -> std::io::Result<()> {
    let workers = std::env::args().nth(1).and_then(|workers| workers.parse().ok()).unwrap_or(1);
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().default_service(web::to(answer)))
            .workers(workers)
            .bind(("127.0.0.1", 0))?;
        for address in server.addrs() {
            writeln!(std::io::stdout(), "{}", address.port())?;
        }
        server.run().await
    })
}
