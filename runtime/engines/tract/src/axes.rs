//! The extents of a model's inputs that are known only when a request comes.
//!
//! Every unknown extent is a numbered unknown; axes that share a name in the model share the
//! number. The batch, if the model has one, is number 0. The values of all unknowns tell all input
//! shapes, so they are the key of a plan.

use radiant_core::{Error, Signature, Tensor};
use tract_onnx::pb::tensor_shape_proto::dimension::Value as DimValue;
use tract_onnx::pb::{GraphProto, type_proto};

/// One extent of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Written in the model.
    Known(usize),
    /// The unknown of this number.
    Unknown(usize),
}

/// Extents of all inputs, in the signature's order.
#[derive(Debug, Clone)]
pub(crate) struct Axes {
    inputs: Vec<Vec<Extent>>,
    n_unknowns: usize,
    has_batch: bool,
}

impl Axes {
    /// Numbers the unknown extents of the signature's inputs. An unknown first axis is the batch in
    /// all inputs alike; other axes are the same unknown where the graph gives them the same name.
    pub(crate) fn new(signature: &Signature, graph: &GraphProto) -> Self {
        let has_batch = signature.inputs.iter().any(|spec| spec.dims.first() == Some(&None));
        let mut names: Vec<Option<&str>> = Vec::new();
        if has_batch {
            let batch = signature.inputs.iter().find(|spec| spec.dims.first() == Some(&None));
            names.push(batch.and_then(|spec| axis_name(graph, &spec.name, 0)));
        }
        let mut inputs = Vec::with_capacity(signature.inputs.len());
        for spec in &signature.inputs {
            let extents = spec.dims.iter().enumerate().map(|(axis, dim)| match dim {
                Some(extent) => Extent::Known(*extent),
                None if axis == 0 => Extent::Unknown(0),
                None => {
                    let name = axis_name(graph, &spec.name, axis);
                    let same = names.iter().position(|known| name.is_some() && *known == name);
                    Extent::Unknown(same.unwrap_or_else(|| {
                        names.push(name);
                        names.len() - 1
                    }))
                }
            });
            inputs.push(extents.collect());
        }
        Self { inputs, n_unknowns: names.len(), has_batch }
    }

    /// The number of unknowns.
    pub(crate) fn n_unknowns(&self) -> usize {
        self.n_unknowns
    }

    /// Whether there is a batch; it is the unknown 0.
    pub(crate) fn has_batch(&self) -> bool {
        self.has_batch
    }

    /// The extents of each input.
    pub(crate) fn inputs(&self) -> &[Vec<Extent>] {
        &self.inputs
    }

    /// Whether the first axis of this input is the batch.
    pub(crate) fn is_batched(&self, input: usize) -> bool {
        let first = self.inputs.get(input).and_then(|extents| extents.first());
        self.has_batch && first == Some(&Extent::Unknown(0))
    }

    /// Whether the batch is nowhere but in first axes, so that inputs can be cut into rows.
    pub(crate) fn batch_is_first(&self) -> bool {
        let mut others = self.inputs.iter().flat_map(|extents| extents.iter().skip(1));
        self.has_batch && !others.any(|extent| *extent == Extent::Unknown(0))
    }

    /// The shape of an input under these values of the unknowns.
    pub(crate) fn shape(&self, input: usize, values: &[usize]) -> Vec<usize> {
        let extents = self.inputs.get(input).map_or(&[][..], Vec::as_slice);
        let value = |extent: &Extent| match *extent {
            Extent::Known(extent) => extent,
            Extent::Unknown(unknown) => values.get(unknown).copied().unwrap_or(1),
        };
        extents.iter().map(value).collect()
    }

    /// The values of the unknowns in these inputs, which have passed the signature's check.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](radiant_core::ErrorKind::InvalidInput) when axes that must be
    /// alike differ.
    pub(crate) fn bind(
        &self,
        inputs: &[Tensor],
        signature: &Signature,
    ) -> Result<Vec<usize>, Error> {
        let mut values = vec![None; self.n_unknowns];
        for (index, (extents, tensor)) in self.inputs.iter().zip(inputs).enumerate() {
            for (axis, (extent, &got)) in extents.iter().zip(tensor.shape.dims()).enumerate() {
                let Extent::Unknown(unknown) = *extent else { continue };
                let Some(value) = values.get_mut(unknown) else { continue };
                if let Some(expected) = value.replace(got).filter(|expected| *expected != got) {
                    let name = signature.inputs.get(index).map_or("", |spec| &spec.name);
                    return Err(Error::invalid_input(format!(
                        "input `{name}`: expected {expected} at axis {axis} as in the axes of the \
                         same name before, got {got}"
                    )));
                }
            }
        }
        Ok(values.into_iter().map(|value| value.unwrap_or(1)).collect())
    }
}

/// The name that the graph gives to an axis of an input, if it is a plain one.
fn axis_name<'g>(graph: &'g GraphProto, input: &str, axis: usize) -> Option<&'g str> {
    let info = graph.input.iter().find(|info| info.name == input)?;
    let type_proto::Value::TensorType(tensor) = info.r#type.as_ref()?.value.as_ref()?;
    match tensor.shape.as_ref()?.dim.get(axis)?.value.as_ref()? {
        // `?` and the names that tf2onnx makes up mean nothing.
        DimValue::DimParam(name) if name.is_empty() || name == "?" => None,
        DimValue::DimParam(name) if name.starts_with("unk__") => None,
        DimValue::DimParam(name) => Some(name),
        DimValue::DimValue(_) => None,
    }
}
