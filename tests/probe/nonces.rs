//! `builtin:nonces`, `nonces-slow` and `nonces-faulty`: engines whose answer to a row tells which row
//! it was, whatever stands beside it in the batch.
//!
//! They take a matrix of any type and width, whose first column is a nonce. Asked for nothing by name
//! they give `answer`; `nonce` is the first column as it came. The nonces of each run are appended to
//! the file that `PROBE_NONCES` names, so that a test can see which ran, and how often.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use radiant::{Builtin, Served};
use radiant_contract::{EnvSource as _, ProcessEnv};
use radiant_core::{
    Answers, Batching, Cancel, DType, Engine, Error, Form, Signature, Tensor, TensorData,
    TensorSpec,
};

use crate::answer::{ERROR_REST, FAULT_EVERY, PANIC_REST, answer};

/// How long a run of `nonces-slow` takes, however many rows it has.
const SLOW: Duration = Duration::from_micros(500);

/// The most rows of a run: fewer than a load has at once, so that batches are cut.
const ROWS_MAX: usize = 64;

/// All of them.
pub(crate) static ALL: [Builtin; 3] = [
    Builtin { name: "nonces", make: || nonces(Temper::Quick) },
    Builtin { name: "nonces-slow", make: || nonces(Temper::Slow) },
    Builtin { name: "nonces-faulty", make: || nonces(Temper::Faulty) },
];

/// What else happens in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Temper {
    Quick,
    Slow,
    Faulty,
}

#[derive(Debug)]
struct Nonces {
    temper: Temper,
    signature: Signature,
    ran: Option<File>,
}

fn nonces(temper: Temper) -> Served {
    let signature = Signature {
        form: Form::Matrix,
        answers: Answers::First,
        ..Signature::new(
            vec![TensorSpec::new("x", DType::F64, vec![None, None])],
            ["answer", "nonce"].map(|name| TensorSpec::new(name, DType::I64, vec![None])).into(),
        )
    };
    let ran = ProcessEnv
        .get("PROBE_NONCES")
        .map(|path| OpenOptions::new().create(true).append(true).open(path))
        .transpose();
    assert!(ran.is_ok(), "the file of nonces cannot be written: {ran:?}");
    Served::Engine(Arc::new(Nonces { temper, signature, ran: ran.ok().flatten() }))
}

impl Engine for Nonces {
    fn name(&self) -> &'static str {
        "probe"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn batching(&self) -> Batching {
        Batching::Rows { max: ROWS_MAX, exact: true }
    }

    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        _cancel: &Cancel,
    ) -> Result<(), Error> {
        let [input] = inputs else { return Err(Error::model_failed("expected one matrix")) };
        let n_rows = input.shape.rows();
        let values = whole_numbers(&input.data)?;
        let n_columns = values.len().checked_div(n_rows).unwrap_or(0).max(1);
        let rows = || values.chunks_exact(n_columns);
        let nonces: Vec<u64> = rows().map(|row| row[0]).collect();
        self.note(&nonces)?;
        self.act(&nonces)?;
        outputs.clear();
        outputs.extend(wanted.iter().map(|&index| match index {
            0 => column("answer", rows().map(|row| answer(row.iter().copied()))),
            _ => column("nonce", nonces.iter().copied()),
        }));
        Ok(())
    }
}

impl Nonces {
    /// Appends what runs now in one write, so that runs of several threads do not mingle.
    fn note(&self, nonces: &[u64]) -> Result<(), Error> {
        let Some(mut ran) = self.ran.as_ref() else { return Ok(()) };
        let bytes: Vec<u8> = nonces.iter().flat_map(|nonce| nonce.to_le_bytes()).collect();
        let written = ran.write_all(&bytes);
        written.map_err(|error| Error::model_failed("cannot note the nonces").with_source(error))
    }

    fn act(&self, nonces: &[u64]) -> Result<(), Error> {
        let has = |rest| nonces.iter().any(|nonce| nonce % FAULT_EVERY == rest);
        match self.temper {
            Temper::Quick => {}
            #[expect(clippy::disallowed_methods, reason = "it stands for a model that computes")]
            Temper::Slow => std::thread::sleep(SLOW),
            Temper::Faulty => {
                assert!(!has(PANIC_REST), "a nonce asked for a panic");
                if has(ERROR_REST) {
                    return Err(Error::model_failed("a nonce asked for an error"));
                }
            }
        }
        Ok(())
    }
}

/// Numbers of the types that the tests send.
#[expect(
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "tests send whole numbers; any other only has another answer"
)]
fn whole_numbers(data: &TensorData) -> Result<Vec<u64>, Error> {
    match data {
        TensorData::I32(values) => Ok(values.iter().map(|&value| value as u64).collect()),
        TensorData::I64(values) => Ok(values.iter().map(|&value| value as u64).collect()),
        TensorData::F32(values) => Ok(values.iter().map(|&value| value as u64).collect()),
        TensorData::F64(values) => Ok(values.iter().map(|&value| value as u64).collect()),
        other => Err(Error::model_failed(format!("no whole numbers in {}", other.dtype()))),
    }
}

fn column(name: &str, values: impl Iterator<Item = u64>) -> Tensor {
    let values: Vec<i64> = values.map(u64::cast_signed).collect();
    Tensor::new(name, &[values.len()], values)
}
