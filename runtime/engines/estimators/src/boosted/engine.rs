//! Boosted models behind the server's trait, with the answers of the servers that people come from.
//!
//! A file does not say how it was served, and two servers answered differently for the same one:
//! Seldon Core's `XGBOOST_SERVER` (Seldon v1) gives `Booster.predict`, with all rounds of training,
//! and MLServer (the Open Inference Protocol) `predict` of the estimator that the file's attribute
//! `scikit_learn` names. Both are outputs of one engine:
//!
//! - `predict`: of XGBoost, the classes of `XGBClassifier.predict` (INT64) where a classifier saved the
//!   file, else what the objective makes of the sums as `XGBRegressor.predict` gives it (FP32); both with
//!   the rounds up to the best if training noted one. Of LightGBM, `Booster.predict` (FP64). Of
//!   CatBoost, the classes as the file names them, or numbers (FP64).
//! - `predict_proba`: a probability for each class, where the file is a classifier's.
//! - `booster`: XGBoost's `Booster.predict`, where it is not the same as `predict`. It is what Seldon v1
//!   answers then, [`BoostedEngine::seldon_output`].
//! - `margin`: the sums before the objective, which libraries call `output_margin`, `raw_score` and
//!   `RawFormulaVal`; of XGBoost with all rounds.
//!
//! A request that asks for no output gets the first. The input is a matrix of numbers of any type,
//! whatever its name, or a tensor for each column: by name where the file has all of the names, else in
//! their order. Columns that lack are missing values to XGBoost and refused by the others. Texts are
//! categories of training, where the file has these.
//!
//! Sources: `xgboostserver` of Seldon Core 1.18.2; `mlserver_xgboost` and `mlserver_lightgbm` 1.7.1.

use std::cell::RefCell;
use std::sync::Arc;

use radiant_core::{
    Answers, Cancel, Classifier, DType, Engine, Error, Form, Signature, Tensor, TensorData,
    TensorSpec, WeightCopies,
};
use radiant_formats::{catboost, lightgbm, xgboost};

use super::labels::Labels;
use super::rows::singles;
use super::{
    BoostedModel, CatboostModel, Columns, Input, LightgbmModel, Method, Rounds, Scratch, Values,
    XgboostModel, XgboostOptions,
};
use crate::Unsupported;
use crate::first::put_first;

/// The name of the one input.
const INPUT: &str = "input";
/// The output that is what XGBoost's `Booster.predict` gives.
const BOOSTER: &str = "booster";

/// A boosted model of XGBoost, LightGBM or CatBoost that runs on our own kernels.
#[derive(Debug)]
pub struct BoostedEngine {
    /// With all rounds of training.
    whole: BoostedModel,
    /// With the rounds up to the best, where those are fewer.
    best: Option<BoostedModel>,
    columns: Columns,
    /// What gives each output.
    methods: Vec<Method>,
    labels: Labels,
    signature: Signature,
}

/// What predictions of a thread use again.
#[derive(Debug, Default)]
struct Buffers {
    /// Inputs of other types in single precision.
    singles: Vec<f32>,
    scratch: Scratch,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

impl BoostedEngine {
    /// Prepares a model of XGBoost.
    ///
    /// # Errors
    /// [`Unsupported`] names what is not known: the objective, or a feature that is a number and a
    /// category.
    pub fn xgboost(model: &xgboost::Model) -> Result<Self, Unsupported> {
        let of = |rounds| {
            let options = XgboostOptions { rounds, ..XgboostOptions::default() };
            XgboostModel::new(model, options).map(BoostedModel::Xgboost)
        };
        let best = has_later_rounds(model).then(|| of(Rounds::Best)).transpose()?;
        let columns = Columns::of_xgboost(model);
        Ok(Self { columns, ..Self::new(of(Rounds::All)?, best, DType::F32) })
    }

    /// Prepares a model of LightGBM.
    ///
    /// # Errors
    /// [`Unsupported`] names the objective that is not known.
    pub fn lightgbm(model: &lightgbm::Model) -> Result<Self, Unsupported> {
        // A file tells nothing of the estimator that held it, and MLServer asks the booster.
        let columns = Columns::of_lightgbm(model);
        let model = BoostedModel::Lightgbm(LightgbmModel::new(model, false)?);
        Ok(Self { columns, ..Self::new(model, None, DType::F64) })
    }

    /// Prepares a model of CatBoost.
    ///
    /// # Errors
    /// [`Unsupported`], when it has more trees than a forest can.
    pub fn catboost(model: &catboost::Model) -> Result<Self, Unsupported> {
        Ok(Self::new(BoostedModel::Catboost(CatboostModel::new(model)?), None, DType::F32))
    }

