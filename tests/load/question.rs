//! What is asked, and what the answer to it is.

use std::ops::Range;

use super::answer::{ERROR_REST, FAULT_EVERY, PANIC_REST, answer, scramble};

/// Whole numbers below this are the same in all types that a row comes in, FP32 among them.
const WHOLE_MAX: u64 = 1 << 24;
const ROWS_MAX: u64 = 4;
const COLUMNS_MAX: u64 = 4;
/// What the model of a version adds to a row, as a multiple of its version.
pub(crate) const VERSION_STEP: u64 = 1 << 32;

/// The type of a question's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    I32,
    I64,
    F32,
    F64,
}

impl Number {
    /// The name in the Open Inference Protocol.
    pub(crate) fn datatype(self) -> &'static str {
        match self {
            Self::I32 => "INT32",
            Self::I64 => "INT64",
            Self::F32 => "FP32",
            Self::F64 => "FP64",
        }
    }
}

/// What the model that is asked answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// The probe's engine `nonces`, or its slow one.
    Nonces,
    /// The probe's engine `nonces-faulty`, which fails whoever has a culprit among its rows.
    Faulty,
    /// A model that adds [`VERSION_STEP`] times its version, one of these, to a column of FP64.
    Versions(u64, u64),
}

/// A matrix whose rows begin with numbers that no other question has, and what is asked of it.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// The first column.
    pub(crate) nonces: Range<u64>,
    pub(crate) n_columns: u64,
    pub(crate) number: Number,
    /// The outputs that are asked for by name, in protocols that can; else none is named.
    pub(crate) outputs: &'static [&'static str],
    /// Whether it comes with a parameter that no other has, in protocols that can.
    pub(crate) has_parameter: bool,
    truth: Truth,
}

impl Question {
    /// The question number `index`; all that are asked in one go differ.
    pub(crate) fn new(index: u64, truth: Truth) -> Self {
        let dice = scramble(index);
        let pick = |shift: u32, below: u64| (dice >> shift) % below;
        // Zero is what models are warmed with.
        let first = 1 + index * ROWS_MAX % (WHOLE_MAX - ROWS_MAX - COLUMNS_MAX);
        let nonces = first..first + 1 + pick(0, ROWS_MAX);
        if let Truth::Versions(..) = truth {
            let outputs: &[_] = if pick(8, 2) == 0 { &[] } else { &["answer"] };
            let has_parameter = pick(40, 8) == 0;
            return Self {
                nonces,
                n_columns: 1,
                number: Number::F64,
                outputs,
                has_parameter,
                truth,
            };
        }
        // Most are of one kind, so that they can share runs.
        let number = [Number::F64, Number::I32, Number::I64, Number::F32][seldom(pick(16, 16))];
        let outputs: [&[_]; 4] = [&[], &["answer"], &["nonce", "answer"], &["answer", "nonce"]];
        let outputs = outputs[seldom(pick(24, 16))];
        let n_columns = 1 + seldom(pick(32, 16)) as u64;
        Self { nonces, n_columns, number, outputs, has_parameter: pick(40, 8) == 0, truth }
    }

    /// The same question where no output can be named.
    pub(crate) fn unnamed(&self) -> Self {
        Self { outputs: &[], ..self.clone() }
    }

    /// A name that is its own.
    pub(crate) fn id(&self) -> String {
        format!("q{}", self.nonces.start)
    }

    pub(crate) fn n_rows(&self) -> u64 {
        self.nonces.end - self.nonces.start
    }

    /// Its numbers, row by row.
    pub(crate) fn values(&self) -> impl Iterator<Item = u64> {
        self.nonces.clone().flat_map(|nonce| self.row(nonce))
    }

    /// Its numbers as JSON, by rows; a whole number of a floating type has a point.
    pub(crate) fn json_rows(&self) -> String {
        let rows = self.nonces.clone().map(|nonce| format!("[{}]", self.list(self.row(nonce))));
        format!("[{}]", rows.collect::<Vec<_>>().join(","))
    }

    /// Its numbers as JSON, in one list.
    pub(crate) fn json_list(&self) -> String {
        format!("[{}]", self.list(self.values()))
    }

