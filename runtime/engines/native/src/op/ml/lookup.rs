//! LabelEncoder and CategoryMapper of `ai.onnx.ml`: tables from keys to values.
//!
//! Two steps: a search that gives the position of each element's key, and a gather of the values at
//! the positions. Where a key is there more than once, the first entry counts in a LabelEncoder of
//! version 2 and later and the last one elsewhere, as in onnxruntime 1.32. A NaN key is equal to
//! NaN from version 4 on, and to nothing before.

use std::collections::HashMap;
use std::marker::PhantomData;

use radiant_core::{DType, Element, Error, Strings, Tensor, TensorData};

use crate::Unsupported;
use crate::registers::{Inputs, Slot};

use crate::op::{Built, NodeContext, Op, Outputs};

/// A number that can be a key.
pub(super) trait Key: Element {
    /// The same bits for equal keys; every NaN is the same key.
    fn bits(self) -> u64;
}

macro_rules! integer_keys {
    ($($integer:ty),*) => {$(
        impl Key for $integer {
            fn bits(self) -> u64 {
                i64::from(self).cast_unsigned()
            }
        }
    )*};
}

integer_keys!(i64, i32, i16);

impl Key for f64 {
    fn bits(self) -> u64 {
        // Zero has two signs.
        if self.is_nan() { Self::NAN.to_bits() } else { (self + 0.0).to_bits() }
    }
}

impl Key for f32 {
    fn bits(self) -> u64 {
        f64::from(self).bits()
    }
}

/// Positions of keys.
pub(super) struct Table<K> {
    positions: HashMap<K, i64>,
    /// The position of what is no key.
    n_keys: i64,
}

impl<K: Eq + std::hash::Hash> Table<K> {
    /// A table in which the last of equal keys counts.
    pub(super) fn new(keys: impl Iterator<Item = K>) -> Self {
        let mut n_keys = 0;
        let positions = keys.zip(0..).inspect(|_| n_keys += 1).collect();
        Self { positions, n_keys }
    }

    /// A table in which the first of equal keys counts; `None` is equal to nothing.
    fn first(keys: impl Iterator<Item = Option<K>>) -> Self {
        let mut table = Self { positions: HashMap::new(), n_keys: 0 };
        for key in keys {
            if let Some(key) = key {
                table.positions.entry(key).or_insert(table.n_keys);
            }
            table.n_keys += 1;
        }
        table
    }

    fn find<Q: Eq + std::hash::Hash + ?Sized>(&self, key: &Q) -> i64
    where
        K: std::borrow::Borrow<Q>,
    {
        self.positions.get(key).copied().unwrap_or(self.n_keys)
    }
}

/// Positions of numbers: i64 of the input's shape.
struct FindNumbers<T> {
    table: Table<u64>,
    elements: PhantomData<T>,
}

impl<T: Key> Op for FindNumbers<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<i64>(inputs.view(0)?.shape.dims())?;
        let keys = inputs.slice::<T>(0)?;
        out.extend(keys.iter().map(|key| self.table.find(&key.bits())));
        Ok(())
    }
}

/// Positions of texts: i64 of the input's shape.
struct FindTexts(Table<Box<[u8]>>);

impl Op for FindTexts {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let TensorData::Bytes(keys) = view.data else {
            return Err(Error::internal("step input 0: expected BYTES"));
        };
        let out = outputs.first().reset::<i64>(view.shape.dims())?;
        out.extend(keys.iter().map(|key| self.0.find(key)));
        Ok(())
    }
}

/// A search for numbers; `None` for types that are no keys.
pub(super) fn find_numbers(dtype: DType, table: Table<u64>) -> Option<Box<dyn Op>> {
    fn boxed<T: Key>(table: Table<u64>) -> Box<dyn Op> {
        Box::new(FindNumbers::<T> { table, elements: PhantomData })
    }
    Some(match dtype {
        DType::F32 => boxed::<f32>(table),
        DType::F64 => boxed::<f64>(table),
        DType::I64 => boxed::<i64>(table),
        DType::I32 => boxed::<i32>(table),
        DType::I16 => boxed::<i16>(table),
        _ => return None,
    })
}

/// A search for texts.
pub(super) fn find_texts(table: Table<Box<[u8]>>) -> Box<dyn Op> {
    Box::new(FindTexts(table))
}

/// The values at positions; the last one stands for what is no key.
struct Values<T>(Vec<T>);

impl<T: Element> Op for Values<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<T>(inputs.view(0)?.shape.dims())?;
        let value = |&at: &i64| self.0.get(usize::try_from(at).ok()?);
        out.extend(inputs.slice::<i64>(0)?.iter().filter_map(value));
        Ok(())
    }
}

