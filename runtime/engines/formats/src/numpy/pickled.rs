//! Arrays and types out of the objects that numpy pickles them as.
//!
//! Source: `arraydescr_reduce`, `array_reduce` and `gentype_reduce` of numpy 2.4's
//! `_core/src/multiarray`, `_core/numeric.py` (`_frombuffer`); numpy 1 writes the same with
//! `numpy.core` for `numpy._core`.

use std::borrow::Cow;
use std::rc::Rc;

use super::dtype::{DType, Field, Kind};
use super::layout::{Layout, RawArray};
use crate::error::{FormatError, Place};
use crate::object::store::Store;
use crate::object::value::{ArrayValue, Object, Value, ValueId};

/// How deep records may hold records.
const RECORD_DEPTH_MAX: usize = 8;

fn damaged(expected: &str, got: &str) -> FormatError {
    FormatError::damaged(Place::File, expected, got)
}

/// The type that a pickled `numpy.dtype` is.
pub(crate) fn dtype_of(store: &Store, id: ValueId) -> Result<DType, FormatError> {
    let mut fields_left = store.limits.record_fields_max;
    dtype_at(store, id, 0, &mut fields_left)
}

fn dtype_at(
    store: &Store,
    id: ValueId,
    depth: usize,
    fields_left: &mut usize,
) -> Result<DType, FormatError> {
    FormatError::check_limit(Place::File, "records inside records", RECORD_DEPTH_MAX, depth)?;
    let is_dtype = store.class(id).is_some_and(|class| {
        class.package() == "numpy" && (class.name == "dtype" || class.module == "numpy.dtypes")
    });
    let Some(object) = store.object(id).filter(|_| is_dtype) else {
        return Err(damaged("a numpy type", "another value"));
    };
    let code = store.sequence(object.args).and_then(|args| args.first());
    let code = code.and_then(|id| store.text(*id)).and_then(|text| std::str::from_utf8(text).ok());
    let Some(mut dtype) = code.and_then(DType::parse) else {
        let got = code.unwrap_or("another value").to_owned();
        return Err(damaged("the code of a numpy type", &format!("`{got}`")));
    };
    let Some(state) = object.state.and_then(|state| store.sequence(state)) else {
        return Ok(dtype);
    };
    let [_version, order, inner, names, fields, size, ..] = state else {
        return Err(damaged("the state of a numpy type", "fewer items"));
    };
    match store.text(*order) {
        Some(b">") => dtype.big_endian = true,
        Some(b"<" | b"=" | b"|") => dtype.big_endian = false,
        _ => return Err(damaged("the byte order of a numpy type", "another value")),
    }
    if let Some(size) = store.int_of(*size).and_then(|size| usize::try_from(size).ok()) {
        set_size(&mut dtype, size)?;
    }
    if !matches!(store.get(*inner), Value::None) {
        // An array in each element: its size is right, and nothing reads it.
        dtype.kind = Kind::Other('V');
    } else if !matches!(store.get(*names), Value::None) {
        dtype.kind = Kind::Record;
        dtype.fields = record(store, *names, *fields, depth, fields_left)?;
        check_fields(&dtype)?;
    }
    Ok(dtype)
}

/// Only texts, bytes and records have a size of their own choice.
fn set_size(dtype: &mut DType, size: usize) -> Result<(), FormatError> {
    let free = matches!(dtype.kind, Kind::Text | Kind::Bytes | Kind::Record | Kind::Other(_));
    let whole = dtype.kind != Kind::Text || size.is_multiple_of(4);
    if !whole || (!free && size != dtype.size) {
        return Err(damaged("an item size that fits the numpy type", "another"));
    }
    dtype.size = size;
    Ok(())
}

fn record(
    store: &Store,
    names: ValueId,
    fields: ValueId,
    depth: usize,
    fields_left: &mut usize,
) -> Result<Vec<Field>, FormatError> {
    let (Some(names), Value::Dict(entries)) = (store.sequence(names), store.get(fields)) else {
        return Err(damaged("names and fields of a record", "other values"));
    };
    let most = store.limits.record_fields_max;
    FormatError::check_limit(Place::File, "fields of a record", *fields_left, names.len())
        .and_then(|()| FormatError::check_limit(Place::File, "fields", most, entries.len()))?;
    *fields_left = fields_left.saturating_sub(names.len());
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let Some(name) = store.text(*name) else {
            return Err(damaged("a field's name", "another value"));
        };
        let entry = entries.iter().rfind(|(key, _)| store.text(*key) == Some(name));
        let parts = entry.and_then(|(_, value)| store.sequence(*value));
        let Some([dtype, offset, ..]) = parts else {
            return Err(damaged("a type and an offset for each field", "less"));
        };
        let offset = store.int_of(*offset).and_then(|offset| usize::try_from(offset).ok());
        let dtype = dtype_at(store, *dtype, depth.saturating_add(1), fields_left)?;
        found.push(Field {
            name: String::from_utf8_lossy(name).into_owned(),
            offset: offset.ok_or_else(|| damaged("a field's offset", "another value"))?,
            dtype,
        });
    }
    Ok(found)
}

