//! Inputs made up for trial runs.

use radiant_core::{DType, Signature, Tensor, TensorData, TensorSpec};
use radiant_onnx::pb::{DimensionValue, GraphProto, TypeValue};

use crate::error::Failure;
use crate::whole::Whole;

/// More numbers than this are not made up for a trial, of all inputs together.
const ELEMENTS_MAX: usize = 1 << 21;

/// What unknown axes are taken to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extents {
    /// Rows of the batch.
    pub(crate) rows: usize,
    /// The extent of other axes.
    pub(crate) other: usize,
}

/// The inputs of a model, ready to be filled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inputs {
    specs: Vec<Input>,
}

#[derive(Debug, Clone, PartialEq)]
struct Input {
    spec: TensorSpec,
    /// Of each axis whether it is as long as the batch.
    is_rows: Vec<bool>,
    whole: Whole,
}

impl Inputs {
    /// The signature's inputs, as they may be meant; the likeliest first. Axes have as many entries
    /// as the batch where they are its axis, or the file gives them its name. If that does not run,
    /// also where they come after a known first axis, as in the states of recurrent layers:
    /// `[directions, batch, hidden]`. And if whole numbers as the operators ask for do not run, also
    /// others.
    pub(crate) fn guesses(signature: &Signature, graph: &GraphProto) -> Vec<Self> {
        let mut guesses = vec![Self::new(signature, graph)];
        let mut states = Self::new(signature, graph);
        for Input { spec, is_rows, .. } in &mut states.specs {
            if let ([Some(_), None, ..], [_, second, ..]) = (&*spec.dims, &mut **is_rows) {
                *second = true;
            }
        }
        if !guesses.contains(&states) && guesses.iter().any(|guess| guess.has_unknown(true)) {
            guesses.push(states);
        }
        for whole in [Whole::Zeros, Whole::Ones, Whole::Counting] {
            let mut other = Self::new(signature, graph);
            for input in other.specs.iter_mut().filter(|input| is_whole(&input.spec)) {
                input.whole = whole;
            }
            if !guesses.contains(&other) {
                guesses.push(other);
            }
        }
        guesses
    }

    fn new(signature: &Signature, graph: &GraphProto) -> Self {
        let is_batch = |spec: &&TensorSpec| spec.dims.first() == Some(&None);
        let batches = signature.inputs.iter().filter(is_batch);
        let names: Vec<_> = batches.filter_map(|spec| axis_name(graph, &spec.name, 0)).collect();
        let with_rows = |spec: &TensorSpec| {
            let is_rows = |axis| {
                let name = axis_name(graph, &spec.name, axis);
                axis == 0 || name.is_some_and(|name| names.contains(&name))
            };
            let is_rows = (0..spec.dims.len()).map(is_rows).collect();
            let whole = if is_whole(spec) { Whole::of(&spec.name, graph) } else { Whole::Zeros };
            Input { spec: spec.clone(), is_rows, whole }
        };
        Self { specs: signature.inputs.iter().map(with_rows).collect() }
    }

    /// Whether there are axes of which the batch, or not the batch, decides.
    pub(crate) fn has_unknown(&self, rows: bool) -> bool {
        self.specs.iter().any(|Input { spec, is_rows, .. }| {
            spec.dims.iter().zip(is_rows).any(|(dim, is_rows)| dim.is_none() && *is_rows == rows)
        })
    }

    /// Small numbers of both signs, and whole ones as they were guessed.
    pub(crate) fn fill(&self, extents: Extents) -> Result<Vec<Tensor>, Failure> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut number = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // The upper bits as a number from -1 to 1.
            f32::from(u16::try_from(state >> 48).unwrap_or(0)) / 32768.0 - 1.0
        };
        let mut left = ELEMENTS_MAX;
        let filled = |Input { spec, is_rows, whole }: &Input| {
            let unknown = |is_rows: bool| if is_rows { extents.rows } else { extents.other };
            let dims = spec.dims.iter().zip(is_rows);
            let dims: Vec<usize> =
                dims.map(|(dim, is_rows)| dim.unwrap_or_else(|| unknown(*is_rows))).collect();
            let n_elements = dims.iter().try_fold(1_usize, |n, dim| n.checked_mul(*dim));
            let rest = n_elements.and_then(|n_elements| left.checked_sub(n_elements));
            left = rest.ok_or_else(|| {
                let text = format!("its inputs have more than {ELEMENTS_MAX} elements in a trial");
                Failure::Refused(text)
            })?;
            let mut tensor = Tensor::zeros(&spec.name, &dims, spec.dtype);
            match &mut tensor.data {
                TensorData::F32(values) => values.fill_with(&mut number),
                TensorData::Bool(values) => values.fill_with(|| number() > 0.0),
                TensorData::I32(values) => fill_whole(values, *whole),
                TensorData::I64(values) => fill_whole(values, *whole),
                _ => {}
            }
            Ok(tensor)
        };
        self.specs.iter().map(filled).collect()
    }
}

fn is_whole(spec: &TensorSpec) -> bool {
    matches!(spec.dtype, DType::I32 | DType::I64)
}

fn fill_whole<T: From<i8>>(values: &mut [T], whole: Whole) {
    for (place, value) in values.iter_mut().enumerate() {
        *value = whole.at(place).into();
    }
}

/// The name that the file gives to an axis of an input.
fn axis_name<'g>(graph: &'g GraphProto, input: &str, axis: usize) -> Option<&'g str> {
    let info = graph.input.iter().find(|info| info.name == input)?;
    let Some(TypeValue::TensorType(tensor)) = info.r#type.as_ref()?.value.as_ref() else {
        return None;
    };
    match tensor.shape.as_ref()?.dim.get(axis)?.value.as_ref()? {
        DimensionValue::DimParam(name) if name.is_empty() || name == "?" => None,
        DimensionValue::DimParam(name) => Some(name),
        DimensionValue::DimValue(_) => None,
    }
}
