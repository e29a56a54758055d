//! The operators that rten 0.27.0 runs, and what it reads of each.
//!
//! The table was made by comparing the operators' schemas (onnx 1.23.2) with rten's reader
//! (`src/op_registry/onnx_registry.rs`) and its operators' own code: an attribute that rten reads
//! and drops, or does only for some values, and an input that it takes and does not look at, are
//! left out here or bound to the values that it does. Attributes that rten does not read at all are
//! left out too, though rten refuses them itself.

use crate::integer::Growth;

/// One operator of the default domain.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) name: &'static str,
    /// The first version of the operator set in which it means what rten does.
    pub(crate) since: i64,
    /// What each input must be. The last stands for all that follow where `variadic`.
    pub(crate) inputs: &'static [In],
    pub(crate) variadic: bool,
    /// What each output is. The last stands for all that follow.
    pub(crate) outputs: &'static [Out],
    pub(crate) growth: Growth,
    /// The attributes that may be there.
    pub(crate) attributes: &'static [(&'static str, Value)],
}

/// What an input must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum In {
    /// FP32.
    Float,
    /// FP32, to be brought to whole numbers: no quotient.
    Rounded,
    /// FP32, INT32 or INT64; all such inputs are of one type.
    Number,
    /// FP32, INT32 or INT64, put in order; all such inputs are of one type.
    Ordered,
    /// FP32, INT32, INT64 or BOOL, compared; all such inputs are of one type.
    Compared,
    /// Anything, moved but not looked at; all such inputs are of one type.
    Moved,
    /// Anything.
    Any,
    /// Shapes, axes, indices: INT32 or INT64.
    Index,
    Bool,
    /// FP32 or BOOL.
    Mask,
    /// INT8 or UINT8.
    Byte,
}

/// What an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Out {
    Float,
    Bool,
    /// As the inputs that are of one type.
    Same,
    /// INT64 extents or positions.
    Extent,
}

/// Which values of an attribute rten does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value {
    /// All that the schema allows.
    Any,
    /// This integer.
    Int(i64),
    /// This number.
    Float(f32),
    /// One of these texts.
    Text(&'static [&'static str]),
    /// A list in which each integer is this one.
    Each(i64),
    /// An empty list.
    Empty,
    /// Any list of texts; looked at elsewhere.
    Texts,
}

impl Operator {
    const fn new(name: &'static str, inputs: &'static [In], outputs: &'static [Out]) -> Self {
        Self {
            name,
            since: 7,
            inputs,
            variadic: false,
            outputs,
            growth: Growth::Refused,
            attributes: &[],
        }
    }

    const fn since(mut self, since: i64) -> Self {
        self.since = since;
        self
    }

    const fn variadic(mut self) -> Self {
        self.variadic = true;
        self
    }

    const fn grows(mut self, growth: Growth) -> Self {
        self.growth = growth;
        self
    }

    const fn with(mut self, attributes: &'static [(&'static str, Value)]) -> Self {
        self.attributes = attributes;
        self
    }
}

/// The operator of this name.
pub(crate) fn find(name: &str) -> Option<&'static Operator> {
    let at = OPERATORS.binary_search_by(|operator| operator.name.cmp(name)).ok()?;
    OPERATORS.get(at)
}

use In::{Bool, Byte, Compared, Float, Index, Moved, Number, Ordered, Rounded};
use Value::{Any, Each, Empty, Int, Text, Texts};

const fn op(name: &'static str, inputs: &'static [In], outputs: &'static [Out]) -> Operator {
    Operator::new(name, inputs, outputs)
}

/// One FP32 tensor to another, element by element.
const fn unary(name: &'static str) -> Operator {
    op(name, &[Float], &[Out::Float])
}

const fn reduce(name: &'static str, input: &'static [In], outputs: &'static [Out]) -> Operator {
    op(name, input, outputs).with(&[
        ("axes", Any),
        ("keepdims", Any),
        ("noop_with_empty_axes", Any),
    ])
}

const fn compare(name: &'static str, inputs: &'static [In]) -> Operator {
    op(name, inputs, &[Out::Bool])
}

const fn logic(name: &'static str) -> Operator {
    op(name, &[Bool, Bool], &[Out::Bool])
}

const AXIS: &[(&str, Value)] = &[("axis", Any)];
const FLOATS_2: &[In] = &[Float, Float];
const FLOATS_3: &[In] = &[Float, Float, Float];
const NUMBERS_2: &[In] = &[Number, Number];
const REDUCED_FLOAT: &[In] = &[Float, Index];
const REDUCED: &[In] = &[Number, Index];
const REDUCTIONS: &[&str] = &["none", "add", "mul", "min", "max"];
const PADDING: &[&str] = &["NOTSET", "VALID", "SAME_UPPER"];

