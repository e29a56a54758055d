//! What an engine that notes its batches gets to see.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;
use crate::{DType, ErrorKind, Strings};

/// Doubles `x` plus `all`, and says whose row it was.
#[derive(Debug)]
struct Doubling {
    signature: Signature,
    seen: Mutex<Vec<usize>>,
    /// Set by the first run.
    has_run: Arc<AtomicBool>,
}

const ANY: Option<usize> = None;

fn spec(name: &str, dtype: DType, dims: &[Option<usize>]) -> TensorSpec {
    TensorSpec::new(name, dtype, dims.to_vec())
}

fn doubling(first: Option<usize>) -> Arc<Doubling> {
    let mut inputs = vec![spec("x", DType::I64, &[first, Some(2)])];
    if first.is_none() {
        inputs.push(spec("all", DType::I64, &[Some(2)]));
    }
    let outputs =
        vec![spec("y", DType::I64, &[first, Some(2)]), spec("name", DType::Bytes, &[first])];
    let signature = Signature::new(inputs, outputs);
    let (seen, has_run) = (Mutex::default(), Arc::default());
    Arc::new(Doubling { signature, seen, has_run })
}

impl Engine for Doubling {
    fn name(&self) -> &'static str {
        "doubling"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        _cancel: &Cancel,
    ) -> Result<(), Error> {
        self.signature.check(inputs)?;
        let x = inputs[0].as_slice::<i64>().unwrap();
        let all = inputs.get(1).and_then(Tensor::as_slice::<i64>).unwrap_or(&[0, 0]);
        let rows = inputs[0].shape.rows();
        self.seen.lock().unwrap().push(rows);
        self.has_run.store(true, Ordering::Relaxed);
        outputs.clear();
        outputs.extend(wanted.iter().map(|&index| {
            if index == 0 {
                let y = x.iter().zip(all.iter().cycle()).map(|(x, all)| 2 * x + all);
                return Tensor::new("y", &[rows, 2], y.collect());
            }
            let names: Vec<String> = x.chunks(2).map(|row| format!("row {}", row[0])).collect();
            let names: Strings = names.iter().map(String::as_str).collect();
            Tensor::strings("name", &[rows], names)
        }));
        Ok(())
    }
}

/// Runs `rows` rows and tells the batches that the engine saw.
fn run(first: Option<usize>, rule: BatchRule, rows: usize) -> (Vec<Tensor>, Vec<usize>) {
    let engine = doubling(first);
    let batched = Batched::new(Arc::<Doubling>::clone(&engine), rule).unwrap();
    let x = (0..i64::try_from(2 * rows).unwrap()).collect();
    let mut inputs = vec![Tensor::new("x", &[rows, 2], x)];
    if first.is_none() {
        inputs.push(Tensor::new("all", &[2], vec![100_i64, 200]));
    }
    batched.signature().check(&inputs).unwrap();
    // What is there before is overwritten.
    let mut outputs = vec![Tensor::new("old", &[1], vec![1_u8]); 3];
    batched.run(&inputs, &[1, 0], &mut outputs, &Cancel::never()).unwrap();
    let seen = engine.seen.lock().unwrap().clone();
    (outputs, seen)
}

#[test]
fn large_requests_are_cut_and_small_ones_run_as_they_come() {
    let cut = BatchRule::CutAt { max_rows: 4 };
    let (whole, seen) = run(ANY, BatchRule::AsItComes, 9);
    assert_eq!(seen, [9]);
    let (parts, seen) = run(ANY, cut, 9);
    assert_eq!(seen, [4, 4, 1]);
    assert_eq!(parts, whole);
    assert_eq!(run(ANY, cut, 4).1, [4]);
    assert_eq!(run(ANY, cut, 3).1, [3]);
}

#[test]
fn a_fixed_batch_is_filled_up_and_its_padding_cut_off() {
    let (outputs, seen) = run(Some(4), BatchRule::Fixed { rows: 4 }, 6);
    assert_eq!(seen, [4, 4]);
    assert_eq!(outputs[0].shape.dims(), [6]);
    assert_eq!(outputs[1].as_slice::<i64>().unwrap(), (0..12).map(|x| 2 * x).collect::<Vec<_>>());
    assert_eq!(run(Some(4), BatchRule::Fixed { rows: 4 }, 4).1, [4]);
    let (outputs, seen) = run(Some(4), BatchRule::Fixed { rows: 4 }, 1);
    assert_eq!((outputs[1].shape.dims(), seen), (&[1, 2][..], vec![4]));
    // A model of one row runs row by row.
    assert_eq!(run(Some(1), BatchRule::Fixed { rows: 1 }, 3).1, [1, 1, 1]);
}