/// Makes sure that every field lies in its record.
pub(super) fn check_fields(dtype: &DType) -> Result<(), FormatError> {
    let fits = |field: &Field| {
        field.offset.checked_add(field.dtype.size).is_some_and(|end| end <= dtype.size)
    };
    if dtype.fields.iter().all(fits) {
        return Ok(());
    }
    Err(damaged("fields inside their record", "one that reaches beyond"))
}

/// The axes that a tuple of whole numbers gives.
pub(crate) fn shape_of(store: &Store, id: ValueId) -> Result<Box<[usize]>, FormatError> {
    let one = [id];
    let axes = match store.get(id) {
        Value::Int(_) => Some(&one[..]),
        _ => store.sequence(id),
    };
    let Some(axes) = axes else { return Err(damaged("the shape of an array", "another value")) };
    FormatError::check_limit(Place::File, "axes", store.limits.rank_max, axes.len())?;
    let axis = |id: &ValueId| store.int_of(*id).and_then(|axis| usize::try_from(axis).ok());
    let shape: Option<Box<[usize]>> = axes.iter().map(axis).collect();
    shape.ok_or_else(|| damaged("a shape of whole numbers from 0", "another value"))
}

/// The array that a value is; `None` if it is none.
///
/// `dtype_of` gives types, which it may remember.
pub(crate) fn array_of<'g>(
    store: &'g Store,
    id: ValueId,
    dtype_of: &dyn Fn(ValueId) -> Result<Rc<DType>, FormatError>,
) -> Result<Option<RawArray<'g>>, FormatError> {
    let mut id = id;
    // Joblib puts a pickle in place of an array of objects, and that pickle holds the array.
    for _ in 0..=store.limits.nested_pickles_max {
        let array = match store.get(id) {
            Value::Array(array) => array,
            Value::Object(object) => match &object.array {
                Some(array) => array,
                None => return pickled(store, id, object, dtype_of),
            },
            _ => return Ok(None),
        };
        match array.as_ref() {
            ArrayValue::Nested(inner) => id = *inner,
            ArrayValue::Plain { dtype, shape, fortran, data } => {
                let layout = Layout::new(shape, dtype.size, *fortran);
                let bytes = Cow::Borrowed(store.blob(data));
                return RawArray::new(Rc::clone(dtype), layout?, bytes).map(Some);
            }
            ArrayValue::Objects { shape, items } => {
                let layout = Layout::new(shape, 1, false)?;
                return RawArray::objects(layout, items).map(Some);
            }
        }
    }
    Err(damaged("an array", "pickles inside pickles"))
}

fn pickled<'g>(
    store: &'g Store,
    id: ValueId,
    object: &'g Object,
    dtype_of: &dyn Fn(ValueId) -> Result<Rc<DType>, FormatError>,
) -> Result<Option<RawArray<'g>>, FormatError> {
    let Some(callee) = store.callee(id) else { return Ok(None) };
    let args = store.sequence(object.args).unwrap_or(&[]);
    if callee.is_numpy("multiarray", "_reconstruct") {
        return reconstructed(store, object, args, dtype_of).map(Some);
    }
    if callee.is_numpy("multiarray", "scalar") {
        let [dtype, data] = args else {
            return Err(damaged("a numpy scalar of a type and bytes", "others"));
        };
        let dtype = dtype_of(*dtype)?;
        if dtype.kind == Kind::Object {
            return Err(damaged("a numpy scalar of a plain type", "an object"));
        }
        let layout = Layout::new(&[], dtype.size, false)?;
        return RawArray::new(dtype, layout, bytes_of(store, *data)?).map(Some);
    }
    if callee.is_numpy("numeric", "_frombuffer") {
        return from_buffer(store, args, dtype_of).map(Some);
    }
    Ok(None)
}

