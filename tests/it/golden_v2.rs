//! Replays what Triton 2.51 and MLServer 1.7.1 answered to the Open Inference Protocol, row by row,
//! over sockets.
//!
//! `tests/golden/{triton,mlserver}` hold requests with the answers of the real servers, which differ
//! among themselves; we follow the union that every client understands. Every row agrees, or stands
//! in [`deviations::DEVIATIONS`] with what we answer instead. The models are the probe's stand-ins,
//! in two processes, because those servers have two versions of one model.

mod compare;
mod deviations;
mod row;

use std::collections::BTreeSet;

use self::deviations::{DEVIATIONS, Deviation};
use crate::support::grpc::{Answer, Client};
use crate::support::http::Reply;
use crate::support::process::{Server, Start};
use crate::support::workspace;

/// How many rows of each recording agree, and how many deviate on purpose.
const COUNTS: [(&str, &str, usize, usize); 4] = [
    ("triton", "rest", 66, 40),
    ("triton", "grpc", 53, 9),
    ("mlserver", "rest", 33, 48),
    ("mlserver", "grpc", 29, 28),
];

/// What a server of the recording served.
struct Recorded {
    server: &'static str,
    /// The versions of `iris`: that of the first process, and that of the second.
    versions: [&'static str; 2],
    iris: &'static str,
    also: &'static [&'static str],
}

static RECORDED: [Recorded; 2] = [
    Recorded {
        server: "triton",
        versions: ["1", "2"],
        iris: "builtin:triton-iris",
        also: &[
            "failing=builtin:failing",
            "generate=builtin:echo",
            "identity=builtin:identity1-fp32",
            "identity_FP16=builtin:identity1-fp16",
            "identity_FP32=builtin:identity1-fp32",
            "identity_INT64=builtin:identity1-int64",
            "identity_STRING=builtin:identity1-bytes",
            "stream=builtin:stream",
            "strict=builtin:identity1-fp32",
        ],
    },
    Recorded {
        server: "mlserver",
        versions: ["v1", "v2"],
        iris: "builtin:mlserver-iris",
        also: &[
            "failing=builtin:failing-any",
            "identity=builtin:identity-any",
            "strict=builtin:mlserver-strict",
        ],
    },
];

/// The processes that stand for a server of the recording.
struct Servers {
    /// With all models, and the first version of `iris`.
    all: Server,
    /// With the second version of `iris`, which is the one that a request without a version means.
    latest: Server,
    first_version: &'static str,
}

impl Recorded {
    fn start(&self) -> Servers {
        let serve = |version: &str| {
            Start::serve(self.iris).args(["--name", "iris", "--model-version", version])
        };
        let [first, second] = self.versions;
        let also = self.also.iter().flat_map(|model| ["--also", model]);
        Servers {
            all: serve(first).args(also).start(),
            latest: serve(second).start(),
            first_version: first,
        }
    }
}

impl Servers {
    /// The process that has the model of a version; no version is the latest.
    fn of(&self, model: Option<&str>, version: Option<&str>) -> &Server {
        match (model, version) {
            (Some("iris"), version) if version != Some(self.first_version) => &self.latest,
            _ => &self.all,
        }
    }
}

/// Rows of one recording that agree and deviate, and those that do neither.
#[derive(Default)]
struct Tally {
    agreeing: usize,
    deviating: usize,
    failures: Vec<String>,
}

impl Tally {
    /// Counts a row whose answer has this status and is the `same` as recorded or not.
    fn count(
        &mut self,
        name: &str,
        deviation: Option<&Deviation>,
        status: &str,
        same: Result<(), String>,
    ) {
        let failure = match (deviation, same) {
            (None, Ok(())) => {
                self.agreeing += 1;
                return;
            }
            (None, Err(why)) => why,
            (Some(deviation), _) if deviation.ours != status => {
                format!("it deviates: expected {}, got {status}", deviation.ours)
            }
            (Some(_), Ok(())) => "it is a deviation that agrees".to_owned(),
            (Some(_), _) => {
                self.deviating += 1;
                return;
            }
        };
        self.failures.push(format!("- {name}: {failure}"));
    }