    /// `input_dtype` is the type that the library computes in.
    fn new(whole: BoostedModel, best: Option<BoostedModel>, input_dtype: DType) -> Self {
        let dims = vec![None, Some(whole.n_features())];
        let input = TensorSpec::new(INPUT, input_dtype, dims);
        let labels = Labels::new(whole.labels());
        let has_proba = whole.answer_fact(Method::PredictProba).is_some();
        let is_xgboost = matches!(whole, BoostedModel::Xgboost(_));
        let named = [
            ("predict", Method::Predict, true),
            ("predict_proba", Method::PredictProba, true),
            (BOOSTER, Method::Booster, is_xgboost && (is_classifier(&whole) || best.is_some())),
            ("margin", Method::Margin, true),
        ];
        let (mut methods, mut outputs) = (Vec::new(), Vec::new());
        for (name, method, is_offered) in named {
            if let Some(fact) = whole.answer_fact(method)
                && is_offered
            {
                let dtype = if method == Method::Predict {
                    labels.dtype().unwrap_or(fact.dtype)
                } else {
                    fact.dtype
                };
                let columns = fact.n_columns.map(Some);
                let dims = std::iter::once(None).chain(columns).collect();
                methods.push(method);
                outputs.push(TensorSpec::new(name, dtype, dims));
            }
        }
        let classifier = Classifier { labels: 0, probabilities: 1, classes: labels.texts() };
        let signature = Signature {
            classifier: has_proba.then_some(classifier),
            answers: Answers::First,
            form: Form::Matrix,
            ..Signature::new(vec![input], outputs)
        };
        Self { whole, best, columns: Columns::default(), methods, labels, signature }
    }

    /// The same model, which answers with this output where none is asked for.
    ///
    /// # Errors
    /// [`Unsupported`] if it has no such output.
    pub fn answering(mut self, output: &str) -> Result<Self, Unsupported> {
        put_first(&mut self.signature, &mut self.methods, output)?;
        Ok(self)
    }

    /// The output that Seldon's own server gives, where it is neither the first nor a classifier's
    /// probabilities.
    pub fn seldon_output(&self) -> Option<&'static str> {
        self.methods.contains(&Method::Booster).then_some(BOOSTER)
    }

    /// What a method is asked of.
    fn model(&self, method: Method) -> &BoostedModel {
        match method {
            Method::Predict | Method::PredictProba => self.best.as_ref().unwrap_or(&self.whole),
            Method::Booster | Method::Margin => &self.whole,
        }
    }

    fn answer(
        &self,
        at: usize,
        input: Input<'_>,
        scratch: &mut Scratch,
        output: &mut Tensor,
    ) -> Result<(), Error> {
        let (Some(&method), Some(spec)) = (self.methods.get(at), self.signature.outputs.get(at))
        else {
            let n_outputs = self.methods.len();
            return Err(Error::internal(format!("no output {at} among {n_outputs}")));
        };
        if !Arc::ptr_eq(&output.name, &spec.name) {
            output.name = Arc::clone(&spec.name);
        }
        self.model(method).predict(input, method, scratch, &mut output.data)?;
        if method == Method::Predict {
            self.labels.name(&mut output.data)?;
        }
        output.shape.set(&[input.n_rows()]);
        if let Some(&Some(n_columns)) = spec.dims.get(1) {
            output.shape.push(n_columns);
        }
        Ok(())
    }
}

impl Engine for BoostedEngine {
    fn name(&self) -> &'static str {
        "native"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn weight_copies(&self) -> WeightCopies {
        let n = 1 + usize::from(self.best.is_some());
        WeightCopies { held: n, max: n }
    }

    /// Allocates only where `outputs` and this thread's buffers grow, and for classes with names.
    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let named = |error: Error| error.context(format_args!("input `{INPUT}`"));
        outputs.resize_with(wanted.len(), Tensor::default);
        BUFFERS.with_borrow_mut(|Buffers { singles, scratch }| {
            let rows;
            let input = match inputs {
                [tensor] if is_matrix(tensor) => input(tensor, singles),
                tensors => {
                    rows = self.columns.rows(tensors).map_err(named)?;
                    Input::new(Values::F64(&rows.0), rows.1, rows.2)
                }
            };
            let input = input.map_err(named)?;
            for (&at, output) in wanted.iter().zip(outputs) {
                cancel.check()?;
                self.answer(at, input, scratch, output).map_err(named)?;
            }
            Ok(())
        })
    }
}

/// Whether there are rounds of training behind the best.
fn has_later_rounds(model: &xgboost::Model) -> bool {
    match (&model.booster, model.best_iteration()) {
        (xgboost::Booster::Trees(ensemble), Some(best)) => {
            model.n_trees_of(best.saturating_add(1)) < ensemble.trees.len()
        }
        (xgboost::Booster::Trees(_) | xgboost::Booster::Linear(_), _) => false,
    }
}

/// Whether predictions are classes.
fn is_classifier(model: &BoostedModel) -> bool {
    model.answer_fact(Method::Predict).is_some_and(|fact| fact.dtype == DType::I64)
}

/// Whether a tensor is rows of numbers, or a number alone, which is a row of one.
fn is_matrix(tensor: &Tensor) -> bool {
    tensor.shape.rank() != 1 && tensor.dtype() != DType::Bytes
}

/// The rows of a tensor, through a buffer where they are of a type that libraries cast by themselves.
fn input<'a>(tensor: &'a Tensor, buffer: &'a mut Vec<f32>) -> Result<Input<'a>, Error> {
    let (n_rows, n_columns) = match *tensor.shape.dims() {
        [] => (1, 1),
        [n_rows, n_columns] => (n_rows, n_columns),
        _ => {
            let shape = &tensor.shape;
            return Err(Error::invalid_input(format!("expected rows of features, got {shape}")));
        }
    };
    let values = match &tensor.data {
        TensorData::F32(values) => Values::F32(values),
        TensorData::F64(values) => Values::F64(values),
        others => {
            singles(others, buffer)?;
            Values::F32(buffer)
        }
    };
    Input::new(values, n_rows, n_columns)
}
