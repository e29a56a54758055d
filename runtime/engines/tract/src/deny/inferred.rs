//! What is refused for the sake of types, shapes and numbers that are known before anything runs.
//!
//! tract-onnx 0.23.9 computes with shapes in expressions that never come to an end for some numbers,
//! and trusts indices of a wrong rank. What it would make of these nodes was found by mutating
//! models (`radiant-mutate`).

use radiant_core::DType;
use radiant_onnx::pb::{GraphProto, NodeProto};
use radiant_onnx::{Model, Shapes, tensor};

use crate::LoadError;

/// Elements that a node may make of far fewer constants or extents. tract computes such nodes when
/// it plans, one by one where they are extents, in 32 bytes each.
const GROWTH_MAX: u64 = 1 << 22;

/// Numbers of a Range may be so far from 0.
const RANGE_MAX: u64 = 1 << 31;

/// Checks the nodes of the graph and of the graphs inside its nodes.
///
/// # Errors
/// [`LoadError::Operator`].
pub(crate) fn check(model: &Model) -> Result<(), LoadError> {
    let shapes = model.shapes();
    if let Some((node, n_elements)) = shapes.largest_growth().filter(|(_, n)| *n > GROWTH_MAX) {
        return Err(LoadError::Growth { node: node.to_owned(), n_elements, limit: GROWTH_MAX });
    }
    check_graph(&model.graph, Some(&shapes))
}

/// `shapes` is there for the outermost graph, whose values they are.
fn check_graph(graph: &GraphProto, shapes: Option<&Shapes>) -> Result<(), LoadError> {
    for node in &graph.node {
        let reason = match node.op_type.as_str() {
            "GatherND" => gather(node, shapes),
            "Range" => range(node, graph, shapes),
            "AveragePool" | "LpPool" | "MaxPool" => window(node),
            _ => None,
        };
        if let Some(reason) = reason {
            let (operator, node) = (node.op_type.clone(), name(node).to_owned());
            return Err(LoadError::Operator { operator, node, reason });
        }
        node.graphs().try_for_each(|graph| check_graph(graph, None))?;
    }
    Ok(())
}

fn name(node: &NodeProto) -> &str {
    if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name }
}

/// With indices that are no INT64, or have no axis, its inference does not end.
fn gather(node: &NodeProto, shapes: Option<&Shapes>) -> Option<String> {
    let fact = shapes.and_then(|shapes| shapes.get(node.input_name(1)?));
    let is_sound = fact.is_some_and(|fact| {
        fact.dtype == Some(DType::I64) && fact.dims.as_ref().is_some_and(|dims| !dims.is_empty())
    });
    (!is_sound).then(|| "tract needs indices of a known rank and type".to_owned())
}

/// A length that is divided by a large step overflows its stack.
fn range(node: &NodeProto, graph: &GraphProto, shapes: Option<&Shapes>) -> Option<String> {
    let too_large = |index: usize| {
        let known = node.input_name(index).and_then(|name| number(name, graph, shapes));
        known.is_some_and(|number| number.is_nan() || number.abs() > RANGE_MAX as f64)
    };
    (0..3).any(too_large).then(|| format!("tract cannot count with numbers beyond {RANGE_MAX}"))
}

/// It lists the places of a window before it looks at the image, which may be smaller.
fn window(node: &NodeProto) -> Option<String> {
    let kernel = node.ints("kernel_shape").unwrap_or_default().iter();
    let n_places = kernel.fold(1_u64, |n, extent| n.saturating_mul(extent.unsigned_abs()));
    let reason = || format!("tract cannot list the places of windows of more than {GROWTH_MAX}");
    (n_places > GROWTH_MAX).then(reason)
}

/// The first number of a constant, or of what is known to be made of constants.
fn number(name: &str, graph: &GraphProto, shapes: Option<&Shapes>) -> Option<f64> {
    if let Some(known) = shapes.and_then(|shapes| shapes.known_ints(name)) {
        return known.first().map(|&number| number as f64);
    }
    let constants = graph.initializer.iter().filter(|constant| constant.name == name);
    let giver = graph.node.iter().find(|node| node.output.iter().any(|output| output == name));
    let value = giver.and_then(|node| node.tensor("value").ok()?);
    let constant = constants.chain(value).next()?;
    // One that is longer is no number for a Range.
    if constant.dims.iter().any(|&extent| extent != 1) {
        return None;
    }
    let tensor = tensor(constant).ok()?;
    let floats = tensor.as_slice::<f32>().and_then(|values| values.first().copied().map(f64::from));
    let doubles = || tensor.as_slice::<f64>()?.first().copied();
    let longs = || tensor.as_slice::<i64>()?.first().map(|&number| number as f64);
    floats.or_else(doubles).or_else(longs)
}