    fn finish(self, server: &str, transport: &str) {
        let Self { agreeing, deviating, failures } = self;
        println!("golden {server} {transport}: {agreeing} agree, {deviating} deviate");
        assert!(failures.is_empty(), "{} rows fail:\n{}", failures.len(), failures.join("\n"));
        assert!(
            COUNTS.contains(&(server, transport, agreeing, deviating)),
            "{server} {transport}: {agreeing} agree, {deviating} deviate"
        );
    }
}

#[test]
fn every_recorded_request_of_triton_agrees_or_deviates_on_purpose() {
    replay_rest(&RECORDED[0]);
}

#[test]
fn every_recorded_request_of_mlserver_agrees_or_deviates_on_purpose() {
    replay_rest(&RECORDED[1]);
}

#[test]
fn every_recorded_call_of_triton_agrees_or_deviates_on_purpose() {
    replay_grpc(&RECORDED[0]);
}

#[test]
fn every_recorded_call_of_mlserver_agrees_or_deviates_on_purpose() {
    replay_grpc(&RECORDED[1]);
}

fn replay_rest(recorded: &Recorded) {
    let rows = row::rest(recorded.server);
    let servers = recorded.start();
    let mut tally = Tally::default();
    for row in &rows {
        let mut steps = row.request.path.split('/').skip(3);
        let model = steps.next();
        let version = steps.next().filter(|step| *step == "versions").and_then(|_| steps.next());
        let reply: Reply = servers.of(model, version).send(&row.request);
        let deviation = deviations::of(recorded.server, "rest", &row.name);
        let same = compare::rest(row, &reply, None);
        if let Some(class) = deviation.and_then(Deviation::compared) {
            let rest = compare::rest(row, &reply, Some(class));
            assert_eq!(rest, Ok(()), "{}, but for {class:?}", row.name);
        }
        if reply.status >= 400 && row.request.path.starts_with("/v2") {
            let shape = compare::error_shape(&reply);
            assert_eq!(shape, Ok(()), "{}", row.name);
        }
        tally.count(&row.name, deviation, &reply.status.to_string(), same);
    }
    tally.finish(recorded.server, "rest");
}

fn replay_grpc(recorded: &Recorded) {
    let rows = row::grpc(recorded.server);
    let servers = recorded.start();
    let mut tally = Tally::default();
    for row in &rows {
        let (model, version) = row.target();
        let server = servers.of(model.as_deref(), version.as_deref());
        let mut stream = Client::connect(server.grpc).open(&row.call);
        row.requests.iter().for_each(|message| stream.send(message));
        stream.half_close();
        let answer: Answer = stream.finish();
        let deviation = deviations::of(recorded.server, "grpc", &row.name);
        let same = compare::grpc(row, &answer, None);
        if let Some(class) = deviation.and_then(Deviation::compared) {
            let rest = compare::grpc(row, &answer, Some(class));
            assert_eq!(rest, Ok(()), "{}, but for {class:?}", row.name);
        }
        tally.count(&row.name, deviation, answer.status_name(), same);
    }
    tally.finish(recorded.server, "grpc");
}

#[test]
fn every_deviation_is_a_recorded_row_and_stands_in_the_documentation() {
    let path = workspace().join("docs/compatibility-v2.md");
    let text = std::fs::read_to_string(path).expect("docs/compatibility-v2.md can be read");
    let mut seen = BTreeSet::new();
    for deviation in &DEVIATIONS {
        let Deviation { server, transport, row, recorded, ours, class } = deviation;
        assert!(seen.insert((server, transport, row)), "{deviation:?} stands twice");
        let recorded_as = match *transport {
            "rest" => row::rest(server)
                .iter()
                .find(|found| found.name == *row)
                .map(|row| row.status.to_string()),
            _ => row::grpc(server)
                .iter()
                .find(|found| found.name == *row)
                .map(|row| row.code.clone()),
        };
        assert_eq!(recorded_as.as_deref(), Some(*recorded), "{deviation:?}");
        let line = format!("| {server} {transport} | `{row}` | {recorded} | {ours} |");
        assert!(text.contains(&line), "the documentation lacks: {line}");
        assert!(text.contains(class.because()), "the documentation lacks: {}", class.because());
    }
}
