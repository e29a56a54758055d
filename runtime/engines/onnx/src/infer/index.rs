//! Operators that pick elements by their place, and constants.
#![expect(clippy::unnecessary_wraps, reason = "all rules of the table have one signature")]

use super::dim::{Dim, Num};
use super::elementwise::{FLOAT, INT64, Outputs, STRING};
use super::op::{Infer, Info, N_INTS_MAX, Needed, Op};

/// What a Slice does to one axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) axis: usize,
    pub(crate) start: Num,
    pub(crate) end: Num,
    pub(crate) step: Num,
}

/// What a Slice does to the axes of an input of this rank.
pub(crate) fn cuts(op: &Op<'_, '_>, rank: usize) -> Infer<Vec<Cut>> {
    let numbers = |name: &str, index: usize| -> Infer<Option<Vec<Num>>> {
        if op.opset < 10 {
            let given = op.has_attr(name).then(|| op.attr_ints(name)).transpose()?;
            return Ok(given.map(|ints| ints.iter().map(|&int| Num::Known(int)).collect()));
        }
        if !op.has(index) {
            return Ok(None);
        }
        if let Ok(ints) = op.ints(index) {
            return Ok(Some(ints.to_vec()));
        }
        match op.dims(index)? {
            [Dim::Known(n)] if *n <= N_INTS_MAX => Ok(Some(vec![Num::Unknown; *n])),
            _ => Ok(None),
        }
    };
    let (starts, ends) = (numbers("starts", 1)?.needed()?, numbers("ends", 2)?.needed()?);
    let axes = match numbers("axes", 3)? {
        Some(axes) => axes.iter().map(|axis| axis.known()).collect::<Option<Vec<_>>>().needed()?,
        None => (0_i64..).take(starts.len()).collect(),
    };
    let steps = numbers("steps", 4)?.unwrap_or_else(|| vec![Num::Known(1); starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err(super::op::Stop::Unknown);
    }
    let all = axes.into_iter().zip(starts.into_iter().zip(ends).zip(steps));
    all.map(|(axis, ((start, end), step))| Ok(Cut { axis: op.axis(axis, rank)?, start, end, step }))
        .collect()
}

impl Cut {
    /// Whether everything is kept, for an axis of this extent.
    pub(crate) fn keeps_all(&self, extent: Dim) -> bool {
        let reaches_end = match self.end {
            Num::Known(end) => match extent {
                Dim::Known(extent) => i64::try_from(extent).is_ok_and(|extent| end >= extent),
                // What exporters write for "to the end"; no batch is that large.
                Dim::Symbol(_) => end >= i64::from(i32::MAX),
            },
            Num::Symbol(symbol) => extent == Dim::Symbol(symbol),
            Num::Unknown => false,
        };
        reaches_end && self.start == Num::Known(0) && self.step == Num::Known(1)
    }

    /// How much is kept of an axis of this extent; `None` if that is not known.
    fn length(&self, extent: Dim) -> Option<Dim> {
        if self.keeps_all(extent) {
            return Some(extent);
        }
        let (start, step) = (self.start.known()?, self.step.known().filter(|&step| step != 0)?);
        let extent = i64::try_from(extent.known()?).ok()?;
        let end = self.end.known()?;
        let clamp = |at: i64, low: i64, high: i64| {
            let at = if at < 0 { at.saturating_add(extent) } else { at };
            at.clamp(low, high.max(low))
        };
        // The first place that is not taken, and the way to it.
        let distance = if step > 0 {
            clamp(end, 0, extent).checked_sub(clamp(start, 0, extent))?
        } else {
            let last = extent.checked_sub(1)?;
            clamp(start, 0, last).checked_sub(clamp(end, -1, last))?
        };
        let distance = u64::try_from(distance.max(0)).ok()?;
        let length = distance.div_ceil(step.unsigned_abs());
        usize::try_from(length).ok().map(Dim::Known)
    }
}

pub(super) fn slice<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let Ok(dims) = op.dims(0) else { return Ok(vec![Info::of_type(elem)]) };
    let mut sliced = dims.to_vec();
    match cuts(op, dims.len()) {
        Ok(cuts) => {
            for cut in cuts {
                let dim = sliced.get_mut(cut.axis).needed()?;
                *dim = cut.length(*dim).unwrap_or_else(|| op.symbols.fresh());
            }
        }
        Err(super::op::Stop::Unknown) => {
            for dim in &mut sliced {
                *dim = op.symbols.fresh();
            }
        }
        Err(contradiction) => return Err(contradiction),
    }
    Ok(vec![Info::new(elem, sliced)])
}