#[test]
fn no_rows_are_answered_without_a_run() {
    for (first, rule) in
        [(ANY, BatchRule::CutAt { max_rows: 4 }), (Some(2), BatchRule::Fixed { rows: 2 })]
    {
        let (outputs, seen) = run(first, rule, 0);
        assert_eq!(seen, [0_usize; 0]);
        assert_eq!(outputs[0], Tensor::zeros("name", &[0], DType::Bytes));
        assert_eq!(outputs[1], Tensor::zeros("y", &[0, 2], DType::I64));
    }
}

#[test]
fn a_cancelled_request_ends_between_parts() {
    let engine = doubling(Some(1));
    let batched =
        Batched::new(Arc::<Doubling>::clone(&engine), BatchRule::Fixed { rows: 1 }).unwrap();
    let has_run = Arc::clone(&engine.has_run);
    let cancel = Cancel::when(move || has_run.load(Ordering::Relaxed));
    let inputs = [Tensor::new("x", &[5, 2], vec![0_i64; 10])];
    let error = batched.run(&inputs, &[0], &mut Vec::new(), &cancel).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(*engine.seen.lock().unwrap(), [1]);
}

#[test]
fn a_fixed_batch_is_open_in_the_signature() {
    let batched = Batched::new(doubling(Some(4)), BatchRule::Fixed { rows: 4 }).unwrap();
    assert_eq!(batched.signature().inputs_listed(), "`x` INT64 [-1, 2]");
    assert_eq!(batched.signature().outputs_listed(), "`y` INT64 [-1, 2], `name` BYTES [-1]");
    assert_eq!(batched.name(), "doubling");
}

#[test]
fn an_output_without_its_rows_is_an_error() {
    #[derive(Debug)]
    struct Short(Signature);
    impl Engine for Short {
        fn name(&self) -> &'static str {
            "short"
        }
        fn signature(&self) -> &Signature {
            &self.0
        }
        fn run(
            &self,
            _inputs: &[Tensor],
            _wanted: &[usize],
            outputs: &mut Vec<Tensor>,
            _cancel: &Cancel,
        ) -> Result<(), Error> {
            *outputs = vec![Tensor::new("y", &[1, 2], vec![0_i64, 0])];
            Ok(())
        }
    }
    let signature = doubling(ANY).signature.clone();
    let batched =
        Batched::new(Arc::new(Short(signature)), BatchRule::CutAt { max_rows: 2 }).unwrap();
    let inputs =
        [Tensor::new("x", &[4, 2], vec![0_i64; 8]), Tensor::new("all", &[2], vec![0_i64; 2])];
    let error = batched.run(&inputs, &[0], &mut Vec::new(), &Cancel::never()).unwrap_err();
    assert_eq!(error.to_string(), "output `y`: expected 2 rows, got [1, 2]");
}

#[test]
fn all_that_a_table_brings_is_cut() {
    /// Answers with the texts of its last input.
    #[derive(Debug)]
    struct Last(Signature);
    impl Engine for Last {
        fn name(&self) -> &'static str {
            "last"
        }
        fn signature(&self) -> &Signature {
            &self.0
        }
        fn run(
            &self,
            inputs: &[Tensor],
            _wanted: &[usize],
            outputs: &mut Vec<Tensor>,
            _cancel: &Cancel,
        ) -> Result<(), Error> {
            self.0.check(inputs)?;
            let last = inputs.last().filter(|last| last.shape.rows() < 3);
            *outputs = vec![last.cloned().ok_or_else(|| Error::invalid_input("no rows"))?];
            Ok(())
        }
    }
    let inputs = vec![spec("a", DType::F64, &[ANY])];
    let outputs = vec![spec("y", DType::Bytes, &[ANY])];
    let signature = Signature { form: Form::Frame, ..Signature::new(inputs, outputs) };
    let rule = BatchRule::for_signature(&signature, true, 2);
    assert_eq!(rule, BatchRule::CutAt { max_rows: 2 });
    let batched = Batched::new(Arc::new(Last(signature)), rule).unwrap();
    let texts = [Some("x"), None, Some(""), None, None];
    let came = [
        Tensor::new("b", &[5, 1], vec![0_i64; 5]),
        Tensor::strings("a", &[5], texts.into_iter().collect()),
    ];
    let mut outputs = Vec::new();
    batched.run(&came, &[0], &mut outputs, &Cancel::never()).unwrap();
    assert_eq!(outputs, came[1..]);
    // What is not there is the engine's to tell.
    let none = [Tensor::zeros("c", &[0], DType::F64), Tensor::zeros("d", &[0], DType::F64)];
    batched.run(&none, &[0], &mut outputs, &Cancel::never()).unwrap();
    assert_eq!(&*outputs[0].name, "d");
}