#[cfg(test)]
mod tests {
    use radiant_onnx::pb::{
        AttributeProto, AttributeType, Dimension, DimensionValue, TensorProto, TensorShapeProto,
        TensorTypeProto, TypeProto, TypeValue, ValueInfoProto,
    };
    use radiant_onnx::{Limits, Model, read};

    use super::*;

    fn value(name: &str, elem_type: i32) -> ValueInfoProto {
        let unknown = Dimension { value: Some(DimensionValue::DimParam("n".to_owned())) };
        let shape = Some(TensorShapeProto { dim: vec![unknown] });
        let value = Some(TypeValue::TensorType(TensorTypeProto { elem_type, shape }));
        let r#type = Some(TypeProto { value, ..TypeProto::default() });
        ValueInfoProto { name: name.to_owned(), r#type }
    }

    fn scalar(name: &str, number: i64) -> TensorProto {
        let name = name.to_owned();
        TensorProto { name, data_type: 7, int64_data: vec![number], ..TensorProto::default() }
    }

    fn model(op_type: &str, inputs: &[&str], initializer: Vec<TensorProto>) -> Model {
        let node = NodeProto {
            op_type: op_type.to_owned(),
            input: inputs.iter().copied().map(str::to_owned).collect(),
            output: vec!["y".to_owned()],
            ..NodeProto::default()
        };
        let graph = GraphProto {
            node: vec![node],
            initializer,
            input: vec![value("x", 7)],
            output: vec![value("y", 7)],
            ..GraphProto::default()
        };
        let bytes = include_bytes!("../../tests/fixtures/counted.onnx");
        let mut model = read(bytes, &Limits::default()).unwrap();
        model.graph = graph;
        model
    }

    fn verdict(model: &Model) -> Result<(), String> {
        check(model).map_err(|error| error.to_string())
    }

    #[test]
    fn a_range_of_numbers_that_tract_cannot_count_with_is_refused() {
        let range = |delta| {
            let constants = vec![scalar("zero", 0), scalar("ten", 10), scalar("delta", delta)];
            verdict(&model("Range", &["zero", "ten", "delta"], constants))
        };
        assert_eq!(range(1), Ok(()));
        assert_eq!(range(-1), Ok(()));
        let expected =
            "operator `Range` (node `y`): tract cannot count with numbers beyond 2147483648";
        assert_eq!(range(i64::MAX / 3), Err(expected.to_owned()));
        assert_eq!(range(i64::MIN), Err(expected.to_owned()));
    }

    #[test]
    fn windows_of_very_many_places_are_refused() {
        let pool = |kernel: [i64; 2]| {
            let kernel = AttributeProto {
                name: "kernel_shape".to_owned(),
                r#type: AttributeType::Ints as i32,
                ints: kernel.to_vec(),
                ..AttributeProto::default()
            };
            let pool = NodeProto { attribute: vec![kernel], ..NodeProto::default() };
            window(&pool)
        };
        assert_eq!(pool([2048, 2048]), None);
        let expected = "tract cannot list the places of windows of more than 4194304";
        assert_eq!(pool([1 << 28, 1]), Some(expected.to_owned()));
        assert_eq!(pool([i64::MIN, i64::MAX]), Some(expected.to_owned()));
    }

    #[test]
    fn indices_of_unknown_rank_are_refused() {
        assert_eq!(verdict(&model("GatherND", &["x", "x"], vec![])), Ok(()));
        let mut unknown = model("GatherND", &["x", "x"], vec![]);
        unknown.graph.input[0].r#type = None;
        let expected =
            "operator `GatherND` (node `y`): tract needs indices of a known rank and type";
        assert_eq!(verdict(&unknown), Err(expected.to_owned()));
    }

    #[test]
    fn a_node_that_makes_very_much_of_little_is_refused() {
        let shape = |extent| {
            let shape = TensorProto { dims: vec![1], ..scalar("shape", extent) };
            verdict(&model("ConstantOfShape", &["shape"], vec![shape]))
        };
        assert_eq!(shape(1 << 22), Ok(()));
        assert_eq!(
            shape((1 << 22) + 1),
            Err(
                "node of `y` (ConstantOfShape): tract computes what constants make when it plans: \
                 expected at most 4194304 elements, got 4194305"
                    .to_owned()
            )
        );
    }
}