const CONV: &[(&str, Value)] = &[
    ("auto_pad", Text(PADDING)),
    ("dilations", Any),
    ("group", Any),
    ("kernel_shape", Any),
    ("pads", Any),
    ("strides", Any),
];
const CONV_TRANSPOSE: &[(&str, Value)] = &[
    ("auto_pad", Text(&["NOTSET", "VALID"])),
    ("dilations", Any),
    ("group", Any),
    ("kernel_shape", Any),
    ("output_padding", Any),
    ("pads", Any),
    ("strides", Any),
];
const POOL: &[(&str, Value)] = &[
    ("auto_pad", Text(PADDING)),
    ("ceil_mode", Any),
    ("count_include_pad", Any),
    ("dilations", Each(1)),
    ("kernel_shape", Any),
    ("pads", Any),
    ("storage_order", Int(0)),
    ("strides", Any),
];
const RECURRENT: &[(&str, Value)] = &[
    ("activation_alpha", Empty),
    ("activation_beta", Empty),
    ("activations", Texts),
    ("clip", Value::Float(0.0)),
    ("direction", Text(&["forward", "reverse", "bidirectional"])),
    ("hidden_size", Any),
    ("input_forget", Int(0)),
    ("layout", Int(0)),
    ("linear_before_reset", Int(1)),
];
const RESIZE: &[(&str, Value)] = &[
    ("antialias", Int(0)),
    (
        "coordinate_transformation_mode",
        Text(&["asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"]),
    ),
    ("cubic_coeff_a", Any),
    ("exclude_outside", Int(0)),
    ("extrapolation_value", Any),
    ("keep_aspect_ratio_policy", Text(&["stretch"])),
    ("mode", Text(&["nearest", "linear"])),
    ("nearest_mode", Text(&["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])),
];

/// By name, ascending.
static OPERATORS: &[Operator] = &[
    op("Abs", &[Number], &[Out::Same]).grows(Growth::Negated),
    unary("Acos"),
    unary("Acosh"),
    op("Add", NUMBERS_2, &[Out::Same]).grows(Growth::Sum),
    logic("And"),
    unary("Asin"),
    unary("Asinh"),
    unary("Atan"),
    unary("Atanh"),
    op("Attention", &[Float, Float, Float, In::Mask, Float, Float, Index], &[Out::Float]).with(&[
        ("is_causal", Any),
        ("kv_num_heads", Any),
        ("q_num_heads", Any),
        ("scale", Any),
        ("softcap", Any),
        ("softmax_precision", Int(1)),
    ]),
    op("AveragePool", &[Float], &[Out::Float]).with(POOL),
    op("BatchNormalization", &[Float, Float, Float, Float, Float], &[Out::Float]).with(&[
        ("epsilon", Any),
        // Of training only.
        ("momentum", Any),
        ("spatial", Int(1)),
        ("training_mode", Int(0)),
    ]),
    op("Ceil", &[Rounded], &[Out::Float]),
    op("Clip", &[Number, Number, Number], &[Out::Same])
        .grows(Growth::Clipped)
        .with(&[("max", Any), ("min", Any)]),
    op("Concat", &[Moved], &[Out::Same]).variadic().with(AXIS),
    op("Conv", FLOATS_3, &[Out::Float]).with(CONV),
    op("ConvTranspose", FLOATS_3, &[Out::Float]).with(CONV_TRANSPOSE),
    unary("Cos"),
    unary("Cosh"),
    op("CumSum", REDUCED, &[Out::Same])
        .grows(Growth::SumOfMany)
        .with(&[("exclusive", Any), ("reverse", Any)]),
    op("DFT", &[Float, Index, Index], &[Out::Float]).with(&[
        ("axis", Any),
        ("inverse", Any),
        ("onesided", Any),
    ]),
    op("DepthToSpace", &[Float], &[Out::Float])
        .with(&[("blocksize", Any), ("mode", Text(&["DCR", "CRD"]))]),
    op("DequantizeLinear", &[Byte, Float, Byte], &[Out::Float]).with(&[
        ("axis", Any),
        ("block_size", Int(0)),
        ("output_dtype", Int(0)),
    ]),
    op("Div", NUMBERS_2, &[Out::Same]).grows(Growth::Quotient),
    op("Einsum", &[Float], &[Out::Float]).variadic().with(&[("equation", Any)]),
    unary("Elu").with(&[("alpha", Any)]),
    compare("Equal", &[Compared, Compared]),
    unary("Erf"),
    unary("Exp"),
    op("Expand", &[Moved, Index], &[Out::Same]),
    op("Flatten", &[Moved], &[Out::Same]).with(AXIS),
    op("Floor", &[Rounded], &[Out::Float]),
    op("GRU", &[Float, Float, Float, Float, Index, Float], &[Out::Float]).with(RECURRENT),
    op("Gather", &[Moved, Index], &[Out::Same]).with(AXIS),
    op("GatherElements", &[Moved, Index], &[Out::Same]).with(AXIS),
    op("GatherND", &[Moved, Index], &[Out::Same]).with(&[("batch_dims", Any)]),
    unary("Gelu").with(&[("approximate", Text(&["none", "tanh"]))]),
    op("Gemm", FLOATS_3, &[Out::Float]).with(&[
        ("alpha", Any),
        ("beta", Any),
        ("transA", Any),
        ("transB", Any),
    ]),
    unary("GlobalAveragePool"),
    unary("GlobalMaxPool"),
    compare("Greater", &[Ordered, Ordered]),
    compare("GreaterOrEqual", &[Ordered, Ordered]),
    op("GridSample", FLOATS_2, &[Out::Float]).with(&[
        ("align_corners", Any),
        ("mode", Text(&["bilinear", "linear"])),
        ("padding_mode", Text(&["zeros"])),
    ]),
    unary("HardSigmoid").with(&[("alpha", Any), ("beta", Any)]),
    unary("HardSwish"),
    op("Identity", &[Moved], &[Out::Same]),
    op("InstanceNormalization", FLOATS_3, &[Out::Float]).with(&[("epsilon", Any)]),
    compare("IsInf", &[Float]).with(&[("detect_negative", Int(1)), ("detect_positive", Int(1))]),
    compare("IsNaN", &[Float]),
    op("LSTM", &[Float, Float, Float, Float, Index, Float, Float], &[Out::Float]).with(RECURRENT),
    op("LayerNormalization", FLOATS_3, &[Out::Float]).with(&[
        ("axis", Any),
        ("epsilon", Any),
        ("stash_type", Int(1)),
    ]),
    unary("LeakyRelu").with(&[("alpha", Any)]),
    compare("Less", &[Ordered, Ordered]),
    compare("LessOrEqual", &[Ordered, Ordered]),
    unary("Log"),
    unary("LogSoftmax").with(AXIS),
    unary("LpNormalization").with(&[("axis", Any), ("p", Any)]),
    op("MatMul", FLOATS_2, &[Out::Float]),
    op("Max", &[Number], &[Out::Same]).variadic().grows(Growth::Chosen),
    op("MaxPool", &[Float], &[Out::Float]).with(POOL),
    op("Mean", &[Float], &[Out::Float]).variadic(),
    op("Min", &[Number], &[Out::Same]).variadic().grows(Growth::Chosen),
    op("Mod", NUMBERS_2, &[Out::Same]).grows(Growth::Remainder).with(&[("fmod", Any)]),
    op("Mul", NUMBERS_2, &[Out::Same]).grows(Growth::Product),
    op("Neg", &[Number], &[Out::Same]).grows(Growth::Negated),
    op("NonZero", &[Compared], &[Out::Extent]),
    op("Not", &[Bool], &[Out::Bool]),
    op("OneHot", &[Index, Index, Moved], &[Out::Same]).since(11).with(AXIS),
    logic("Or"),
    op("PRelu", FLOATS_2, &[Out::Float]),
    op("Pad", &[Moved, Index, Moved, Index], &[Out::Same]).with(&[
        ("mode", Text(&["constant", "reflect", "edge", "wrap"])),
        ("pads", Any),
        ("value", Any),
    ]),
    op("Pow", FLOATS_2, &[Out::Float]),
    op("RMSNormalization", FLOATS_2, &[Out::Float]).with(&[
        ("axis", Any),
        ("epsilon", Any),
        ("stash_type", Int(1)),
    ]),
    op("Range", &[Number, Number, Number], &[Out::Same])
        .grows(Growth::Chosen)
        .with(&[("stash_type", Int(1))]),
    unary("Reciprocal"),
    reduce("ReduceL1", REDUCED_FLOAT, &[Out::Float]),
    reduce("ReduceL2", REDUCED_FLOAT, &[Out::Float]),
    reduce("ReduceLogSum", REDUCED_FLOAT, &[Out::Float]),
    reduce("ReduceMax", REDUCED, &[Out::Same]).grows(Growth::Chosen),
    reduce("ReduceMean", REDUCED_FLOAT, &[Out::Float]),
    reduce("ReduceMin", REDUCED, &[Out::Same]).grows(Growth::Chosen),
    reduce("ReduceProd", REDUCED, &[Out::Same]).grows(Growth::ProductOfMany),
    reduce("ReduceSum", REDUCED, &[Out::Same]).grows(Growth::SumOfMany),
    reduce("ReduceSumSquare", REDUCED_FLOAT, &[Out::Float]),
    unary("Relu"),
    op("Reshape", &[Moved, Index], &[Out::Same]).with(&[("allowzero", Any)]),
    op("Resize", &[Float, Float, Float, Index], &[Out::Float]).since(11).with(RESIZE),
    op("ReverseSequence", &[Moved, Index], &[Out::Same])
        .with(&[("batch_axis", Any), ("time_axis", Any)]),
    op("RotaryEmbedding", &[Float, Float, Float, Index], &[Out::Float]).with(&[
        ("interleaved", Any),
        ("num_heads", Any),
        ("rotary_embedding_dim", Any),
    ]),
    op("Round", &[Rounded], &[Out::Float]),
    op("STFT", &[Float, Index, Float, Index], &[Out::Float]).with(&[("onesided", Any)]),
    op("ScatterND", &[Number, Index, Number], &[Out::Same])
        .with(&[("reduction", Text(REDUCTIONS))]),
    op("Shape", &[In::Any], &[Out::Extent]),
    unary("Sigmoid"),
    unary("Sin"),
    unary("Sinh"),
    op("Size", &[In::Any], &[Out::Extent]),
    op("Slice", &[Moved, Index, Index, Index, Index], &[Out::Same]).with(&[
        ("axes", Any),
        ("ends", Any),
        ("starts", Any),
    ]),
    unary("Softmax").with(AXIS),
    unary("Softsign"),
    op("Split", &[Moved, Index], &[Out::Same]).with(&[
        ("axis", Any),
        ("num_outputs", Any),
        ("split", Any),
    ]),
    unary("Sqrt"),
    op("Squeeze", &[Moved, Index], &[Out::Same]).with(&[("axes", Any)]),
    op("Sub", NUMBERS_2, &[Out::Same]).grows(Growth::Sum),
    op("Sum", &[Number], &[Out::Same]).variadic().grows(Growth::Sum),
    unary("Swish").with(&[("alpha", Any)]),
    unary("Tan"),
    unary("Tanh"),
    op("Tile", &[Moved, Index], &[Out::Same]),
    op("TopK", &[Ordered, Index], &[Out::Same, Out::Extent]).grows(Growth::Chosen).with(&[
        ("axis", Any),
        ("k", Any),
        ("largest", Any),
        ("sorted", Int(1)),
    ]),
    op("Transpose", &[Moved], &[Out::Same]).with(&[("perm", Any)]),
    op("Trilu", &[Moved, Index], &[Out::Same]).with(&[("upper", Any)]),
    op("Unsqueeze", &[Moved, Index], &[Out::Same]).with(&[("axes", Any)]),
    op("Upsample", FLOATS_2, &[Out::Float])
        .with(&[("mode", Text(&["nearest", "linear"])), ("scales", Any)]),
    op("Where", &[Bool, Moved, Moved], &[Out::Same]),
    logic("Xor"),
];

/// Operators that rten has and that stay out, with the reason.
pub(crate) fn left_out(name: &str) -> Option<&'static str> {
    Some(match name {
        "ArgMax" | "ArgMin" => {
            "rten is asked only for the first of equal numbers, and those of FP32, INT32 or INT64"
        }
        "BitCast" => "rten has other bits than the file's types",
        "ConvInteger" | "MatMulInteger" => {
            "rten pads with 0 instead of the zero point, and its sums of 8-bit products saturate \
             on some processors"
        }
        "DynamicQuantizeLinear" | "QuantizeLinear" => "rten rounds otherwise: off by one",
        "EyeLike" => "its type depends on more than rten knows",
        "Multinomial" | "RandomNormal" | "RandomNormalLike" | "RandomUniform"
        | "RandomUniformLike" => "its numbers are random",
        "NonMaxSuppression" => {
            "rten takes boxes with swapped corners and several batches and classes wrongly"
        }
        "Scatter" | "ScatterElements" => {
            "rten mixes up the rows where there are fewer indices than numbers"
        }
        "ReduceLogSumExp" => "rten gives NaN where the largest number is infinite",
        "Sign" => "rten gives 1 for 0",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_holds_nothing_that_is_left_out() {
        assert!(OPERATORS.is_sorted_by(|a, b| a.name < b.name));
        for operator in OPERATORS {
            assert_eq!(left_out(operator.name), None, "{}", operator.name);
            assert!(find(operator.name).is_some(), "{}", operator.name);
            assert!(operator.attributes.is_sorted_by(|a, b| a.0 < b.0), "{}", operator.name);
        }
    }
}
