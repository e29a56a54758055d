//! Which operator is inferred by which rule.

use super::elementwise::{self as each, FLOAT, Outputs};
use super::op::{Op, Stop};
use super::{index, layout, linear, ml, reduce, sequence, spatial};

/// Types and shapes of a node's outputs; those that are left out are unknown.
pub(super) fn infer<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    match op.node.canonical_domain() {
        "" if is_same(&op.node.op_type) => each::same(op),
        "" => elementwise(op),
        "ai.onnx.ml" => of_ml(op),
        _ => Err(Stop::Unknown),
    }
}

/// Whether a standard operator gives what has the type and shape of its first input.
fn is_same(op_type: &str) -> bool {
    matches!(
        op_type,
        "Abs"
            | "Acos"
            | "Acosh"
            | "Asin"
            | "Asinh"
            | "Atan"
            | "Atanh"
            | "BitwiseNot"
            | "Ceil"
            | "Celu"
            | "Clip"
            | "Cos"
            | "Cosh"
            | "CumProd"
            | "CumSum"
            | "Elu"
            | "Erf"
            | "Exp"
            | "Floor"
            | "Gelu"
            | "GroupNormalization"
            | "HardSigmoid"
            | "HardSwish"
            | "Hardmax"
            | "InstanceNormalization"
            | "LRN"
            | "LeakyRelu"
            | "Log"
            | "LogSoftmax"
            | "LpNormalization"
            | "MeanVarianceNormalization"
            | "Mish"
            | "Neg"
            | "Not"
            | "PRelu"
            | "RMSNormalization"
            | "Reciprocal"
            | "Relu"
            | "ReverseSequence"
            | "RotaryEmbedding"
            | "Round"
            | "Scatter"
            | "ScatterElements"
            | "ScatterND"
            | "Selu"
            | "Shrink"
            | "Sigmoid"
            | "Sign"
            | "Sin"
            | "Sinh"
            | "Softmax"
            | "Softplus"
            | "Softsign"
            | "Sqrt"
            | "Swish"
            | "Tan"
            | "Tanh"
            | "TensorScatter"
            | "ThresholdedRelu"
            | "Trilu"
    )
}

/// Operators that keep the shape of an input, or broadcast.
fn elementwise<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    match op.node.op_type.as_str() {
        "Add" | "BitShift" | "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" | "Div" | "Max" | "Mean"
        | "Min" | "Mod" | "Mul" | "Pow" | "StringConcat" | "Sub" | "Sum" => each::broadcast(op),
        "And" | "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "Or" | "Xor" => {
            each::compare(op)
        }
        "IsInf" | "IsNaN" | "RegexFullMatch" => each::same_of(op, each::BOOL),
        "BatchNormalization" => each::batch_norm(op),
        "Bernoulli" | "EyeLike" | "RandomNormalLike" | "RandomUniformLike" => each::like(op),
        "Cast" => each::cast(op),
        "CastLike" => each::cast_like(op),
        "DequantizeLinear" => each::dequantize(op),
        "Dropout" => each::dropout(op),
        "DynamicQuantizeLinear" => each::dynamic_quantize(op),
        "Identity" => each::identity(op),
        "LayerNormalization" => each::layer_norm(op),
        "QuantizeLinear" => each::quantize(op),
        "Where" => each::choose(op),
        _ => structural(op),
    }
}

/// Operators that change shapes.
fn structural<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    match op.node.op_type.as_str() {
        "ArgMax" | "ArgMin" => reduce::arg(op),
        "Attention" => sequence::attention(op),
        "AveragePool" | "LpPool" | "MaxPool" => spatial::pool(op),
        "Compress" => index::compress(op),
        "Concat" => layout::concat(op),
        "Constant" => index::constant(op),
        "ConstantOfShape" => index::constant_of_shape(op),
        "Conv" => spatial::conv(op),
        "ConvInteger" => spatial::conv_integer(op),
        "ConvTranspose" => spatial::conv_transpose(op),
        "DepthToSpace" => layout::depth_to_space(op),
        "Det" => linear::det(op),
        "Einsum" => linear::einsum(op),
        "Expand" => layout::expand(op),
        "Flatten" => layout::flatten(op),
        "GRU" | "LSTM" | "RNN" => sequence::recurrent(op),
        "Gather" => index::gather(op),
        "GatherElements" => index::gather_elements(op),
        "GatherND" => index::gather_nd(op),
        "Gemm" => linear::gemm(op),
        "GlobalAveragePool" | "GlobalLpPool" | "GlobalMaxPool" => spatial::global(op),
        "GridSample" => spatial::grid_sample(op),
        "MatMul" => linear::mat_mul(op),
        "MatMulInteger" => linear::mat_mul_integer(op),
        "MaxRoiPool" | "RoiAlign" => spatial::regions(op),
        "Multinomial" => index::multinomial(op),
        "NonZero" => index::non_zero(op),
        "OneHot" => index::one_hot(op),
        "Pad" => layout::pad(op),
        "QLinearConv" => spatial::conv_quantized(op),
        "QLinearMatMul" => linear::quantized(op),
        "RandomNormal" | "RandomUniform" => index::random(op),
        "Range" => index::range(op),
        "Reshape" => layout::reshape(op),
        "Resize" | "Upsample" => spatial::resize(op),
        "Shape" => layout::shape(op),
        "Size" => layout::size(op),
        "Slice" => index::slice(op),
        "StringNormalizer" if !op.has_attr("stopwords") => each::same(op),
        "SpaceToDepth" => layout::space_to_depth(op),
        "Split" => layout::split(op),
        "Squeeze" => layout::squeeze(op),
        "TfIdfVectorizer" => ml::tf_idf(op),
        "Tile" => layout::tile(op),
        "TopK" => reduce::top_k(op),
        "Transpose" => layout::transpose(op),
        "Unsqueeze" => layout::unsqueeze(op),
        name if name.starts_with("Reduce") => reduce::reduce(op),
        _ => Err(Stop::Unknown),
    }
}

fn of_ml<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    match op.node.op_type.as_str() {
        "ArrayFeatureExtractor" => ml::extract(op),
        "Binarizer" | "Imputer" => each::same(op),
        "CategoryMapper" | "LabelEncoder" => ml::encode(op),
        "FeatureVectorizer" => ml::vectorize(op),
        "LinearClassifier" | "SVMClassifier" | "TreeEnsembleClassifier" => ml::classifier(op),
        "LinearRegressor" => ml::regressor(op, "targets", 1),
        "Normalizer" | "Scaler" => each::same_of(op, FLOAT),
        "OneHotEncoder" => ml::one_hot(op),
        "SVMRegressor" => ml::svm_regressor(op),
        "TreeEnsemble" => ml::tree_ensemble(op),
        "TreeEnsembleRegressor" => ml::regressor(op, "n_targets", 0),
        _ => Err(Stop::Unknown),
    }
}
