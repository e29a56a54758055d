//! What models do with rows that are not as in training, and with files that were tampered with.

use super::*;
use crate::Unsupported;

fn xgboost_model(version: &str, name: &str, options: XgboostOptions) -> BoostedModel {
    let (stem, form) = name.rsplit_once('.').unwrap();
    let bytes = Corpus::read("xgboost", version).file(stem, form);
    let model = xgboost::read(&bytes, &Limits::default()).unwrap();
    BoostedModel::Xgboost(XgboostModel::new(&model, options).unwrap())
}

fn lightgbm_model(version: &str, name: &str) -> BoostedModel {
    let bytes = Corpus::read("lightgbm", version).file(name, "txt");
    let model = lightgbm::read(&bytes, &Limits::default()).unwrap();
    BoostedModel::Lightgbm(LightgbmModel::new(&model, false).unwrap())
}

fn answer(model: &BoostedModel, values: Values<'_>, n_columns: usize) -> Result<Vec<f64>, String> {
    let n_values = match values {
        Values::F32(values) => values.len(),
        Values::F64(values) => values.len(),
    };
    let input = Input::new(values, n_values / n_columns, n_columns).unwrap();
    let (mut scratch, mut out) = (Scratch::default(), TensorData::F32(Vec::new()));
    model
        .predict(input, Method::Booster, &mut scratch, &mut out)
        .map_err(|error| error.message().to_owned())?;
    Ok(doubles(&out))
}

#[test]
fn xgboost_takes_columns_that_are_not_there_as_missing_and_refuses_more() {
    let model = xgboost_model("3.2.0", "softprob.ubj", XgboostOptions::default());
    assert_eq!(model.n_features(), 6);
    let short = answer(&model, Values::F64(&[0.5, -1.0]), 2).unwrap();
    let nan = f64::NAN;
    assert_eq!(short, answer(&model, Values::F64(&[0.5, -1.0, nan, nan, nan, nan]), 6).unwrap());
    assert_eq!(
        answer(&model, Values::F64(&[0.0; 7]), 7).unwrap_err(),
        "the number of columns does not match the number of features in the booster: expected at \
         most 6, got 7"
    );
}

#[test]
fn xgboost_refuses_what_is_infinite_in_single_precision_unless_it_is_missing() {
    let model = xgboost_model("1.7.6", "squared.json", XgboostOptions::default());
    for infinite in [f64::INFINITY, f64::NEG_INFINITY, 1e39] {
        assert_eq!(
            answer(&model, Values::F64(&[0.0, 0.0, 0.0, 0.0, 0.0, infinite]), 6).unwrap_err(),
            "expected finite values, got infinity or a value beyond single precision"
        );
    }
    let missing = XgboostOptions { missing: f32::INFINITY, ..XgboostOptions::default() };
    let other = xgboost_model("1.7.6", "squared.json", missing);
    assert_eq!(
        answer(&other, Values::F64(&[f64::INFINITY; 6]), 6).unwrap(),
        answer(&model, Values::F64(&[f64::NAN; 6]), 6).unwrap()
    );
}

#[test]
fn lightgbm_refuses_other_numbers_of_columns() {
    let model = lightgbm_model("4.7.0", "binary");
    for n_columns in [5, 7] {
        assert_eq!(
            answer(&model, Values::F64(&vec![0.0; n_columns]), n_columns).unwrap_err(),
            format!(
                "the number of features in data ({n_columns}) is not the same as it was in \
                 training data (6)"
            )
        );
    }
}

#[test]
fn numbers_of_single_precision_answer_as_in_double_precision() {
    let singles: Vec<f32> = (0..600).map(|at| ((at * 37 % 101) as f32 - 50.0) / 23.0).collect();
    let doubles: Vec<f64> = singles.iter().map(|&value| value.into()).collect();
    for model in [
        xgboost_model("2.1.4", "multi_target.ubj", XgboostOptions::default()),
        xgboost_model("2.1.4", "linear_multi.json", XgboostOptions::default()),
        lightgbm_model("4.3.0", "multiclass"),
        lightgbm_model("4.3.0", "linear"),
    ] {
        let expected = answer(&model, Values::F64(&doubles), 6).unwrap();
        assert_eq!(answer(&model, Values::F32(&singles), 6).unwrap(), expected);
    }
}

#[test]
fn large_batches_answer_as_their_rows_do() {
    let corpus = Corpus::read("lightgbm", "4.7.0");
    let mut rows = Vec::new();
    corpus.each(|name, _, input| {
        if name == "linear" {
            rows.clone_from(&input.values);
        }
    });
    let many = rows.repeat(120);
    for model in [
        lightgbm_model("4.7.0", "linear"),
        lightgbm_model("4.7.0", "forest_multi"),
        xgboost_model("3.2.0", "early_forest_multi.ubj", XgboostOptions::default()),
    ] {
        let once = answer(&model, Values::F64(&rows), 6).unwrap();
        assert_eq!(answer(&model, Values::F64(&many), 6).unwrap(), once.repeat(120));
    }
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let bytes = Corpus::read("xgboost", "3.2.0").file("squared", "json");
    let mut model = xgboost::read(&bytes, &Limits::default()).unwrap();
    model.objective = "reg:tomorrow".to_owned();
    let error = XgboostModel::new(&model, XgboostOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "objective `reg:tomorrow` is not supported");
    let bytes = Corpus::read("lightgbm", "4.7.0").file("l2", "txt");
    let mut model = lightgbm::read(&bytes, &Limits::default()).unwrap();
    model.objective.as_mut().unwrap().name = "tomorrow".to_owned();
    let error = LightgbmModel::new(&model, false).unwrap_err();
    assert_eq!(error.to_string(), "objective `tomorrow` is not supported");
}

