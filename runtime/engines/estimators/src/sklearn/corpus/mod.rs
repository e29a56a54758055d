//! All models of the corpus against the answers of the versions of scikit-learn that wrote them.
//!
//! What is refused is pinned in `docs/models.md`, which is written from here.
//!
//! `RADIANT_CORPUS_FAMILY` and `RADIANT_CORPUS_MODEL` (a part of the name) narrow a run down, and print
//! each difference.

mod archive;
mod compare;
mod document;
mod golden;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::OnceLock;

use radiant_formats::{Audit, FormatError, Limits, object};

use super::bind;
use super::data::Table;
use super::estimator::{Answer, Estimator, Method};
use super::registry;
use super::version::Version;
use archive::File;
use golden::{Expected, Golden, Input};

/// Questions that scikit-learn refuses and that are answered here, as nothing about them is unclear.
const ANSWERED_ALL_THE_SAME: &[&str] = &["reordered", "extra", "by_position"];

/// Words of refusals that are slips of scikit-learn: rows in another precision than those of training.
const SLIPS: &[&str] = &["Buffer dtype mismatch"];

/// What came of a version's models.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) classes: BTreeMap<String, Class>,
    /// What was refused by name, with what was said.
    pub(super) refused: BTreeMap<String, BTreeSet<String>>,
    problems: Vec<String>,
}

/// What came of the models of one class.
#[derive(Debug, Default)]
pub(super) struct Class {
    pub(super) n_models: usize,
    pub(super) n_answers: usize,
    /// Answers of which all values are equal in every bit, and questions that both refuse.
    pub(super) n_equal: usize,
    pub(super) greatest: f64,
    pub(super) methods: BTreeSet<&'static str>,
}

impl Tally {
    fn of(version: &str) -> Self {
        let mut tally = Self::default();
        for file in archive::files(&format!("sklearn/{version}"), "joblib") {
            tally.ask(&file);
        }
        tally
    }

