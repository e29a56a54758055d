//! What a server gets to see of a boosted model.

use radiant_core::{Cancel, Engine as _, Tensor};

use super::*;

fn xgboost_engine(version: &str, name: &str) -> BoostedEngine {
    let (stem, form) = name.rsplit_once('.').unwrap();
    let bytes = Corpus::read("xgboost", version).file(stem, form);
    BoostedEngine::xgboost(&xgboost::read(&bytes, &Limits::default()).unwrap()).unwrap()
}

fn lightgbm_engine(name: &str) -> BoostedEngine {
    let bytes = Corpus::read("lightgbm", "4.7.0").file(name, "txt");
    BoostedEngine::lightgbm(&lightgbm::read(&bytes, &Limits::default()).unwrap()).unwrap()
}

fn catboost_engine(name: &str) -> BoostedEngine {
    let bytes = Corpus::read("catboost", "1.2.10").file(name, "json");
    BoostedEngine::catboost(&catboost::read(&bytes, &Limits::default()).unwrap()).unwrap()
}

/// All outputs for rows of six features.
fn run(engine: &BoostedEngine, input: Tensor) -> Result<Vec<Tensor>, String> {
    let wanted: Vec<usize> = (0..engine.signature().outputs.len()).collect();
    let mut outputs = Vec::new();
    engine.signature().check(std::slice::from_ref(&input)).unwrap();
    engine
        .run(&[input], &wanted, &mut outputs, &Cancel::never())
        .map_err(|error| error.to_string())?;
    Ok(outputs)
}

#[test]
fn the_outputs_are_what_each_server_of_such_models_gives() {
    let early = "`predict` INT64 [-1], `predict_proba` FP32 [-1, 2], `booster` FP32 [-1], `margin` \
                 FP32 [-1]";
    for (engine, outputs, seldon) in [
        (xgboost_engine("3.2.0", "classifier_early.ubj"), early, Some("booster")),
        (
            xgboost_engine("3.2.0", "softprob.json"),
            "`predict` FP32 [-1, 3], `margin` FP32 [-1, 3]",
            None,
        ),
        (
            xgboost_engine("1.7.6", "early.json"),
            "`predict` FP32 [-1], `booster` FP32 [-1], `margin` FP32 [-1]",
            Some("booster"),
        ),
        (lightgbm_engine("multiclass"), "`predict` FP64 [-1, 3], `margin` FP64 [-1, 3]", None),
        (
            catboost_engine("binary_text"),
            "`predict` BYTES [-1], `predict_proba` FP64 [-1, 2], `margin` FP64 [-1]",
            None,
        ),
        (catboost_engine("squared"), "`predict` FP64 [-1], `margin` FP64 [-1]", None),
    ] {
        assert_eq!(engine.signature().outputs_listed(), outputs);
        assert_eq!(engine.seldon_output(), seldon, "{outputs}");
        assert_eq!(engine.signature().answered(), 0..1);
        let answers = run(&engine, Tensor::new("", &[2, 6], vec![0.5_f32; 12])).unwrap();
        for (answer, spec) in answers.iter().zip(&engine.signature().outputs) {
            assert_eq!((&answer.name, answer.dtype()), (&spec.name, spec.dtype));
            assert!(spec.accepts(&answer.shape), "{spec}: {}", answer.shape);
            assert_eq!(answer.shape.n_elements(), Ok(answer.data.len()));
        }
    }
}

#[test]
fn the_booster_has_all_rounds_and_the_estimator_those_up_to_the_best() {
    let corpus = Corpus::read("xgboost", "1.7.6");
    let engine = xgboost_engine("1.7.6", "early.json");
    assert_eq!(engine.weight_copies().held, 2);
    let mut n_checked = 0;
    corpus.each(|name, answers, input| {
        if name == "early" {
            let rows = Tensor::new("", &[input.n_rows, 6], input.values.clone());
            let [predict, booster, _] = &run(&engine, rows).unwrap()[..] else { panic!("three") };
            for (got, key) in [(predict, "wrapper"), (booster, "predict")] {
                let expected = Array::read(answers.expect(key).unwrap());
                assert_eq!(doubles(&got.data), expected.values, "{key}");
                n_checked += 1;
            }
        }
    });
    assert_eq!(n_checked, 2);
}