#[test]
fn a_feature_that_is_a_number_and_a_category_is_refused() {
    let bytes = Corpus::read("xgboost", "3.2.0").file("category", "json");
    let mut model = xgboost::read(&bytes, &Limits::default()).unwrap();
    let xgboost::Booster::Trees(ensemble) = &mut model.booster else { panic!("trees") };
    let splits = ensemble.trees.iter_mut().flat_map(|tree| &mut tree.nodes);
    for node in splits {
        if let xgboost::Node::Split(split) = node
            && matches!(split.test, xgboost::Test::Less(_))
        {
            split.feature = 0;
        }
    }
    let error = XgboostModel::new(&model, XgboostOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("feature 0: is a number in one split"), "{error}");
}

#[test]
fn models_without_trees_answer_their_base() {
    let bytes = Corpus::read("xgboost", "1.7.6").file("binary_base", "json");
    let mut model = xgboost::read(&bytes, &Limits::default()).unwrap();
    let xgboost::Booster::Trees(ensemble) = &mut model.booster else { panic!("trees") };
    ensemble.trees.clear();
    ensemble.groups.clear();
    let model = XgboostModel::new(&model, XgboostOptions::default()).unwrap();
    let model = BoostedModel::Xgboost(model);
    let answers = answer(&model, Values::F64(&[0.0; 12]), 6).unwrap();
    assert_eq!(answers.len(), 2);
    assert!((answers[0] - 0.2).abs() < 1e-7);
}

/// Damages a file in many ways and runs what can still be read.
fn damage(bytes: &[u8], mut run: impl FnMut(&[u8])) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..300 {
        let mut damaged = bytes.to_vec();
        for _ in 0..=random(2) {
            let at = random(damaged.len());
            damaged[at] = match random(3) {
                0 => damaged[at] ^ (1 << random(8)),
                1 => b'0' + u8::try_from(random(10)).unwrap(),
                _ => damaged[random(damaged.len())],
            };
        }
        run(&damaged);
    }
}

#[test]
fn whatever_can_be_read_can_be_run() {
    let rows = [0.5, f64::NAN, -1.0, 0.0, 3e9, -0.5, 12.0, 1e-36, 2.0, -7.0, 0.1, 0.2];
    let mut n_run = 0;
    let mut run = |model: Result<BoostedModel, Unsupported>| {
        let Ok(model) = model else { return };
        let n_columns = model.n_features().min(6);
        let rows = &rows[..2 * n_columns];
        for method in [Method::Booster, Method::Margin, Method::Predict, Method::PredictProba] {
            let input = Input::new(Values::F64(rows), 2, n_columns).unwrap();
            let (mut scratch, mut out) = (Scratch::default(), TensorData::F32(Vec::new()));
            n_run += usize::from(model.predict(input, method, &mut scratch, &mut out).is_ok());
        }
    };
    let limits = Limits { features_max: 1000, outputs_max: 1000, ..Limits::default() };
    for (version, name) in [
        ("0.82", "dart_multi.bst"),
        ("1.7.6", "category.json"),
        ("1.7.6", "early_forest_multi.bst"),
        ("3.2.0", "softprob_vector.ubj"),
        ("3.2.0", "linear_multi.json"),
    ] {
        let (stem, form) = name.rsplit_once('.').unwrap();
        damage(&Corpus::read("xgboost", version).file(stem, form), |bytes| {
            let Ok(model) = xgboost::read(bytes, &limits) else { return };
            let rounds = Rounds::Best;
            let options =
                XgboostOptions { rounds, is_classifier: Some(true), ..Default::default() };
            run(XgboostModel::new(&model, options).map(BoostedModel::Xgboost));
        });
    }
    for name in ["category", "linear_multi", "forest_multi"] {
        damage(&Corpus::read("lightgbm", "4.7.0").file(name, "txt"), |bytes| {
            let Ok(model) = lightgbm::read(bytes, &limits) else { return };
            run(LightgbmModel::new(&model, true).map(BoostedModel::Lightgbm));
        });
    }
    for name in ["multi", "lossguide"] {
        damage(&Corpus::read("catboost", "1.2.10").file(name, "json"), |bytes| {
            let Ok(model) = catboost::read(bytes, &limits) else { return };
            run(CatboostModel::new(&model).map(BoostedModel::Catboost));
        });
    }
    assert!(n_run > 1000, "{n_run} answers");
}