    /// Its numbers as bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.values().flat_map(|value| self.number_bytes(value)).collect()
    }

    /// Whether the model shall fail on it.
    pub(crate) fn has_culprit(&self) -> bool {
        let is_culprit = |nonce| [PANIC_REST, ERROR_REST].contains(&(nonce % FAULT_EVERY));
        self.truth == Truth::Faulty && self.nonces.clone().any(is_culprit)
    }

    /// Checks what came as the values of its outputs by name, in the order of the reply.
    ///
    /// # Errors
    /// When that is not its own answer.
    pub(crate) fn check(&self, got: &[(&str, Vec<u64>)]) -> Result<(), String> {
        let names: Vec<&str> = got.iter().map(|(name, _)| *name).collect();
        let expected = if self.outputs.is_empty() { &["answer"][..] } else { self.outputs };
        if names != expected {
            return Err(format!("{}: expected the outputs {expected:?}, got {names:?}", self.id()));
        }
        for (name, values) in got {
            let is_own = match self.truth {
                Truth::Versions(one, other) => {
                    [one, other].iter().any(|version| *values == self.of_version(*version))
                }
                _ if *name == "nonce" => values.iter().copied().eq(self.nonces.clone()),
                _ => values.iter().copied().eq(self.answers()),
            };
            if !is_own {
                return Err(format!("{self:?}: `{name}` is not its own: {values:?}"));
            }
        }
        Ok(())
    }

    fn answers(&self) -> impl Iterator<Item = u64> {
        self.nonces.clone().map(|nonce| answer(self.row(nonce)))
    }

    fn of_version(&self, version: u64) -> Vec<u64> {
        self.nonces.clone().map(|nonce| nonce + version * VERSION_STEP).collect()
    }

    fn row(&self, nonce: u64) -> Range<u64> {
        nonce..nonce + self.n_columns
    }

    fn list(&self, values: impl Iterator<Item = u64>) -> String {
        let point = match self.number {
            Number::I32 | Number::I64 => "",
            Number::F32 | Number::F64 => ".0",
        };
        values.map(|value| format!("{value}{point}")).collect::<Vec<_>>().join(",")
    }

    #[expect(clippy::cast_possible_truncation, reason = "the numbers are whole in all types")]
    fn number_bytes(&self, value: u64) -> Vec<u8> {
        match self.number {
            Number::I32 => (value as u32).to_le_bytes().into(),
            Number::I64 => value.to_le_bytes().into(),
            Number::F32 => (value as f32).to_le_bytes().into(),
            Number::F64 => (value as f64).to_le_bytes().into(),
        }
    }
}

/// One of four, mostly the first.
fn seldom(of_sixteen: u64) -> usize {
    match of_sixteen {
        0 => 3,
        1 => 2,
        2 => 1,
        _ => 0,
    }
}

#[test]
fn questions_differ_and_know_their_own_answers() {
    let questions: Vec<Question> = (0..1000).map(|i| Question::new(i, Truth::Nonces)).collect();
    for (question, other) in questions.iter().zip(&questions[1..]) {
        assert!(question.nonces.end <= other.nonces.start);
        let own: Vec<u64> = question.answers().collect();
        let plain = question.unnamed();
        assert_eq!(plain.check(&[("answer", own.clone())]), Ok(()));
        let others = other.answers().take(own.len()).collect();
        assert!(plain.check(&[("answer", others)]).is_err());
        assert!(plain.check(&[("nonce", own)]).is_err());
    }
}

#[test]
fn an_answer_of_two_versions_is_nobodys() {
    let question = (0..).map(|index| Question::new(index, Truth::Versions(1, 2)));
    let question = question.into_iter().find(|question| question.n_rows() == 2);
    let question = question.expect("some have two rows").unnamed();
    let [one, two] = [1, 2].map(|version| question.of_version(version));
    assert_eq!(question.check(&[("answer", one.clone())]), Ok(()));
    assert_eq!(question.check(&[("answer", two.clone())]), Ok(()));
    assert!(question.check(&[("answer", vec![one[0], two[1]])]).is_err());
    assert!(question.check(&[("answer", question.of_version(3))]).is_err());
}
