//! Recurrent layers and attention.

use super::dim::{Dim, Num};
use super::elementwise::Outputs;
use super::op::{Info, Needed, Op};

pub(super) fn recurrent<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    op.check_recurrent()?;
    let is_batch_first = op.int("layout", 0)? != 0;
    let elem = op.elem(0);
    let &[mut length, mut batch, _] = op.dims(0)? else { return Err(op.misfit(0, "3 axes")) };
    if is_batch_first {
        std::mem::swap(&mut length, &mut batch);
    }
    let hidden = match Num::Known(op.int("hidden_size", 0)?).dim() {
        Some(Dim::Known(0)) | None => op.dims(2)?.get(2).copied().needed()?,
        Some(hidden) => hidden,
    };
    let is_bidirectional = op.string("direction")? == Some("bidirectional");
    let directions = Dim::Known(if is_bidirectional { 2 } else { 1 });
    let (all, last) = if is_batch_first {
        (vec![batch, length, directions, hidden], vec![batch, directions, hidden])
    } else {
        (vec![length, directions, batch, hidden], vec![directions, batch, hidden])
    };
    let last = Info::new(elem, last);
    Ok(vec![Info::new(elem, all), last.clone(), last])
}

/// Attention with heads as an axis of their own.
pub(super) fn attention<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    match (op.dims(0)?, op.dims(2)?) {
        (&[batch, heads, length, _], &[_, _, _, width]) => {
            Ok(vec![Info::new(op.elem(0), vec![batch, heads, length, width])])
        }
        (&[batch, length, _], &[_, _, _]) => {
            let width = op.fresh();
            Ok(vec![Info::new(op.elem(0), vec![batch, length, width])])
        }
        _ => Err(super::op::Stop::Unknown),
    }
}