/// The texts at positions; the last one stands for what is no key.
struct TextValues(Strings);

impl Op for TextValues {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset_strings(inputs.view(0)?.shape.dims())?;
        for &at in inputs.slice::<i64>(0)? {
            out.push(usize::try_from(at).ok().and_then(|at| self.0.get(at)).unwrap_or_default());
        }
        Ok(())
    }
}

/// The values of a table, with what stands for the others at the end.
fn values_op(values: TensorData) -> Option<Box<dyn Op>> {
    Some(match values {
        TensorData::F32(values) => Box::new(Values(values)),
        TensorData::F64(values) => Box::new(Values(values)),
        TensorData::I64(values) => Box::new(Values(values)),
        TensorData::I32(values) => Box::new(Values(values)),
        TensorData::I16(values) => Box::new(Values(values)),
        TensorData::Bytes(values) => Box::new(TextValues(values)),
        _ => return None,
    })
}

/// Keys as a table, and the step that searches it.
fn search(keys: &TensorData, opset: i64) -> Option<Box<dyn Op>> {
    fn numbers<T: Key>(keys: &[T], opset: i64) -> Option<Box<dyn Op>> {
        let is_nan = |bits: &u64| T::DTYPE.is_float() && *bits == f64::NAN.bits();
        let key = |key: &T| Some(key.bits()).filter(|bits| opset >= 4 || !is_nan(bits));
        find_numbers(T::DTYPE, Table::first(keys.iter().map(key)))
    }
    match keys {
        TensorData::F32(keys) => numbers(keys, opset),
        TensorData::F64(keys) => numbers(keys, opset),
        TensorData::I64(keys) => numbers(keys, opset),
        TensorData::I32(keys) => numbers(keys, opset),
        TensorData::I16(keys) => numbers(keys, opset),
        TensorData::Bytes(keys) => {
            Some(find_texts(Table::first(keys.iter().map(|key| Some(key.into())))))
        }
        _ => None,
    }
}

/// Puts a step that searches for the first input in front of the node.
pub(super) fn insert_search(
    context: &mut NodeContext<'_>,
    search: Box<dyn Op>,
) -> Result<(), Unsupported> {
    let Some(Some((slot, fact))) = context.inputs.first() else {
        return Err(context.refuse("there is no input 0"));
    };
    let (slot, fact) = (*slot, fact.with_dtype(DType::I64));
    let place = context.node.place().to_string();
    let register = context.compiler.step(search, place, vec![slot], 1);
    if let Some(input) = context.inputs.first_mut() {
        *input = Some((Slot::Register(register), fact));
    }
    Ok(())
}

/// A search step followed by the values at what it finds.
fn built(
    context: &mut NodeContext<'_>,
    search: Box<dyn Op>,
    values: TensorData,
) -> Result<Built, Unsupported> {
    let fact = context.fact(0)?.with_dtype(values.dtype());
    let what = format!("values of type {} are not supported", values.dtype());
    let values = values_op(values).ok_or_else(|| context.refuse(what))?;
    insert_search(context, search)?;
    Ok(Built::Step { op: values, reads: vec![0], facts: vec![fact] })
}

/// Keys or values of a LabelEncoder: the one of four attributes that there is.
fn column(context: &NodeContext<'_>, what: &str) -> Result<TensorData, Unsupported> {
    let node = context.node;
    let names = ["floats", "int64s", "strings", "tensor"].map(|kind| format!("{what}_{kind}"));
    let present: Vec<&String> =
        names.iter().filter(|name| node.attribute(name).is_some()).collect();
    let [name] = *present else {
        let what = format!("expected one attribute of {what}, got {}", present.len());
        return Err(context.refuse(what));
    };
    Ok(match name.strip_prefix(what) {
        Some("_floats") => TensorData::F32(node.floats(name)?.to_vec()),
        Some("_int64s") => TensorData::I64(node.ints(name)?.to_vec()),
        Some("_strings") => TensorData::Bytes(node.strings(name)?.into_iter().collect()),
        _ => match attribute_tensor(context, name)? {
            Some(tensor) => tensor.data,
            None => return Err(context.refuse(format!("attribute `{name}` has no tensor"))),
        },
    })
}

fn attribute_tensor(context: &NodeContext<'_>, name: &str) -> Result<Option<Tensor>, Unsupported> {
    let Some(tensor) = context.node.tensor(name)? else { return Ok(None) };
    // A tensor in an attribute was not checked when the model was read.
    Ok(Some(radiant_onnx::tensor(tensor)?))
}

