//! Replays what Seldon Core 1.18.2's Python microservice answered, row by row, over a socket.
//!
//! `tests/golden/seldon-v1/rest.jsonl` holds requests with the answers of the real server. The rows
//! of one model were sent in order to one process, and their counters add up, so they are replayed
//! in order against one process of ours. Every row passes as recorded, or stands in
//! [`deviations::DEVIATIONS`] and is asserted as it stands there.

mod compare;
mod deviations;
mod row;

use std::collections::BTreeSet;
use std::path::PathBuf;

pub(crate) use self::compare::apart;
use self::deviations::{DEVIATIONS, Deviation};
use self::row::Row;
use crate::support::http::{self, Reply};
use crate::support::process::{Server, Start};
use crate::support::workspace;

/// Rows that are answered as recorded. May only grow.
const PASSED: usize = 253;
/// Rows that are answered otherwise on purpose. May only shrink.
const DEVIATING: usize = 37;

/// Of a row that fails; a metrics page differs in hundreds of places at once.
const DIFFERENCES_SHOWN: usize = 6;

/// A model of the recording, with the environment that it ran in.
struct Model {
    name: &'static str,
    /// A builtin, or a folder beside the recording.
    source: &'static str,
    env: &'static [(&'static str, &'static str)],
}

/// The node that the models of libraries were.
const CLASSIFIER: &[(&str, &str)] =
    &[("PREDICTIVE_UNIT_ID", "classifier"), ("PREDICTIVE_UNIT_IMAGE", "org/img:1.0")];

