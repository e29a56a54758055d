//! Which axis of an operator's outputs has the rows, for the operators that keep rows apart.

use crate::infer::dim::Dim;
use crate::infer::linear::equation;
use crate::infer::op::absolute;

use super::{Found, Step, Track, shaped};

/// Where rows are in the outputs; `None` where they may meet.
pub(super) fn of(step: &mut Step<'_, '_>) -> Option<Found> {
    let axis = match step.op.node.canonical_domain() {
        "" => {
            if let Some(found) = shaped::reshaped(step).or_else(|| of_several(step)) {
                return Some(found);
            }
            let known = step.broadcast().or_else(|| step.products()).or_else(|| step.picked());
            known.or_else(|| step.paired()).or_else(|| shaped::axis(step)).or_else(|| step.unary())
        }
        "ai.onnx.ml" => step.of_ml(),
        _ => None,
    };
    axis.map(Found::Axis)
}

/// Operators whose outputs differ in which axis it is.
fn of_several(step: &Step<'_, '_>) -> Option<Found> {
    let node = step.op.node;
    if !matches!(node.op_type.as_str(), "GRU" | "LSTM" | "RNN") {
        return None;
    }
    let is_batch_first = step.op.int("layout", 0).ok()? != 0;
    let (x, state) = if is_batch_first { (0, 0) } else { (1, 1) };
    let fits = |(index, track): (usize, &Track)| match (index, track) {
        (0, Track::Rows(rows)) => rows.axis == x,
        (4, Track::Rows(rows)) => rows.axis == 0,
        (5 | 6, Track::Rows(rows)) => rows.axis == state,
        (1..=3 | 7, Track::Free) => true,
        // A state for all rows has an extent of 1 only if the batch has, too.
        (5 | 6, Track::Free) if step.op.has(index) => step.batch == Dim::Known(1),
        (_, Track::Free) => !step.op.has(index),
        (_, Track::Rows(_) | Track::Count) => false,
    };
    let keeps_apart = step.tracks.iter().enumerate().all(fits);
    let y = if is_batch_first { 0 } else { 2 };
    keeps_apart.then(|| Found::Axes(vec![y, state, state]))
}

impl Step<'_, '_> {
    pub(super) fn dims(&self, index: usize) -> Option<&[Dim]> {
        self.op.dims(index).ok()
    }

    /// The axis of an input's rows.
    pub(super) fn rows(&self, index: usize) -> Option<usize> {
        match self.tracks.get(index)? {
            Track::Rows(rows) => Some(rows.axis),
            Track::Free | Track::Count => None,
        }
    }

    /// The axis of the first input's rows, if all others have nothing to do with the batch.
    pub(super) fn first_alone(&self) -> Option<usize> {
        let (_, others) = self.tracks.split_first()?;
        others.iter().all(|track| *track == Track::Free).then(|| self.rows(0)).flatten()
    }

    /// An axis that an attribute names.
    fn axis(&self, default: i64) -> Option<usize> {
        let rank = self.dims(0)?.len();
        absolute(self.op.int("axis", default).ok()?, rank)
    }

    /// Operators that compute each element from those at the same place.
    fn broadcast(&self) -> Option<usize> {
        let is_listed = matches!(
            self.op.node.op_type.as_str(),
            "Add"
                | "And"
                | "BitShift"
                | "BitwiseAnd"
                | "BitwiseOr"
                | "BitwiseXor"
                | "Clip"
                | "Div"
                | "Equal"
                | "Greater"
                | "GreaterOrEqual"
                | "Less"
                | "LessOrEqual"
                | "Max"
                | "Mean"
                | "Min"
                | "Mod"
                | "Mul"
                | "Or"
                | "PRelu"
                | "Pow"
                | "StringConcat"
                | "Sub"
                | "Sum"
                | "Where"
                | "Xor"
        );
        let is_legacy =
            self.op.opset < 7 && (self.op.has_attr("axis") || self.op.has_attr("broadcast"));
        if is_listed && !is_legacy { self.aligned(self.op.node.input.len()) } else { None }
    }

    /// The axis of rows in what the first `n` inputs broadcast to: the same in all that have rows,
    /// counted from the last axis, and of extent 1 in the others.
    fn aligned(&self, n: usize) -> Option<usize> {
        let mut rank = 0;
        let mut place: Option<(usize, Dim)> = None;
        for index in (0..n).filter(|&index| self.op.has(index)) {
            let dims = self.dims(index)?;
            rank = rank.max(dims.len());
            let Some(axis) = self.rows(index) else { continue };
            let own = (dims.len().checked_sub(axis)?, *dims.get(axis)?);
            if place.is_some_and(|place| place != own) {
                return None;
            }
            place = Some(own);
        }
        let (from_end, _) = place?;
        for index in (0..n).filter(|&index| self.op.has(index) && self.rows(index).is_none()) {
            let dims = self.dims(index)?;
            let is_one = |axis| dims.get(axis) == Some(&Dim::Known(1));
            let is_same_for_all = dims.len().checked_sub(from_end).is_none_or(is_one);
            if self.tracks.get(index) != Some(&Track::Free) || !is_same_for_all {
                return None;
            }
        }
        rank.checked_sub(from_end)
    }

