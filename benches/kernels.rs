//! What the native engine's kernels cost, through graphs of one node each.
//!
//! There is no rival here: `radiant-bench-engines` has those. This is what tells whether a change of
//! a kernel was worth it (`cargo bench --bench kernels -- --save-baseline before`).

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use prost::Message as _;
use radiant_core::{Cancel, Engine as _, Tensor};
use radiant_engine_native::NativeEngine;
use radiant_onnx::pb::{
    AttributeProto, AttributeType, Dimension, DimensionValue, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, TypeValue,
    ValueInfoProto,
};
use radiant_onnx::{Limits, read};

/// The element type FP32 in ONNX files.
const FLOAT: i32 = 1;

/// Numbers from -1 to 1, the same in every run.
fn numbers(n: usize) -> Vec<f32> {
    let mut state = 0x9E37_79B9_u32;
    let next = || {
        // Marsaglia's xorshift32.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        // 16 bits, which single precision holds exactly.
        f32::from((state >> 16) as u16) / 32768.0 - 1.0
    };
    std::iter::repeat_with(next).take(n).collect()
}

fn floats(name: &str, floats: Vec<f32>) -> AttributeProto {
    let r#type = AttributeType::Floats as i32;
    AttributeProto { name: name.into(), r#type, floats, ..AttributeProto::default() }
}

fn ints(name: &str, ints: Vec<i64>) -> AttributeProto {
    let r#type = AttributeType::Ints as i32;
    AttributeProto { name: name.into(), r#type, ints, ..AttributeProto::default() }
}

fn int(name: &str, i: i64) -> AttributeProto {
    let r#type = AttributeType::Int as i32;
    AttributeProto { name: name.into(), r#type, i, ..AttributeProto::default() }
}

fn text(name: &str, s: &str) -> AttributeProto {
    let (r#type, s) = (AttributeType::String as i32, s.as_bytes().to_vec());
    AttributeProto { name: name.into(), r#type, s, ..AttributeProto::default() }
}

fn texts(name: &str, texts: &[&str]) -> AttributeProto {
    let (r#type, strings) = (AttributeType::Strings as i32, texts.iter());
    let strings = strings.map(|text| text.as_bytes().to_vec()).collect();
    AttributeProto { name: name.into(), r#type, strings, ..AttributeProto::default() }
}

/// A value of any number of rows.
fn value(name: &str, n_columns: Option<i64>, elem_type: i32) -> ValueInfoProto {
    let any = Dimension { value: Some(DimensionValue::DimParam("N".into())) };
    let columns = n_columns.map(|n| Dimension { value: Some(DimensionValue::DimValue(n)) });
    let shape = Some(TensorShapeProto { dim: [any].into_iter().chain(columns).collect() });
    let tensor = TypeValue::TensorType(TensorTypeProto { elem_type, shape });
    let r#type = Some(TypeProto { value: Some(tensor), ..TypeProto::default() });
    ValueInfoProto { name: name.into(), r#type }
}

/// One node from `x` to `y`.
struct Graph {
    operator: &'static str,
    n_columns: [usize; 2],
    attributes: Vec<AttributeProto>,
    weights: Vec<TensorProto>,
    /// A classifier has labels before its numbers.
    has_labels: bool,
}

impl Graph {
    #[expect(clippy::expect_used, reason = "a bench without its model must not go on")]
    fn engine(self) -> NativeEngine {
        let is_classical = !matches!(self.operator, "Gemm" | "Softmax");
        let [n_in, n_out] = self.n_columns.map(|n| i64::try_from(n).ok());
        let labels = self.has_labels.then(|| value("labels", None, 7));
        let outputs: Vec<_> = labels.into_iter().chain([value("y", n_out, FLOAT)]).collect();
        let weights = self.weights.iter().map(|weight| weight.name.clone());
        let node = NodeProto {
            op_type: self.operator.into(),
            domain: if is_classical { "ai.onnx.ml".into() } else { String::new() },
            input: ["x".to_owned()].into_iter().chain(weights).collect(),
            output: outputs.iter().map(|output| output.name.clone()).collect(),
            attribute: self.attributes,
            ..NodeProto::default()
        };
        let graph = GraphProto {
            node: vec![node],
            initializer: self.weights,
            input: vec![value("x", n_in, FLOAT)],
            output: outputs,
            ..GraphProto::default()
        };
        let opset = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
        let opset_import = vec![opset("", 17), opset("ai.onnx.ml", 3)];
        let graph = Some(graph);
        let file = ModelProto { ir_version: 8, opset_import, graph, ..ModelProto::default() };
        let model = read(&file.encode_to_vec(), &Limits::default()).expect("the graph is sound");
        NativeEngine::load(&model).expect("the engine has the operator")
    }
}

/// Times a graph on batches of these rows.
fn bench(c: &mut Criterion, name: &str, graph: Graph, batches: &[usize]) {
    let (n_columns, wanted) = (graph.n_columns[0], usize::from(graph.has_labels));
    let engine = graph.engine();
    let mut group = c.benchmark_group(name);
    for &n_rows in batches {
        let rows = numbers(n_rows * n_columns);
        let inputs = [Tensor::new("x", &[n_rows, n_columns], rows)];
        let mut outputs = Vec::new();
        group.throughput(Throughput::Elements(n_rows as u64));
        group.bench_function(BenchmarkId::from_parameter(n_rows), |b| {
            b.iter(|| engine.run(&inputs, &[wanted], &mut outputs, &Cancel::never()));
        });
        // A run that fails is quick.
        assert_eq!(outputs.first().map(|output| output.shape.rows()), Some(n_rows), "{name}");
    }
    group.finish();
}

fn linear(c: &mut Criterion) {
    let attributes = vec![
        floats("coefficients", numbers(12)),
        floats("intercepts", numbers(3)),
        ints("classlabels_ints", vec![0, 1, 2]),
        text("post_transform", "SOFTMAX"),
    ];
    let n_columns = [4, 3];
    let (operator, weights, has_labels) = ("LinearClassifier", Vec::new(), true);
    let graph = Graph { operator, n_columns, attributes, weights, has_labels };
    bench(c, "linear classifier 4 to 3", graph, &[1, 64]);
}

fn gemm(c: &mut Criterion) {
    let (dims, data_type) = (vec![784, 128], FLOAT);
    let float_data = numbers(784 * 128);
    let weights = TensorProto { dims, data_type, float_data, ..TensorProto::default() };
    let weights = vec![TensorProto { name: "weights".into(), ..weights }];
    let (operator, n_columns) = ("Gemm", [784, 128]);
    let graph = Graph { operator, n_columns, attributes: Vec::new(), weights, has_labels: false };
    bench(c, "gemm 784 to 128", graph, &[1, 64]);
}

fn softmax(c: &mut Criterion) {
    let attributes = vec![int("axis", 1)];
    let (operator, n_columns) = ("Softmax", [1000, 1000]);
    let graph = Graph { operator, n_columns, attributes, weights: Vec::new(), has_labels: false };
    bench(c, "softmax of 1000", graph, &[1, 64]);
}

/// Complete trees, their nodes in the order of a heap: the children of i are 2 i + 1 and 2 i + 2.
fn forest(c: &mut Criterion) {
    const N_TREES: i64 = 100;
    const N_COLUMNS: i64 = 20;
    const N_INNER: i64 = 63;
    const N_NODES: i64 = 127;
    let each = |value: fn(i64, i64) -> i64, nodes: std::ops::Range<i64>| -> Vec<i64> {
        let trees = 0..N_TREES;
        trees.flat_map(|tree| nodes.clone().map(move |node| value(tree, node))).collect()
    };
    let inner = |name: &str, value: fn(i64) -> i64| {
        let values = (0..N_NODES).map(|node| if node < N_INNER { value(node) } else { 0 });
        ints(name, values.collect::<Vec<_>>().repeat(100))
    };
    let nodes = |name: &str, value| ints(name, each(value, 0..N_NODES));
    let leaves = |name: &str, value| ints(name, each(value, N_INNER..N_NODES));
    let mode = |node| if node < N_INNER { "BRANCH_LEQ" } else { "LEAF" };
    let attributes = vec![
        nodes("nodes_treeids", |tree, _| tree),
        nodes("nodes_nodeids", |_, node| node),
        // Primes, so that neither neighbours nor trees ask for the same columns.
        nodes("nodes_featureids", |tree, node| (tree * 7 + node * 13) % N_COLUMNS),
        texts("nodes_modes", &(0..N_NODES).map(mode).collect::<Vec<_>>().repeat(100)),
        floats("nodes_values", numbers(12_700)),
        inner("nodes_truenodeids", |node| 2 * node + 1),
        inner("nodes_falsenodeids", |node| 2 * node + 2),
        leaves("target_treeids", |tree, _| tree),
        leaves("target_nodeids", |_, node| node),
        leaves("target_ids", |_, _| 0),
        floats("target_weights", numbers(6400)),
        int("n_targets", 1),
    ];
    let (operator, n_columns) = ("TreeEnsembleRegressor", [20, 1]);
    let graph = Graph { operator, n_columns, attributes, weights: Vec::new(), has_labels: false };
    bench(c, "forest of 100 trees of depth 6", graph, &[1, 64, 1024]);
}

fn svm(c: &mut Criterion) {
    let (n_vectors, n_in) = (200, 20);
    let attributes = vec![
        text("kernel_type", "RBF"),
        floats("kernel_params", vec![0.05, 0.0, 3.0]),
        floats("support_vectors", numbers(n_vectors * n_in)),
        floats("coefficients", numbers(n_vectors)),
        floats("rho", vec![0.5]),
        int("n_supports", 200),
    ];
    let (operator, n_columns) = ("SVMRegressor", [n_in, 1]);
    let graph = Graph { operator, n_columns, attributes, weights: Vec::new(), has_labels: false };
    bench(c, "svm of 200 vectors of 20", graph, &[1, 64]);
}

criterion_group!(benches, linear, gemm, softmax, forest, svm);
criterion_main!(benches);
