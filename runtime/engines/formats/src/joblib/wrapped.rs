//! Arrays that joblib writes behind the object that stands for them.

use std::rc::Rc;

use super::TOO_OLD;
use crate::error::FormatError;
use crate::numpy;
use crate::object::store::Store;
use crate::object::value::{ArrayValue, Blob, Value, ValueId};
use crate::pickle::Machine;

/// Reads the array that follows if the object that just got its state stands for one.
///
/// The array becomes part of that object, which other values may name already.
pub(crate) fn read_wrapped(
    machine: &mut Machine,
    id: ValueId,
    depth: usize,
) -> Result<(), FormatError> {
    let Some(class) = machine.store.class(id) else { return Ok(()) };
    let ours = class.module.contains("joblib.numpy_pickle");
    if ours && matches!(class.name, "NDArrayWrapper" | "ZNDArrayWrapper") {
        let what = "an array in a file beside, as joblib before 0.10 writes it,";
        return Err(FormatError::unsupported(machine.here(), what, TOO_OLD));
    }
    if !ours || class.name != "NumpyArrayWrapper" {
        return Ok(());
    }
    let array = read_array(machine, id, depth)?;
    if let Some(Value::Object(object)) = machine.store.get_mut(id) {
        object.array = Some(Box::new(array));
    }
    Ok(())
}

fn read_array(machine: &mut Machine, id: ValueId, depth: usize) -> Result<ArrayValue, FormatError> {
    let here = machine.here();
    let store = &machine.store;
    let [shape, order, dtype, alignment] =
        ["shape", "order", "dtype", "numpy_array_alignment_bytes"].map(|key| state(store, id, key));
    let (Some(shape), Some(order), Some(dtype_id)) = (shape, order, dtype) else {
        return Err(machine.damaged("an array with `shape`, `order` and `dtype`", "less"));
    };
    let fortran = match store.text(order) {
        Some(b"C") => false,
        Some(b"F") => true,
        _ => return Err(machine.damaged("an array order of `C` or `F`", "another")),
    };
    let subclass = state(store, id, "subclass").and_then(|class| store.global_name(class));
    if let Some(class) = subclass
        && !matches!(class.name, "ndarray" | "memmap" | "matrix")
    {
        return Err(machine.damaged("an array of numpy's own class", class));
    }
    let aligned = alignment.is_some_and(|bytes| !matches!(store.get(bytes), Value::None));
    let shape = numpy::shape_of(store, shape).map_err(|error| error.at(here.clone()))?;
    let dtype = element_type(machine, dtype_id)?;
    if dtype.has_objects() {
        // Objects are not written with their shape: the pickle has it.
        return machine.run(depth.saturating_add(1)).map(ArrayValue::Nested);
    }
    if aligned {
        let padding = usize::from(machine.byte()?);
        machine.skip(padding)?;
    }
    let layout = numpy::Layout::new(&shape, dtype.size, fortran).map_err(|error| error.at(here))?;
    let (start, len) = (machine.position(), layout.span());
    machine.skip(len)?;
    Ok(ArrayValue::Plain { dtype, shape, fortran, data: Blob::Span { start, len } })
}

/// An attribute of the object that stands for an array.
fn state(store: &Store, id: ValueId, key: &str) -> Option<ValueId> {
    let state = store.object(id)?.state?;
    let Value::Dict(pairs) = store.get(state) else { return None };
    let pair = pairs.iter().rfind(|(name, _)| store.text(*name) == Some(key.as_bytes()));
    pair.map(|(_, value)| *value)
}

fn element_type(machine: &mut Machine, id: ValueId) -> Result<Rc<numpy::DType>, FormatError> {
    if let Some(dtype) = machine.dtypes.get(&id) {
        return Ok(Rc::clone(dtype));
    }
    let dtype = numpy::dtype_of(&machine.store, id).map_err(|error| error.at(machine.here()))?;
    let dtype = Rc::new(dtype);
    machine.dtypes.insert(id, Rc::clone(&dtype));
    Ok(dtype)
}