    /// Products of matrices.
    fn products(&self) -> Option<usize> {
        let others_are_free = |used: &[usize]| {
            let mut others = self.tracks.iter().enumerate();
            others.all(|(index, track)| used.contains(&index) || *track == Track::Free)
        };
        match self.op.node.op_type.as_str() {
            "MatMul" => self.mat_mul(0, 1),
            // Zero points may be one a row: there must be one for all.
            "MatMulInteger" if others_are_free(&[0, 1]) && self.are_single(&[2, 3]) => {
                self.mat_mul(0, 1)
            }
            "QLinearMatMul" if others_are_free(&[0, 3]) && self.are_single(&[1, 2, 4, 5, 6, 7]) => {
                self.mat_mul(0, 3)
            }
            "Gemm" => self.gemm(),
            "Einsum" => self.einsum(),
            "Attention" => self.attention(),
            _ => None,
        }
    }

    /// Whether each of these inputs is left out or has one element.
    pub(super) fn are_single(&self, indices: &[usize]) -> bool {
        indices.iter().all(|&index| {
            let is_one = |dims: &[Dim]| dims.iter().all(|dim| *dim == Dim::Known(1));
            !self.op.has(index) || self.dims(index).is_some_and(is_one)
        })
    }

    fn mat_mul(&self, left: usize, right: usize) -> Option<usize> {
        let (a, b) = (self.dims(left)?, self.dims(right)?);
        let n_stack = a.len().max(b.len()).saturating_sub(2);
        let n_output = n_stack.checked_add(usize::from(a.len() > 1))?;
        let n_output = n_output.checked_add(usize::from(b.len() > 1))?;
        match (self.rows(left), self.rows(right)) {
            (Some(axis), None) if axis.checked_add(2) == Some(a.len()) => {
                n_output.checked_sub(if b.len() > 1 { 2 } else { 1 })
            }
            (None, Some(axis)) if b.len() > 1 && axis.checked_add(1) == Some(b.len()) => {
                n_output.checked_sub(1)
            }
            (a_axis, b_axis) => {
                // The matrices are stacked along the batch.
                let from_end = |dims: &[Dim], axis: usize| dims.len().checked_sub(axis);
                let place = match (a_axis, b_axis) {
                    (Some(axis), _) => from_end(a, axis)?,
                    (None, axis) => from_end(b, axis?)?,
                };
                let is_one = |dims: &[Dim]| {
                    let at = dims.len().checked_sub(place);
                    at.is_none_or(|at| dims.get(at) == Some(&Dim::Known(1)))
                };
                let agrees = |dims: &[Dim], own: Option<usize>| {
                    own.map_or_else(|| is_one(dims), |axis| from_end(dims, axis) == Some(place))
                };
                let is_stack = place > 2 && agrees(a, a_axis) && agrees(b, b_axis);
                let in_stack = n_stack.checked_sub(place.checked_sub(2)?)?;
                is_stack.then_some(in_stack)
            }
        }
    }

    /// `A * B + C`, where the rows are those of A, or columns of B.
    fn gemm(&self) -> Option<usize> {
        let is_set = |name: &str| self.op.int(name, 0).ok().map(|set| set != 0);
        let axis = match (self.tracks.first()?, self.tracks.get(1)?) {
            (Track::Rows(rows), Track::Free) if rows.axis == usize::from(is_set("transA")?) => 0,
            (Track::Free, Track::Rows(rows)) if rows.axis == usize::from(!is_set("transB")?) => 1,
            _ => return None,
        };
        let is_one = |dim: Option<&Dim>| dim == Some(&Dim::Known(1));
        let addend_fits = match (self.tracks.get(2), self.dims(2)) {
            (None, _) | (Some(Track::Free), Some([])) => true,
            (Some(Track::Rows(rows)), Some([_, _])) => rows.axis == axis,
            (Some(Track::Free), Some([extent])) => axis == 0 || is_one(Some(extent)),
            (Some(Track::Free), Some(extents)) => is_one(extents.get(axis)),
            _ => !self.op.has(2),
        };
        addend_fits.then_some(axis)
    }