#[test]
fn the_rule_follows_from_the_signature_and_from_the_graph() {
    let rule =
        |first, independent| BatchRule::for_signature(&doubling(first).signature, independent, 64);
    assert_eq!(rule(ANY, true), BatchRule::CutAt { max_rows: 64 });
    assert_eq!(rule(ANY, false), BatchRule::AsItComes);
    assert_eq!(rule(Some(1), true), BatchRule::Fixed { rows: 1 });
    assert_eq!(rule(Some(8), true), BatchRule::Fixed { rows: 8 });
    assert_eq!(rule(Some(8), false), BatchRule::AsItComes);
    assert_eq!(rule(Some(0), true), BatchRule::AsItComes);
    let mut signature = doubling(Some(1)).signature.clone();
    signature.outputs[1].dims = vec![];
    assert_eq!(BatchRule::for_signature(&signature, true, 64), BatchRule::AsItComes);
    signature.outputs[1].dims = vec![Some(2)];
    assert_eq!(BatchRule::for_signature(&signature, true, 64), BatchRule::AsItComes);
    let fixed = BatchRule::Fixed { rows: 1 };
    let error = Batched::new(doubling(ANY), fixed).unwrap_err().to_string();
    assert!(error.ends_with("cannot be run as Fixed { rows: 1 }"), "{error}");
}

#[test]
fn a_fixed_batch_of_very_many_rows_is_no_batch() {
    let first = 1 << 28;
    let signature = doubling(Some(first)).signature.clone();
    assert_eq!(BatchRule::for_signature(&signature, true, 64), BatchRule::AsItComes);
    assert!(Batched::new(doubling(Some(first)), BatchRule::Fixed { rows: first }).is_err());
    let mut signature = doubling(Some(1 << 16)).signature.clone();
    let rows = BatchRule::Fixed { rows: 1 << 16 };
    assert_eq!(BatchRule::for_signature(&signature, true, 64), rows);
    signature.outputs[0].dims.push(Some(1 << 10));
    assert_eq!(BatchRule::for_signature(&signature, true, 64), BatchRule::AsItComes);
}

#[test]
fn padding_with_large_rows_is_refused() {
    let engine = doubling(Some(1 << 20));
    let mut signature = engine.signature.clone();
    signature.inputs = vec![spec("x", DType::Bytes, &[Some(1 << 20)])];
    let engine = Arc::new(Doubling { signature, seen: Mutex::default(), has_run: Arc::default() });
    let batched = Batched::new(engine, BatchRule::Fixed { rows: 1 << 20 }).unwrap();
    let text = "x".repeat(1000);
    let inputs = [Tensor::strings("x", &[1], [text.as_str()].into_iter().collect())];
    let error = batched.run(&inputs, &[0], &mut Vec::new(), &Cancel::never()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "expected a multiple of 1048576 rows, as the model fixes them, or smaller ones, got 1: the \
         rows that lack would take 1056963600 bytes, more than 268435456"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_it_is_cut_the_answer_is_the_same(rows in 0_usize..20, size in 1_usize..7) {
        let (whole, _) = run(ANY, BatchRule::CutAt { max_rows: 100 }, rows);
        prop_assert_eq!(run(ANY, BatchRule::CutAt { max_rows: size }, rows).0, whole);
        let (one, _) = run(Some(1), BatchRule::Fixed { rows: 1 }, rows);
        let (fixed, seen) = run(Some(size), BatchRule::Fixed { rows: size }, rows);
        prop_assert_eq!(fixed, one);
        prop_assert!(seen.iter().all(|&rows| rows == size));
    }
}