#[test]
fn numbers_of_any_type_are_rounded_to_single_precision_once() {
    let engine = xgboost_engine("3.2.0", "squared.ubj");
    let singles: Vec<f32> = vec![1.0, 0.0, 3.0, 2.0, 0.0, 1.0];
    let expected = run(&engine, Tensor::new("", &[1, 6], singles.clone())).unwrap();
    let bytes: Vec<u8> = vec![1, 0, 3, 2, 0, 1];
    let of = |input: Tensor| run(&engine, input).unwrap();
    let words = |bytes: &[u8]| bytes.iter().map(|&byte| i64::from(byte)).collect::<Vec<_>>();
    assert_eq!(of(Tensor::new("", &[1, 6], words(&bytes))), expected);
    assert_eq!(of(Tensor::new("", &[1, 6], bytes)), expected);
    let doubles: Vec<f64> = singles.iter().map(|&value| value.into()).collect();
    assert_eq!(of(Tensor::new("", &[1, 6], doubles)), expected);
    let mut out = Vec::new();
    // Half way to the number after it, and to a double that is on the other side.
    let odd = TensorData::I64(vec![(1 << 60) + (1 << 36) + 1]);
    rows::singles(&odd, &mut out).unwrap();
    assert_eq!(out, [(1_u64 << 60) as f32 * (1.0 + f32::EPSILON)]);
}

#[test]
fn what_the_library_refuses_is_told_with_the_input() {
    let row = |n: usize| Tensor::new("", &[1, n], vec![0.0_f64; n]);
    let xgboost = xgboost_engine("3.2.0", "squared.ubj");
    assert!(run(&xgboost, row(0)).is_ok());
    assert_eq!(
        run(&xgboost, row(7)).unwrap_err(),
        "input `input`: the number of columns does not match the number of features in the booster: \
         expected at most 6, got 7"
    );
    let infinite = Tensor::new("", &[1, 1], vec![f64::INFINITY]);
    let error = run(&xgboost, infinite).unwrap_err();
    assert!(error.starts_with("input `input`: expected finite values"), "{error}");
    assert_eq!(
        run(&lightgbm_engine("l2"), row(5)).unwrap_err(),
        "input `input`: the number of features in data (5) is not the same as it was in training \
         data (6)"
    );
}

#[test]
fn a_cancelled_run_ends() {
    let engine = lightgbm_engine("l2");
    let inputs = [Tensor::new("", &[1, 6], vec![0.0_f64; 6])];
    let cancel = Cancel::when(|| true);
    assert!(engine.run(&inputs, &[0], &mut Vec::new(), &cancel).is_err());
    assert!(engine.run(&inputs, &[9], &mut Vec::new(), &Cancel::never()).is_err());
}

#[test]
fn columns_of_texts_are_the_categories_of_training() {
    let engine = lightgbm_engine("category_frame");
    let ask = |inputs: &[Tensor]| -> Result<Vec<f64>, String> {
        engine.signature().check(inputs).map_err(|error| error.to_string())?;
        let mut outputs = Vec::new();
        engine
            .run(inputs, &[0], &mut outputs, &Cancel::never())
            .map_err(|error| error.to_string())?;
        Ok(outputs[0].as_slice::<f64>().unwrap().to_vec())
    };
    let numbers = |at: usize| (0..5).map(|row| f64::from(row) / 2.0 - at as f64).collect();
    let mut columns: Vec<Vec<f64>> = (0..6).map(numbers).collect();
    columns[0] = vec![0.0, 1.0, 2.0, 3.0, f64::NAN];
    let row = |row: usize| columns.iter().map(move |column| column[row]);
    let rows: Vec<f64> = (0..5).flat_map(row).collect();
    let expected = ask(&[Tensor::new("x", &[5, 6], rows)]).unwrap();
    let texts = ["w", "x", "y z", "\u{fc}", "never seen"].into_iter().collect();
    let mut tensors = vec![Tensor::strings("whatever", &[5, 1], texts)];
    tensors.extend(columns[1..].iter().map(|column| Tensor::new("", &[5], column.clone())));
    assert_eq!(ask(&tensors).unwrap(), expected);
    tensors[1] = Tensor::strings("b", &[5], std::iter::repeat_n("w", 5).collect());
    let refused = ask(&tensors).unwrap_err();
    assert!(
        refused.contains("columns of texts as had categories in training, 1, got 2"),
        "{refused}"
    );
}
