//! What comes out: the right tensors, those that are wanted, in the order wanted; and what must not
//! go in.

use radiant_core::{Cancel, DType, Engine, ErrorKind, Strings, Tensor};

use super::case::Case;
use super::{all, answers, each_running, failure, run, same};

#[test]
fn inputs_and_outputs_have_the_names_types_and_order_of_the_graph() {
    each_running(|case, engine| {
        let signature = engine.signature();
        let sides = [
            (&signature.inputs, &case.data[0].inputs, "inputs"),
            (&signature.outputs, &case.data[0].outputs, "outputs"),
        ];
        for (specs, tensors, side) in sides {
            let got: Vec<_> = specs.iter().map(|spec| (&*spec.name, spec.dtype)).collect();
            let expected: Vec<_> = tensors.iter().map(|t| (&*t.name, t.dtype())).collect();
            if got != expected {
                return Err(format!("{side}: expected {expected:?}, got {got:?}"));
            }
            let misfit = specs.iter().zip(tensors).find(|(spec, t)| !spec.accepts(&t.shape));
            if let Some((spec, tensor)) = misfit {
                return Err(format!("{side}: `{}` {spec} is not {}", spec.name, tensor.shape));
            }
        }
        Ok(())
    });
}

#[test]
fn answers_are_those_of_the_reference() {
    each_running(|case, engine| {
        let mut sets = case.data.iter();
        sets.try_for_each(|set| answers(engine, case, &set.inputs, &set.outputs))
    });
}

/// Subsets, other orders and repetitions of `n` outputs.
fn choices(n: usize) -> Vec<Vec<usize>> {
    let mut choices: Vec<Vec<usize>> = (0..n).map(|at| vec![at]).collect();
    choices.push(Vec::new());
    choices.push((0..n).rev().collect());
    choices.push((0..n).step_by(2).collect());
    choices.push((0..n).chain(0..n).collect());
    choices.push((0..n).flat_map(|at| [at, at]).collect());
    choices
}

#[test]
fn wanted_outputs_come_in_the_order_wanted() {
    each_running(|case, engine| {
        let set = &case.data[0];
        for wanted in choices(set.outputs.len()) {
            let mut got = Vec::new();
            let outcome = engine.run(&set.inputs, &wanted, &mut got, &Cancel::never());
            outcome.map_err(|error| format!("{wanted:?}: {}", failure(&error)))?;
            let expected: Vec<Tensor> = wanted.iter().map(|&at| set.outputs[at].clone()).collect();
            same(case, &got, &expected).map_err(|what| format!("{wanted:?}: {what}"))?;
        }
        Ok(())
    });
}

#[test]
fn an_output_that_is_not_there_is_an_error() {
    each_running(|case, engine| {
        let beyond = case.data[0].outputs.len();
        for wanted in [vec![beyond], vec![0, usize::MAX]] {
            let inputs = &case.data[0].inputs;
            if engine.run(inputs, &wanted, &mut Vec::new(), &Cancel::never()).is_ok() {
                return Err(format!("{wanted:?} of {beyond} outputs are given"));
            }
        }
        Ok(())
    });
}

/// What others may have left in the place of outputs.
fn leftovers() -> Vec<Tensor> {
    let strings: Strings = ["left", "over"].into_iter().collect();
    vec![
        Tensor::strings("strings", &[2], strings),
        Tensor::new("floats", &[2, 2, 1], vec![f32::NAN; 4]),
        Tensor::new("ints", &[3], vec![7_i64; 3]),
        Tensor::zeros("none", &[0], DType::Bool),
    ]
}

#[test]
fn what_outputs_held_before_is_overwritten() {
    each_running(|case, engine| {
        let mut outputs = leftovers();
        for set in case.data.iter().rev().chain(&case.data) {
            let wanted = all(engine);
            let outcome = engine.run(&set.inputs, &wanted, &mut outputs, &Cancel::never());
            outcome.map_err(|error| failure(&error))?;
            same(case, &outputs, &set.outputs)?;
        }
        Ok(())
    });
}

#[test]
fn the_inputs_are_as_before() {
    each_running(|case, engine| {
        for set in &case.data {
            let inputs = set.inputs.clone();
            run(engine, &inputs).map_err(|error| failure(&error))?;
            // A NaN is not equal to itself, so texts are compared.
            if format!("{inputs:?}") != format!("{:?}", set.inputs) {
                return Err("a run changed its inputs".to_owned());
            }
        }
        Ok(())
    });
}

/// The model's own request with one input in another form each, and the input's name.
fn misfits(case: &Case, engine: &dyn Engine) -> Vec<(String, Vec<Tensor>)> {
    let inputs = &case.data[0].inputs;
    let mut misfits = vec![(String::new(), inputs[1..].to_vec())];
    misfits.push((String::new(), [&**inputs, &inputs[..1]].concat()));
    for (at, (tensor, spec)) in inputs.iter().zip(&engine.signature().inputs).enumerate() {
        let dims = tensor.shape.dims();
        let other = if tensor.dtype() == DType::F64 { DType::F32 } else { DType::F64 };
        let deeper = [&[1], dims].concat();
        let mut forms = vec![(dims.to_vec(), other), (deeper, tensor.dtype())];
        if !dims.is_empty() {
            forms.push((dims[1..].to_vec(), tensor.dtype()));
        }
        for axis in 0..dims.len() {
            let has_others_rows = axis == 0
                && engine.signature().inputs[..at]
                    .iter()
                    .any(|spec| spec.dims.first() == Some(&None));
            if spec.dims[axis].is_some() || has_others_rows {
                let mut dims = dims.to_vec();
                dims[axis] += 1;
                forms.push((dims, tensor.dtype()));
            }
        }
        for (dims, dtype) in forms {
            let mut misfit = inputs.clone();
            misfit[at] = Tensor::zeros(&tensor.name, &dims, dtype);
            misfits.push((format!("`{}`", tensor.name), misfit));
        }
    }
    misfits
}

#[test]
fn what_does_not_fit_the_signature_is_invalid_input() {
    each_running(|case, engine| {
        for (name, inputs) in misfits(case, engine) {
            let listed = format!("{inputs:?}");
            match engine.signature().check(&inputs) {
                Ok(()) => return Err(format!("the check takes {listed}")),
                Err(error) if error.kind() != ErrorKind::InvalidInput => {
                    return Err(format!("{listed}: {}", failure(&error)));
                }
                Err(error) if !error.message().contains(&name) => {
                    return Err(format!("{error} does not name {name}"));
                }
                Err(_) => {}
            }
        }
        Ok(())
    });
}
