//! HannWindow, HammingWindow and BlackmanWindow.

use std::f64::consts::PI;
use std::marker::PhantomData;

use radiant_core::{DType, Error};
use radiant_onnx::{dtype_of, elem_type_name};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use super::number::{Number, numbers};
use crate::op::{Built, NodeContext, Op, Outputs};

/// A sum of cosines of multiples of the angle, from 0 to a full turn.
struct Window<T> {
    coefficients: [f64; 3],
    is_periodic: bool,
    element: PhantomData<T>,
}

impl<T: Number> Op for Window<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let size = super::integer(inputs, 0)?;
        let n = usize::try_from(size).ok().filter(|&n| self.is_periodic || n != 1);
        let n = n.ok_or_else(|| {
            Error::model_failed(format!("expected the size of a window, got {size}"))
        })?;
        let n_steps = if self.is_periodic { n } else { n.saturating_sub(1) } as f64;
        let [constant, first, second] = self.coefficients;
        let out = outputs.first().reset::<T>(&[n])?;
        out.extend((0..n).map(|at| {
            let angle = 2.0 * PI * at as f64 / n_steps;
            T::from_f64(constant + first * angle.cos() + second * (2.0 * angle).cos())
        }));
        Ok(())
    }
}

/// Builds a window.
pub(super) fn window(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["output_datatype", "periodic"])?;
    context.expect_dtypes(0, &[DType::I32, DType::I64])?;
    let node = context.node;
    let is_periodic = node.int("periodic", 1)? != 0;
    let elem_type = i32::try_from(node.int("output_datatype", 1)?).unwrap_or(0);
    let dtype = dtype_of(elem_type);
    const HAMMING: f64 = 25.0 / 46.0;
    let coefficients = match node.op_type.as_str() {
        "HannWindow" => [0.5, -0.5, 0.0],
        "HammingWindow" => [HAMMING, HAMMING - 1.0, 0.0],
        _ => [0.42, -0.5, 0.08],
    };
    let op = dtype.and_then(|dtype| {
        let op = numbers!(dtype, T => {
            Box::new(Window::<T> { coefficients, is_periodic, element: PhantomData })
                as Box<dyn Op>
        });
        Some((op?, dtype))
    });
    let Some((op, dtype)) = op else {
        return Err(context.refuse_value("output_datatype", elem_type_name(elem_type)));
    };
    let size = context.constant_ints(0).and_then(|size| match size[..] {
        [size] => usize::try_from(size).ok(),
        _ => None,
    });
    Ok(Built::Step { op, reads: vec![0], facts: vec![Fact::new(dtype, &[size])] })
}