/// The same with a method of scikit-learn chosen.
const PREDICT: &[(&str, &str)] = &[
    CLASSIFIER[0],
    CLASSIFIER[1],
    (PARAMETERS, r#"[{"name":"method","type":"STRING","value":"predict"}]"#),
];
const DECISION: &[(&str, &str)] = &[
    CLASSIFIER[0],
    CLASSIFIER[1],
    (PARAMETERS, r#"[{"name":"method","type":"STRING","value":"decision_function"}]"#),
];
const PARAMETERS: &str = "PREDICTIVE_UNIT_PARAMETERS";

const MODELS: [Model; 11] = [
    Model { name: "Ident", source: "builtin:echo", env: CLASSIFIER },
    Model { name: "xgb_multi", source: "xgb", env: CLASSIFIER },
    Model { name: "xgb_binary", source: "xgbbin", env: CLASSIFIER },
    Model { name: "sk_proba", source: "sk", env: CLASSIFIER },
    Model { name: "sk_predict", source: "sk", env: PREDICT },
    Model { name: "sk_decision", source: "sk", env: DECISION },
    Model { name: "sk_str", source: "skstr", env: PREDICT },
    Model { name: "sk_reg_proba", source: "skreg", env: CLASSIFIER },
    Model { name: "sk_reg_predict", source: "skreg", env: PREDICT },
    Model { name: "Sum2", source: "builtin:sum2", env: &[] },
    Model {
        name: "Multi",
        source: "builtin:multi",
        env: &[
            ("PREDICTIVE_UNIT_ID", "node1"),
            ("PREDICTIVE_UNIT_IMAGE", "reg:5000/img:1.0"),
            ("SELDON_DEPLOYMENT_ID", "dep"),
            ("PREDICTOR_ID", "pred"),
            ("PREDICTOR_LABELS", "{\"version\":\"v7\"}"),
            ("PREDICTIVE_UNIT_METRICS_ENDPOINT", "/prometheus"),
        ],
    },
];

#[test]
fn every_recorded_row_passes_or_deviates_on_purpose() {
    let rows = row::read_all();
    let mut failures = Vec::new();
    let (mut passed, mut deviating) = (0, 0);
    for model in &MODELS {
        let server = start(model);
        for row in rows.iter().filter(|row| row.model == model.name) {
            let deviation = deviations::of(row);
            let verdict = judge(row, deviation, &ask(&server, row));
            match (verdict, deviation) {
                (Err(differences), _) => failures.push(failure(row, &differences)),
                (Ok(()), None) => passed += 1,
                (Ok(()), Some(_)) => deviating += 1,
            }
        }
    }
    println!("golden seldon-v1 rest: {passed} passed, {deviating} deviating");
    assert!(failures.is_empty(), "{} rows fail:\n{}", failures.len(), failures.join("\n"));
    assert_eq!((passed, deviating), (PASSED, DEVIATING));
    assert_eq!(passed + deviating, rows.len());
}

#[test]
fn only_errors_of_the_original_may_deviate_and_each_row_is_listed_once() {
    let rows = row::read_all();
    let mut seen = BTreeSet::new();
    for deviation in &DEVIATIONS {
        let of_this = |row: &&Row| row.model == deviation.model && row.name == deviation.row;
        let recorded: Vec<&Row> = rows.iter().filter(of_this).collect();
        assert!(!recorded.is_empty(), "{deviation:?} is the name of no row");
        for row in recorded {
            assert_ne!(row.status, 200, "{deviation:?} was answered well by the original");
            assert_ne!(row.status, deviation.status, "{deviation:?} is no deviation");
        }
        assert!(seen.insert((deviation.model, deviation.row)), "{deviation:?} stands twice");
    }
}

#[test]
fn the_table_of_deviations_is_the_one_in_the_documentation() {
    let path = workspace().join("docs/compatibility.md");
    let text = std::fs::read_to_string(&path).expect("docs/compatibility.md can be read");
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut documented = BTreeSet::new();
    for cells in text.lines().map(cells) {
        if let [_, model, row, recorded, ours, _] = &cells[..]
            && MODELS.iter().any(|known| known.name == model)
        {
            documented.insert([model, row, recorded, ours].map(|cell| cell.replace('`', "")));
        }
    }
    let rows = row::read_all();
    let listed = DEVIATIONS.iter().map(|deviation| {
        let row = rows.iter().find(|row| deviation.is_of(row)).expect("a recorded row");
        let ours = format!("{} {}", deviation.status, deviation.reason().unwrap_or_default());
        [deviation.model, deviation.row, &row.status.to_string(), ours.trim()].map(str::to_owned)
    });
    assert_eq!(documented, listed.collect::<BTreeSet<_>>());
    for sentence in DEVIATIONS.iter().map(|deviation| deviation.class.ordered_by()) {
        assert!(text.contains(sentence), "the documentation does not quote: {sentence}");
    }
}

fn start(model: &Model) -> Server {
    let serve = Start::serve(source(model.source));
    model.env.iter().fold(serve, |start, (name, value)| start.env(name, value)).start()
}

/// The address of a model of the recording.
pub(crate) fn source(source: &str) -> PathBuf {
    if source.starts_with("builtin:") {
        return source.into();
    }
    workspace().join("tests/golden/seldon-v1/models").join(source)
}

fn ask(server: &Server, row: &Row) -> Reply {
    let port = if row.is_for_metrics_port() { server.metrics } else { server.http };
    http::send(port, &row.request)
}

fn judge(row: &Row, deviation: Option<&Deviation>, reply: &Reply) -> Result<(), Vec<String>> {
    let differences = match deviation {
        None => compare::with_recording(row, reply),
        Some(deviation) => compare::with_deviation(row, deviation, reply),
    };
    if differences.is_empty() { Ok(()) } else { Err(differences) }
}

fn failure(row: &Row, differences: &[String]) -> String {
    let (method, path) = (&row.request.method, &row.request.path);
    let shown = differences.iter().take(DIFFERENCES_SHOWN).map(String::as_str);
    let what = shown.collect::<Vec<_>>().join("\n    ");
    format!("- {} `{}` ({method} {path})\n    {what}", row.model, row.name)
}