pub(super) fn gather<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let (Ok(data), Ok(indices)) = (op.dims(0), op.dims(1)) else {
        return Ok(vec![Info::of_type(elem)]);
    };
    let axis = op.axis(op.int("axis", 0)?, data.len())?;
    let (front, back) = data.split_at_checked(axis).needed()?;
    let dims = front.iter().chain(indices).chain(back.iter().skip(1));
    Ok(vec![Info::new(elem, dims.copied().collect())])
}

pub(super) fn gather_elements<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let Ok(indices) = op.dims(1) else { return Ok(vec![Info::of_type(elem)]) };
    if let Ok(data) = op.dims(0)
        && data.len() != indices.len()
    {
        return Err(op.misfit(1, format_args!("{} axes", data.len())));
    }
    Ok(vec![Info::new(elem, indices.to_vec())])
}

pub(super) fn gather_nd<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let (Ok(data), Ok(indices)) = (op.dims(0), op.dims(1)) else {
        return Ok(vec![Info::of_type(elem)]);
    };
    let (&depth, front) = indices.split_last().needed()?;
    let n_batch = usize::try_from(op.int("batch_dims", 0)?).ok().needed()?;
    let depth = depth.known().needed()?;
    let start = n_batch.checked_add(depth).needed()?;
    let Some(back) = data.get(start..) else {
        return Err(op.misfit(0, format_args!("at least {start} axes")));
    };
    Ok(vec![Info::new(elem, front.iter().chain(back).copied().collect())])
}

pub(super) fn one_hot<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(2);
    let Ok(indices) = op.dims(0) else { return Ok(vec![Info::of_type(elem)]) };
    let depth = op.ints(1).ok().and_then(|ints| ints.first()?.dim());
    let depth = depth.unwrap_or_else(|| op.symbols.fresh());
    let rank = indices.len().saturating_add(1);
    let axis = op.axis(op.int("axis", -1)?, rank)?;
    let mut dims = indices.to_vec();
    dims.insert(axis.min(dims.len()), depth);
    Ok(vec![Info::new(elem, dims)])
}

/// NonZero: one column a place.
pub(super) fn non_zero<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let rank = op.dims(0).ok().map(|dims| Dim::Known(dims.len()));
    let rank = rank.unwrap_or_else(|| op.symbols.fresh());
    Ok(vec![Info::new(INT64, vec![rank, op.fresh()])])
}

/// Compress: an unknown part along one axis, or of all elements.
pub(super) fn compress<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    if !op.has_attr("axis") {
        return Ok(vec![Info::new(elem, vec![op.fresh()])]);
    }
    let mut dims = op.dims(0)?.to_vec();
    let axis = op.axis(op.int("axis", 0)?, dims.len())?;
    *dims.get_mut(axis).needed()? = op.fresh();
    Ok(vec![Info::new(elem, dims)])
}