    /// The letter of the batch is in all operands that have rows, and in the output.
    fn einsum(&self) -> Option<usize> {
        let text = self.op.string("equation").ok()??;
        let (terms, output) = equation(text, self.tracks.len())?;
        let index = (0..self.tracks.len()).find(|&index| self.rows(index).is_some())?;
        let letter = *terms.get(index)?.get(self.rows(index)?)?;
        for (index, term) in terms.iter().enumerate() {
            let mut places = term.iter().enumerate().filter(|(_, other)| **other == letter);
            let (place, again) = (places.next().map(|(place, _)| place), places.next());
            let agrees = match (self.tracks.get(index)?, place) {
                (Track::Rows(rows), place) => place == Some(rows.axis),
                (Track::Free, None) => true,
                (Track::Free, Some(place)) => self.dims(index)?.get(place) == Some(&Dim::Known(1)),
                (Track::Count, _) => false,
            };
            if !agrees || again.is_some() {
                return None;
            }
        }
        let mut places = output.iter().enumerate().filter(|(_, other)| **other == letter);
        places.next().map(|(place, _)| place).filter(|_| places.next().is_none())
    }

    /// Queries, keys and values of the same rows; masks of the same rows or for all of them.
    fn attention(&self) -> Option<usize> {
        let fits = |(index, track): (usize, &Track)| match (index, track) {
            (3, Track::Free) if self.op.has(3) => {
                let dims = self.dims(3);
                dims.is_some_and(|dims| dims.len() < 4 || dims.first() == Some(&Dim::Known(1)))
            }
            (3, Track::Rows(rows)) => {
                rows.axis == 0 && self.dims(3).is_some_and(|dims| dims.len() == 4)
            }
            (_, Track::Rows(rows)) => rows.axis == 0,
            (_, Track::Free) => !self.op.has(index),
            (_, Track::Count) => false,
        };
        self.tracks.iter().enumerate().all(fits).then_some(0)
    }