/// Appends what stands for keys that are not in the table.
fn append_default(context: &NodeContext<'_>, values: &mut TensorData) -> Result<(), Unsupported> {
    let node = context.node;
    if let Some(default) = attribute_tensor(context, "default_tensor")? {
        let (expected, got) = (values.dtype(), default.dtype());
        let is_one = default.data.len() == 1 && append_first(&default.data, values);
        let what = format!("default_tensor: expected one {expected}, got {got} {}", default.shape);
        return if is_one { Ok(()) } else { Err(context.refuse(what)) };
    }
    match values {
        TensorData::F32(values) => values.push(node.float("default_float", -0.0)?),
        TensorData::I64(values) => values.push(node.int("default_int64", -1)?),
        TensorData::Bytes(values) => {
            values.push(node.string("default_string")?.unwrap_or("_Unused").as_bytes());
        }
        TensorData::F64(values) => values.push(-0.0),
        TensorData::I32(values) => values.push(-1),
        TensorData::I16(values) => values.push(-1),
        _ => {}
    }
    Ok(())
}

/// Appends the first element of `from` to `to`, if they are of one type.
fn append_first(from: &TensorData, to: &mut TensorData) -> bool {
    match (from, to) {
        (TensorData::F32(from), TensorData::F32(to)) => to.extend(from.first()),
        (TensorData::F64(from), TensorData::F64(to)) => to.extend(from.first()),
        (TensorData::I64(from), TensorData::I64(to)) => to.extend(from.first()),
        (TensorData::I32(from), TensorData::I32(to)) => to.extend(from.first()),
        (TensorData::I16(from), TensorData::I16(to)) => to.extend(from.first()),
        (TensorData::Bytes(from), TensorData::Bytes(to)) => {
            from.iter().take(1).for_each(|text| to.push(text));
        }
        _ => return false,
    }
    true
}

/// Builds a LabelEncoder: values of the input's shape.
pub(super) fn label_encoder(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    if context.opset < 2 {
        context.attributes(&["classes_strings", "default_int64", "default_string"])?;
        let classes: Vec<String> =
            context.node.strings("classes_strings")?.into_iter().map(str::to_owned).collect();
        let numbers: Vec<i64> = (0..).take(classes.len()).collect();
        return text_and_numbers(context, &classes, &numbers);
    }
    context.attributes(&[
        "default_float",
        "default_int64",
        "default_string",
        "default_tensor",
        "keys_floats",
        "keys_int64s",
        "keys_strings",
        "keys_tensor",
        "values_floats",
        "values_int64s",
        "values_strings",
        "values_tensor",
    ])?;
    let (keys, mut values) = (column(context, "keys")?, column(context, "values")?);
    if keys.len() != values.len() {
        let what = format!("expected {} values as keys, got {}", keys.len(), values.len());
        return Err(context.refuse(what));
    }
    context.expect_dtype(0, keys.dtype())?;
    append_default(context, &mut values)?;
    let what = format!("keys of type {} are not supported", keys.dtype());
    let search = search(&keys, context.opset).ok_or_else(|| context.refuse(what))?;
    built(context, search, values)
}

/// Builds a CategoryMapper: integers of texts, or texts of integers.
pub(super) fn category_mapper(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["cats_int64s", "cats_strings", "default_int64", "default_string"])?;
    let node = context.node;
    let texts: Vec<String> = node.strings("cats_strings")?.into_iter().map(str::to_owned).collect();
    let numbers = node.ints("cats_int64s")?.to_vec();
    if texts.len() != numbers.len() {
        let what = format!("expected {} integers as texts, got {}", texts.len(), numbers.len());
        return Err(context.refuse(what));
    }
    text_and_numbers(context, &texts, &numbers)
}

/// A table of texts and integers that is read in the direction of the input's type.
fn text_and_numbers(
    context: &mut NodeContext<'_>,
    texts: &[String],
    numbers: &[i64],
) -> Result<Built, Unsupported> {
    let node = context.node;
    if context.expect_dtypes(0, &[DType::Bytes, DType::I64])? == DType::Bytes {
        let keys = texts.iter().map(|text| text.as_bytes().into());
        let search = find_texts(Table::new(keys));
        let default = node.int("default_int64", -1)?;
        let values = numbers.iter().copied().chain([default]).collect();
        return built(context, search, TensorData::I64(values));
    }
    let table = Table::new(numbers.iter().map(|number| number.bits()));
    let search = find_numbers(DType::I64, table);
    let search = search.ok_or_else(|| context.refuse("integers are not supported"))?;
    let default = node.string("default_string")?.unwrap_or("_Unused");
    let values = texts.iter().map(String::as_str).chain([default]).collect();
    built(context, search, TensorData::Bytes(values))
}
