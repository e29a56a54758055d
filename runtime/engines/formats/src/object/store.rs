//! The arena while it is being filled, and what can be said of single values in it.

use std::collections::HashMap;

use super::class::ClassName;
use super::value::{Blob, Global, Made, Object, Value, ValueId};
use crate::error::{FormatError, Place};
use crate::limits::Limits;

/// Whole numbers of which one value each suffices.
const SHARED_INTS: usize = 256;

/// Values, the bytes that they point into, and the names of classes and functions.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) bytes: Vec<u8>,
    pub(crate) limits: Limits,
    values: Vec<Value>,
    globals: Vec<Global>,
    /// The value of each name in `globals`.
    named: Vec<ValueId>,
    by_name: HashMap<Box<str>, ValueId>,
    ints: Vec<ValueId>,
}

impl Store {
    /// An arena that holds the values everybody shares.
    pub(crate) fn new(bytes: Vec<u8>, limits: Limits) -> Self {
        let values =
            vec![Value::None, Value::Bool(true), Value::Bool(false), Value::Tuple(Box::new([]))];
        Self {
            bytes,
            limits,
            values,
            globals: Vec::new(),
            named: Vec::new(),
            by_name: HashMap::new(),
            ints: vec![ValueId::NONE; SHARED_INTS],
        }
    }

    pub(crate) fn push(&mut self, value: Value) -> Result<ValueId, FormatError> {
        let count = self.values.len();
        let limit = self.limits.values_max;
        let over = || FormatError::TooLarge {
            place: Place::File,
            unit: "values",
            limit: limit.try_into().unwrap_or(u64::MAX),
            got: count.try_into().unwrap_or(u64::MAX),
        };
        if count >= limit {
            return Err(over());
        }
        let id = ValueId::from_index(count).ok_or_else(over)?;
        self.values.push(value);
        Ok(id)
    }

    pub(crate) fn int(&mut self, number: i64) -> Result<ValueId, FormatError> {
        let slot = usize::try_from(number).ok().filter(|at| *at < self.ints.len());
        if let Some(id) = slot.and_then(|at| self.ints.get(at).copied())
            && id != ValueId::NONE
        {
            return Ok(id);
        }
        let id = self.push(Value::Int(number))?;
        if let Some(shared) = slot.and_then(|at| self.ints.get_mut(at)) {
            *shared = id;
        }
        Ok(id)
    }

    pub(crate) fn bool(truth: bool) -> ValueId {
        if truth { ValueId::TRUE } else { ValueId::FALSE }
    }

    pub(crate) fn tuple(&mut self, items: Vec<ValueId>) -> Result<ValueId, FormatError> {
        if items.is_empty() {
            return Ok(ValueId::EMPTY_TUPLE);
        }
        self.push(Value::Tuple(items.into_boxed_slice()))
    }

    /// The value that stands for a class or function.
    pub(crate) fn global(
        &mut self,
        module: &str,
        name: &str,
        offset: usize,
    ) -> Result<ValueId, FormatError> {
        let at = u64::try_from(offset).unwrap_or(u64::MAX);
        let key = format!("{module}\n{name}");
        if let Some(id) = self.by_name.get(key.as_str()) {
            return Ok(*id);
        }
        let number = u32::try_from(self.globals.len()).unwrap_or(u32::MAX);
        let id = self.push(Value::Global(number))?;
        self.globals.push(Global { module: module.into(), name: name.into(), offset: at });
        self.named.push(id);
        self.by_name.insert(key.into(), id);
        Ok(id)
    }

    pub(crate) fn get(&self, id: ValueId) -> &Value {
        self.values.get(id.index()).unwrap_or(&Value::None)
    }

    pub(crate) fn get_mut(&mut self, id: ValueId) -> Option<&mut Value> {
        // The shared values are in everybody's hands.
        if id <= ValueId::EMPTY_TUPLE { None } else { self.values.get_mut(id.index()) }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// The names of all classes and functions, with their values.
    pub(crate) fn named(&self) -> impl Iterator<Item = (ValueId, ClassName<'_>, u64)> {
        self.named
            .iter()
            .zip(&self.globals)
            .map(|(id, global)| (*id, ClassName::of(global), global.offset))
    }

    pub(crate) fn blob<'a>(&'a self, blob: &'a Blob) -> &'a [u8] {
        blob.of(&self.bytes)
    }

    /// The bytes of a text, as they lie in the file.
    pub(crate) fn text(&self, id: ValueId) -> Option<&[u8]> {
        match self.get(id) {
            Value::Str(blob) | Value::OldStr(blob) => Some(self.blob(blob)),
            _ => None,
        }
    }

    pub(crate) fn int_of(&self, id: ValueId) -> Option<i64> {
        match self.get(id) {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn object(&self, id: ValueId) -> Option<&Object> {
        match self.get(id) {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn sequence(&self, id: ValueId) -> Option<&[ValueId]> {
        match self.get(id) {
            Value::List(items) | Value::Set(items) => Some(items),
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The name that a bare class or function has.
    pub(crate) fn global_name(&self, id: ValueId) -> Option<ClassName<'_>> {
        match self.get(id) {
            Value::Global(number) => {
                let index = usize::try_from(*number).ok()?;
                self.globals.get(index).map(ClassName::of)
            }
            _ => None,
        }
    }

    /// What was called to make an object.
    pub(crate) fn callee(&self, id: ValueId) -> Option<ClassName<'_>> {
        self.global_name(self.object(id)?.callee)
    }

    /// The class of an object, seen through the functions that only make objects of a class.
    pub(crate) fn class(&self, id: ValueId) -> Option<ClassName<'_>> {
        let object = self.object(id)?;
        let callee = self.global_name(object.callee)?;
        let maker = match (callee.module, callee.name) {
            ("copyreg" | "copy_reg", "_reconstructor" | "__newobj__" | "__newobj_ex__") => true,
            (_, name) => name == "newObj" || name.starts_with("__pyx_unpickle_"),
        };
        if object.made == Made::Call && maker {
            let made = self.sequence(object.args).and_then(|args| args.first());
            return made.and_then(|class| self.global_name(*class)).or(Some(callee));
        }
        Some(callee)
    }

    /// What holds the attributes of an object: dicts, of which later ones count more.
    pub(crate) fn attribute_dicts(&self, object: &Object) -> [Option<ValueId>; 2] {
        let dict = |id: &ValueId| matches!(self.get(*id), Value::Dict(_)).then_some(*id);
        let Some(state) = object.state else { return [None, None] };
        match self.get(state) {
            Value::Dict(_) => [Some(state), None],
            Value::Tuple(parts) => match parts.as_ref() {
                [fields, slots] => [dict(fields), dict(slots)],
                _ => [None, None],
            },
            _ => [None, None],
        }
    }
}