    /// Operators that pick elements by indices.
    fn picked(&self) -> Option<usize> {
        let has_rows = |index: usize| self.tracks.get(index) != Some(&Track::Free);
        let (data, indices) = (self.rows(0), self.rows(1));
        if has_rows(0) != data.is_some() || has_rows(1) != indices.is_some() {
            return None;
        }
        match self.op.node.op_type.as_str() {
            "Gather" => {
                let axis = self.axis(0)?;
                match (data, indices) {
                    // Rows of indices into one table, or one set of indices into every row.
                    (None, Some(rows)) => axis.checked_add(rows),
                    (Some(rows), None) if rows < axis => Some(rows),
                    (Some(rows), None) if rows > axis => {
                        rows.checked_add(self.dims(1)?.len())?.checked_sub(1)
                    }
                    _ => None,
                }
            }
            "GatherElements" => {
                let axis = self.axis(0)?;
                match (data, indices) {
                    (Some(data), Some(rows)) if data == rows && rows != axis => Some(rows),
                    (None, Some(rows)) if rows == axis => Some(rows),
                    _ => None,
                }
            }
            "GatherND" => {
                let n_batch = usize::try_from(self.op.int("batch_dims", 0).ok()?).ok()?;
                let last = self.dims(1)?.len().checked_sub(1)?;
                match (data, indices) {
                    (None, Some(rows)) if n_batch == 0 && rows < last => Some(rows),
                    (Some(data), Some(rows)) if data == rows && rows < n_batch => Some(rows),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Operators whose second input has what belongs to each row of the first.
    fn paired(&self) -> Option<usize> {
        let are = |expected: &[Option<usize>]| {
            let is_free = |track: &Track| *track == Track::Free;
            let fits = |(track, expected): (&Track, &Option<usize>)| match (track, expected) {
                (Track::Rows(rows), Some(axis)) => rows.axis == *axis,
                (track, None) => is_free(track),
                (_, Some(_)) => false,
            };
            self.tracks.len() == expected.len() && self.tracks.iter().zip(expected).all(fits)
        };
        match self.op.node.op_type.as_str() {
            "GridSample" => are(&[Some(0), Some(0)]).then_some(0),
            "ReverseSequence" => {
                let batch = usize::try_from(self.op.int("batch_axis", 1).ok()?).ok()?;
                let time = usize::try_from(self.op.int("time_axis", 0).ok()?).ok()?;
                (are(&[Some(batch), Some(0)]) && batch != time).then_some(batch)
            }
            // One table of angles, of which each row has its places, or angles of its own.
            "RotaryEmbedding" => {
                let has_places = are(&[Some(0), None, None, Some(0)]);
                (has_places || are(&[Some(0), Some(0), Some(0)])).then_some(0)
            }
            _ => None,
        }
    }

    /// Operators of which the first input alone has rows.
    fn unary(&self) -> Option<usize> {
        let rows = self.first_alone()?;
        let rank = self.dims(0)?.len();
        let op = &self.op;
        let is_apart = match op.node.op_type.as_str() {
            "Abs" | "Acos" | "Acosh" | "Asin" | "Asinh" | "Atan" | "Atanh" | "BitwiseNot"
            | "Cast" | "CastLike" | "Ceil" | "Celu" | "Cos" | "Cosh" | "Elu" | "Erf" | "Exp"
            | "Floor" | "Gelu" | "HardSigmoid" | "HardSwish" | "Identity" | "IsInf" | "IsNaN"
            | "LeakyRelu" | "Log" | "Mish" | "Neg" | "Not" | "Reciprocal" | "RegexFullMatch"
            | "Relu" | "Round" | "Selu" | "Shrink" | "Sigmoid" | "Sign" | "Sin" | "Sinh"
            | "Softplus" | "Softsign" | "Sqrt" | "Swish" | "Tan" | "Tanh" | "ThresholdedRelu" => {
                true
            }
            // Texts that are left out would move those after them.
            "StringNormalizer" => op.node.strings("stopwords").ok()?.is_empty(),
            // Training mode is an input that is left out or a constant.
            "Dropout" => !op.has(2) || op.known_ints(2).is_ok_and(|mode| mode == [0]),
            "Conv"
            | "ConvInteger"
            | "ConvTranspose"
            | "GlobalAveragePool"
            | "GlobalLpPool"
            | "GlobalMaxPool"
            | "GroupNormalization"
            | "InstanceNormalization"
            | "LRN"
            | "AveragePool"
            | "LpPool"
            | "QLinearConv"
            | "DepthToSpace"
            | "SpaceToDepth" => rows == 0,
            // The places of maxima count through the whole batch.
            "MaxPool" => rows == 0 && op.node.output.iter().skip(1).all(String::is_empty),
            "BatchNormalization" => {
                let is_training = op.int("training_mode", 0).ok()? != 0;
                let others = op.node.output.iter().skip(1);
                rows == 0
                    && op.opset >= 7
                    && !is_training
                    && others.into_iter().all(String::is_empty)
            }
            "LayerNormalization" | "RMSNormalization" => rows < self.axis(-1)?,
            "Softmax" | "LogSoftmax" | "Hardmax" if op.opset < 13 => rows < self.axis(1)?,
            "Softmax" | "LogSoftmax" | "Hardmax" | "LpNormalization" => rows != self.axis(-1)?,
            "MeanVarianceNormalization" => {
                let given = op.attr_ints("axes").ok()?;
                let axes = if given.is_empty() { &[0, 2, 3] } else { given };
                axes.iter().all(|&axis| absolute(axis, rank).is_some_and(|axis| axis != rows))
            }
            "CumSum" | "CumProd" => match op.known_ints(1).ok()?.as_slice() {
                [axis] => absolute(*axis, rank)? != rows,
                _ => false,
            },
            "Trilu" => rows.checked_add(2)? < rank,
            "TfIdfVectorizer" => rows == 0 && rank == 2,
            // One scale for all, or one for each place along another axis.
            "QuantizeLinear" | "DequantizeLinear" => {
                let is_whole = self.dims(1)?.len() <= 1;
                is_whole && (self.are_single(&[1, 2]) || rows != self.axis(1)?)
            }
            _ => false,
        };
        is_apart.then_some(rows)
    }

    /// Operators of `ai.onnx.ml`, which take rows of features.
    fn of_ml(&self) -> Option<usize> {
        let is_matrix = |index: usize| self.dims(index).is_some_and(|dims| dims.len() == 2);
        match self.op.node.op_type.as_str() {
            "Binarizer" | "CategoryMapper" | "LabelEncoder" | "OneHotEncoder" => self.first_alone(),
            "Imputer"
            | "LinearClassifier"
            | "LinearRegressor"
            | "Normalizer"
            | "SVMClassifier"
            | "SVMRegressor"
            | "Scaler"
            | "TreeEnsemble"
            | "TreeEnsembleClassifier"
            | "TreeEnsembleRegressor"
                if is_matrix(0) =>
            {
                self.first_alone().filter(|rows| *rows == 0)
            }
            "ArrayFeatureExtractor" => self.extracted(),
            "FeatureVectorizer" => {
                let mut indices = 0..self.tracks.len();
                let all = indices.all(|index| self.rows(index) == Some(0) && is_matrix(index));
                all.then_some(0)
            }
            _ => None,
        }
    }

    /// Some columns of every row, or rows of places in one table, whose axes become one.
    fn extracted(&self) -> Option<usize> {
        let n_table = self.dims(0)?.len();
        match (self.rows(0), self.rows(1), self.first_alone()) {
            (Some(rows), _, Some(_)) if rows.checked_add(1)? < n_table => Some(rows),
            (None, Some(rows), _) if self.tracks.first() == Some(&Track::Free) => {
                let before = self.dims(1)?.get(..rows)?;
                let is_one = before.iter().all(|dim| *dim == Dim::Known(1));
                if is_one { n_table.max(2).checked_sub(1) } else { None }
            }
            _ => None,
        }
    }
}