fn reconstructed<'g>(
    store: &'g Store,
    object: &'g Object,
    args: &'g [ValueId],
    dtype_of: &dyn Fn(ValueId) -> Result<Rc<DType>, FormatError>,
) -> Result<RawArray<'g>, FormatError> {
    let class = args.first().and_then(|class| store.global_name(*class));
    let class = class.filter(|class| class.package() == "numpy");
    let Some(name @ ("ndarray" | "matrix" | "memmap")) = class.map(|class| class.name) else {
        return Err(damaged("an array of numpy's own class", "a subclass"));
    };
    let state = object.state.and_then(|state| store.sequence(state)).unwrap_or(&[]);
    let (5, [.., shape, dtype, fortran, data]) = (state.len(), state) else {
        return Err(damaged("the five parts of a numpy array", "others"));
    };
    let shape = shape_of(store, *shape)?;
    if name == "matrix" && shape.len() != 2 {
        return Err(damaged("a matrix with 2 axes", "others"));
    }
    let dtype = dtype_of(*dtype)?;
    let fortran = match store.get(*fortran) {
        Value::Bool(truth) => *truth,
        Value::Int(number) => *number != 0,
        _ => return Err(damaged("whether columns come first", "another value")),
    };
    if dtype.kind == Kind::Object {
        let Value::List(items) = store.get(*data) else {
            return Err(damaged("a list of the array's objects", "another value"));
        };
        return RawArray::objects(Layout::new(&shape, 1, fortran)?, items);
    }
    let layout = Layout::new(&shape, dtype.size, fortran)?;
    RawArray::new(dtype, layout, bytes_of(store, *data)?)
}

fn from_buffer<'g>(
    store: &'g Store,
    args: &'g [ValueId],
    dtype_of: &dyn Fn(ValueId) -> Result<Rc<DType>, FormatError>,
) -> Result<RawArray<'g>, FormatError> {
    let [data, dtype, shape, order, rest @ ..] = args else {
        return Err(damaged("bytes, type, shape and order of an array", "fewer"));
    };
    let shape = shape_of(store, *shape)?;
    let dtype = dtype_of(*dtype)?;
    let axis_order = rest.first().filter(|axes| !matches!(store.get(**axes), Value::None));
    let layout = match (store.text(*order), axis_order) {
        (Some(b"C" | b"A"), _) => Layout::new(&shape, dtype.size, false)?,
        (Some(b"F"), _) => Layout::new(&shape, dtype.size, true)?,
        (Some(b"K"), Some(axes)) => {
            Layout::new(&shape, dtype.size, false)?.transposed(&shape_of(store, *axes)?)?
        }
        _ => return Err(damaged("an array order of `C` or `F`", "another")),
    };
    RawArray::new(dtype, layout, bytes_of(store, *data)?)
}

/// The bytes that a value is, also where older protocols wrap them into text.
pub(crate) fn bytes_of(store: &Store, id: ValueId) -> Result<Cow<'_, [u8]>, FormatError> {
    if let Value::Bytes(blob) | Value::OldStr(blob) = store.get(id) {
        return Ok(Cow::Borrowed(store.blob(blob)));
    }
    let wrong = || damaged("bytes", "another value");
    let callee = store.callee(id).ok_or_else(wrong)?;
    let args = store.object(id).and_then(|object| store.sequence(object.args)).unwrap_or(&[]);
    let is_bytes = callee.is_builtin("bytes") || callee.is_builtin("bytearray");
    let is_encode = callee.module == "_codecs" && callee.name == "encode";
    match (args, is_bytes, is_encode) {
        ([], true, _) => Ok(Cow::Borrowed(&[])),
        ([data], true, _) => match store.get(*data) {
            Value::Bytes(blob) | Value::OldStr(blob) => Ok(Cow::Borrowed(store.blob(blob))),
            // bytearray(bytes) in protocol 2, where bytes are wrapped themselves: one level.
            _ if store.callee(*data).is_some_and(|inner| inner.name == "encode") => {
                bytes_of(store, *data)
            }
            _ => Err(wrong()),
        },
        ([text, encoding], ..) if is_bytes || is_encode => {
            let latin = matches!(
                store.text(*encoding),
                Some(b"latin1" | b"latin-1" | b"iso-8859-1" | b"ascii" | b"L1")
            );
            let text = store.text(*text).filter(|_| latin).ok_or_else(wrong)?;
            latin_bytes(text).map(Cow::Owned).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

/// The bytes whose Latin-1 text this is.
fn latin_bytes(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        bytes.push(u8::try_from(u32::from(letter)).ok()?);
    }
    Some(bytes)
}
