//! Stand-ins for the models that the recorded answers of Triton and MLServer were asked of: the
//! same inputs, outputs and labels, and the same failures.

use std::sync::Arc;

use radiant::{Builtin, Served};
use radiant_core::{
    Cancel, Component, DType, Engine, Error, Map, Payload, Reply, Signature, Tensor, TensorSpec,
};

/// All of them.
pub(crate) static ALL: [Builtin; 6] = [
    Builtin { name: "triton-iris", make: || flowers("predict", triton_label) },
    Builtin { name: "mlserver-iris", make: || flowers("predict", mlserver_label) },
    Builtin { name: "mlserver-strict", make: || flowers("float_input", mlserver_label) },
    Builtin { name: "failing", make: || Served::Engine(Arc::new(Failing::new())) },
    Builtin { name: "failing-any", make: || Served::Component(Arc::new(FailingAny)) },
    Builtin { name: "stream", make: || Served::Component(Arc::new(Stream)) },
];

/// Four numbers in; a label and always the same three probabilities out.
#[derive(Debug)]
struct Flowers {
    signature: Signature,
    label: fn(&[f32]) -> i64,
}

/// Triton's stub.
fn triton_label(row: &[f32]) -> i64 {
    i64::from(row[0] > 6.0)
}

/// The labels that the classifier gave to the rows of the recording: `setosa`, or `virginica` for
/// all that is longer in the third number.
fn mlserver_label(row: &[f32]) -> i64 {
    if row[2] < 2.5 { 0 } else { 2 }
}

fn flowers(input: &str, label: fn(&[f32]) -> i64) -> Served {
    let outputs =
        vec![spec("predict", DType::I64, Some(1)), spec("predict_proba", DType::F64, Some(3))];
    let inputs = vec![spec(input, DType::F32, Some(4))];
    let signature = Signature::new(inputs, outputs);
    Served::Engine(Arc::new(Flowers { signature, label }))
}

impl Engine for Flowers {
    fn name(&self) -> &'static str {
        "probe"
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
        let rows = inputs[0].as_slice::<f32>().unwrap_or_default().chunks_exact(4);
        let n_rows = rows.len();
        let labels: Vec<i64> = rows.map(self.label).collect();
        outputs.clear();
        outputs.extend(wanted.iter().map(|&index| match index {
            0 => Tensor::new("predict", &[n_rows, 1], labels.clone()),
            _ => Tensor::new("predict_proba", &[n_rows, 3], [0.1, 0.2, 0.7].repeat(n_rows)),
        }));
        Ok(())
    }
}

/// Panics on 1 and is told to fail by everything else but 0, on which it is warmed.
#[derive(Debug)]
struct Failing {
    signature: Signature,
}

impl Failing {
    fn new() -> Self {
        let spec = |name: &str| TensorSpec::new(name, DType::F32, vec![Some(1)]);
        Self { signature: Signature::new(vec![spec("x")], vec![spec("x_out")]) }
    }
}

impl Engine for Failing {
    fn name(&self) -> &'static str {
        "probe"
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
        let value = inputs[0].as_slice::<f32>().and_then(|values| values.first());
        assert!(value != Some(&1.0), "deliberate panic");
        if value != Some(&0.0) {
            return Err(Error::model_failed("deliberate error"));
        }
        outputs.clear();
        outputs.extend(wanted.iter().map(|_| Tensor::new("x_out", &[1], vec![0.0_f32])));
        Ok(())
    }
}

/// Fails whatever it is given.
#[derive(Debug)]
struct FailingAny;

impl Component for FailingAny {
    fn predict(&self, _input: Payload, _names: &[String]) -> Result<Reply, Error> {
        Err(Error::model_failed("deliberate error"))
    }

    fn infer(&self, _inputs: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
        Err(Error::model_failed("deliberate error"))
    }
}

/// Writes three tokens after every prompt, and fails after the first where the prompt says so.
#[derive(Debug)]
struct Stream;

impl Component for Stream {
    fn predict(&self, input: Payload, _names: &[String]) -> Result<Reply, Error> {
        Ok(Reply::new(input))
    }

    fn generate(
        &self,
        prompt: &str,
        _parameters: &Map,
        emit: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), Error> {
        for token in ["tok0", "tok1", "tok2"] {
            if !emit(token) {
                break;
            }
            if prompt == "fail" {
                return Err(Error::model_failed("deliberate error"));
            }
        }
        Ok(())
    }
}

fn spec(name: &str, dtype: DType, columns: Option<usize>) -> TensorSpec {
    TensorSpec::new(name, dtype, vec![None, columns])
}