    fn ask(&mut self, file: &File) {
        let golden = Golden::read(&file.golden);
        if !is_wanted(&golden, &file.name) {
            return;
        }
        let name = &file.name;
        let estimator = match load(file.model.clone()) {
            Ok(estimator) => estimator,
            Err(FormatError::Unsupported { what, .. }) => {
                self.refused.entry(golden.class).or_default().insert(what);
                return;
            }
            Err(problem) => return self.problems.push(format!("{name}: {problem}")),
        };
        let class = self.classes.entry(golden.class.clone()).or_default();
        class.n_models += 1;
        for (case, question) in &golden.cases {
            for (method, expected) in &question.answers {
                let got = run(&*estimator, *method, &question.input);
                let outcome = match (got, expected) {
                    (Ok(got), Expected::Answer(expected)) => {
                        class.methods.insert(method.name());
                        compare::check(&golden, *method, expected, &got)
                    }
                    (Err(_), Expected::Refusal(_)) => Ok(0.0),
                    (Ok(_), Expected::Refusal(_)) if ANSWERED_ALL_THE_SAME.contains(&&**case) => {
                        Ok(0.0)
                    }
                    (Ok(_), Expected::Refusal(why))
                        if SLIPS.iter().any(|slip| why.contains(slip)) =>
                    {
                        Ok(0.0)
                    }
                    (Ok(_), Expected::Refusal(why)) => {
                        Err(format!("answers what is refused: {why}"))
                    }
                    (Err(why), Expected::Answer(_)) => Err(format!("refuses: {why}")),
                };
                class.n_answers += 1;
                match outcome {
                    Ok(difference) => {
                        class.n_equal += usize::from(difference == 0.0);
                        class.greatest = class.greatest.max(difference);
                    }
                    Err(problem) => self.problems.push(format!(
                        "{name} ({}) {case} {}: {problem}",
                        golden.class,
                        method.name()
                    )),
                }
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests are told what to do")]
fn is_wanted(golden: &Golden, name: &str) -> bool {
    let family = env::var("RADIANT_CORPUS_FAMILY").ok();
    let model = env::var("RADIANT_CORPUS_MODEL").ok();
    family.is_none_or(|family| golden.family == family)
        && model.is_none_or(|model| name.contains(&model))
}

fn load(bytes: Vec<u8>) -> Result<Box<dyn Estimator>, FormatError> {
    let graph = object::read(bytes, &Limits::default(), &Audit::default())?;
    registry::read(graph.root(), Version::UNKNOWN)
}

fn run(estimator: &dyn Estimator, method: Method, input: &Input) -> Result<Answer, String> {
    let table = match input {
        Input::Array(array) => Table::Array(array.clone()),
        Input::Frame(columns) => {
            bind::columns(&estimator.wants(), columns).map_err(|error| error.to_string())?
        }
    };
    estimator.run(method, &table).map_err(|error| error.to_string())
}

/// The versions, each with what came of its models once somebody asked.
static TALLIES: [(&str, OnceLock<Tally>); 10] = [
    ("0.20.3", OnceLock::new()),
    ("0.22.2.post1", OnceLock::new()),
    ("0.24.2", OnceLock::new()),
    ("1.0.2", OnceLock::new()),
    ("1.2.2", OnceLock::new()),
    ("1.3.2", OnceLock::new()),
    ("1.5.2", OnceLock::new()),
    ("1.6.1", OnceLock::new()),
    ("1.8.0", OnceLock::new()),
    ("1.9.1", OnceLock::new()),
];

/// What came of all versions.
fn tallies() -> impl Iterator<Item = (&'static str, &'static Tally)> {
    TALLIES.iter().map(|(version, tally)| (*version, tally.get_or_init(|| Tally::of(version))))
}

fn check_version(version: &str) {
    let tally = TALLIES.iter().find(|(known, _)| *known == version);
    let (_, tally) = tally.expect("is one of the versions");
    let tally = tally.get_or_init(|| Tally::of(version));
    let sum = |of: fn(&Class) -> usize| tally.classes.values().map(of).sum::<usize>();
    println!(
        "{version}: {} models, {} answers, {} equal in every bit, {} problems",
        sum(|class| class.n_models),
        sum(|class| class.n_answers),
        sum(|class| class.n_equal),
        tally.problems.len()
    );
    for (class, what) in &tally.refused {
        println!("  refused: {class}: {what:?}");
    }
    let shown: Vec<_> = tally.problems.iter().take(200).map(String::as_str).collect();
    assert!(tally.problems.is_empty(), "{version}:\n{}", shown.join("\n"));
}

macro_rules! versions {
    ($($name:ident => $version:literal),* $(,)?) => {$(
        #[test]
        fn $name() {
            check_version($version);
        }
    )*};
}

#[test]
fn skops_files_answer_as_the_pickles_of_the_same_models() {
    let mut tally = Tally::default();
    for file in archive::files("skops", "skops") {
        tally.ask(&file);
    }
    let n_models: usize = tally.classes.values().map(|class| class.n_models).sum();
    assert!(tally.problems.is_empty(), "{}", tally.problems.join("\n"));
    assert!(tally.refused.is_empty(), "{:?}", tally.refused);
    assert_eq!(n_models, 30);
}

versions! {
    models_of_0_20_3_answer_as_it_did => "0.20.3",
    models_of_0_22_2_answer_as_it_did => "0.22.2.post1",
    models_of_0_24_2_answer_as_it_did => "0.24.2",
    models_of_1_0_2_answer_as_it_did => "1.0.2",
    models_of_1_2_2_answer_as_it_did => "1.2.2",
    models_of_1_3_2_answer_as_it_did => "1.3.2",
    models_of_1_5_2_answer_as_it_did => "1.5.2",
    models_of_1_6_1_answer_as_it_did => "1.6.1",
    models_of_1_8_0_answer_as_it_did => "1.8.0",
    models_of_1_9_1_answer_as_it_did => "1.9.1",
}