/// Constant, in each of its forms.
pub(super) fn constant<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let node = op.node;
    let Some(attribute) = node.attribute.first() else { return Err(super::op::Stop::Unknown) };
    let vector = |n: usize| vec![Dim::Known(n)];
    let info = match attribute.name.as_str() {
        "value" => attribute.t.as_ref().map(Info::constant).needed()?,
        "value_int" => {
            let ints = Some(vec![Num::Known(attribute.i)]);
            Info { ints, ..Info::new(INT64, Vec::new()) }
        }
        "value_ints" => {
            let dims = vector(attribute.ints.len());
            let ints = attribute.ints.iter().take(N_INTS_MAX.saturating_add(1));
            let ints = Some(ints.map(|&int| Num::Known(int)).collect::<Vec<_>>());
            Info { ints: ints.filter(|ints| ints.len() <= N_INTS_MAX), ..Info::new(INT64, dims) }
        }
        "value_float" => Info::new(FLOAT, Vec::new()),
        "value_floats" => Info::new(FLOAT, vector(attribute.floats.len())),
        "value_string" => Info::new(STRING, Vec::new()),
        "value_strings" => Info::new(STRING, vector(attribute.strings.len())),
        "sparse_value" => {
            let sparse = attribute.sparse_tensor.as_ref().needed()?;
            let dims = sparse.dims.iter().map(|&dim| Num::Known(dim).dim()).collect();
            let elem = sparse.values.as_ref().map_or(0, |values| values.data_type);
            Info { elem, dims, ..Info::default() }
        }
        _ => return Err(super::op::Stop::Unknown),
    };
    Ok(vec![info])
}

/// ConstantOfShape: the shape is the input, the type that of the value.
pub(super) fn constant_of_shape<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let value = op.node.tensor("value").ok().flatten();
    let elem = value.map_or(FLOAT, |value| value.data_type);
    let dims = if let Ok(ints) = op.ints(0) {
        ints.iter().map(|int| int.dim().unwrap_or_else(|| op.symbols.fresh())).collect()
    } else if let Ok([Dim::Known(rank)]) = op.dims(0)
        && *rank <= N_INTS_MAX
    {
        (0..*rank).map(|_| op.symbols.fresh()).collect()
    } else {
        return Ok(vec![Info::of_type(elem)]);
    };
    Ok(vec![Info::new(elem, dims)])
}

/// Range: as many numbers as steps fit between start and limit.
pub(super) fn range<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let number = |index: usize| op.ints(index).ok().and_then(|ints| ints.first().copied());
    let n = match (number(0), number(1), number(2)) {
        (Some(Num::Known(start)), Some(Num::Known(limit)), Some(Num::Known(delta))) => {
            range_length(start, limit, delta)
        }
        (Some(start), Some(limit), Some(Num::Known(1))) => op.symbols.minus(limit, start).dim(),
        _ => None,
    };
    let n = n.unwrap_or_else(|| op.symbols.fresh());
    Ok(vec![Info::new(elem, vec![n])])
}

fn range_length(start: i64, limit: i64, delta: i64) -> Option<Dim> {
    let (distance, step) = if delta < 0 {
        (start.checked_sub(limit)?, delta.unsigned_abs())
    } else {
        (limit.checked_sub(start)?, delta.unsigned_abs())
    };
    let distance = u64::try_from(distance.max(0)).ok()?;
    let length = distance.checked_add(step)?.checked_sub(1)?.checked_div(step)?;
    usize::try_from(length).ok().map(Dim::Known)
}

/// Operators that take their shape from the attribute `shape`.
pub(super) fn random<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = i32::try_from(op.int("dtype", FLOAT.into())?).unwrap_or(0);
    let dims = op.attr_ints("shape")?.iter().map(|&dim| Num::Known(dim).dim());
    Ok(vec![Info { elem, dims: dims.collect(), ..Info::default() }])
}

/// Multinomial: so many samples a row.
pub(super) fn multinomial<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = i32::try_from(op.int("dtype", 6)?).unwrap_or(0);
    let &[rows, _] = op.dims(0)? else { return Err(op.misfit(0, "a matrix")) };
    let samples = Num::Known(op.int("sample_size", 1)?).dim().needed()?;
    Ok(vec![Info::new(elem, vec![rows, samples])])
}
