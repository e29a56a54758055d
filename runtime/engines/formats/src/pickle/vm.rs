//! The stack machine that a pickle is a program for, with data in place of everything it would do.
//!
//! Where Python would import, this notes a name; where Python would call, this notes what would be
//! called with what. Memory follows the bytes that are there: an instruction makes at most one value.

use std::collections::HashMap;
use std::rc::Rc;

use super::memo::Memo;
use super::opcode as op;
use crate::error::{FormatError, Place};
use crate::joblib;
use crate::numpy::DType;
use crate::object::store::Store;
use crate::object::value::{Made, Object, Value, ValueId};

/// The state of one pickle; one inside another has its own.
#[derive(Debug, Default)]
pub(super) struct Frame {
    stack: Vec<ValueId>,
    marks: Vec<usize>,
    memo: Memo,
}

/// A pickle being read.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) store: Store,
    /// Types of arrays that were read already; many arrays share one.
    pub(crate) dtypes: HashMap<ValueId, Rc<DType>>,
    /// The next byte.
    pub(super) at: usize,
    ops: u64,
}

impl Machine {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, dtypes: HashMap::new(), at: 0, ops: 0 }
    }

    /// The byte after those that were read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Runs one pickle to its end and gives what it leaves.
    ///
    /// `depth` counts the pickles around this one.
    pub(crate) fn run(&mut self, depth: usize) -> Result<ValueId, FormatError> {
        let nested_max = self.store.limits.nested_pickles_max;
        FormatError::check_limit(self.here(), "pickles inside pickles", nested_max, depth)?;
        let mut frame = Frame::default();
        loop {
            self.ops = self.ops.saturating_add(1);
            let ops_max = self.store.limits.pickle_ops_max;
            if self.ops > ops_max {
                FormatError::check_limit(self.here(), "instructions", ops_max, self.ops)?;
            }
            let code = self.byte()?;
            if code == op::STOP {
                let result = self.pop(&mut frame)?;
                if !frame.stack.is_empty() || !frame.marks.is_empty() {
                    return Err(self.damaged("an empty stack at the end of the pickle", "more"));
                }
                return Ok(result);
            }
            self.step(&mut frame, code, depth)?;
        }
    }

    fn step(&mut self, frame: &mut Frame, code: u8, depth: usize) -> Result<(), FormatError> {
        match code {
            op::PROTO => self.protocol()?,
            op::FRAME => self.skip(8)?,
            op::READONLY_BUFFER => {}
            op::MARK => frame.marks.push(frame.stack.len()),
            op::POP if frame.marks.last() == Some(&frame.stack.len()) => {
                frame.marks.pop();
            }
            op::POP => {
                self.pop(frame)?;
            }
            op::POP_MARK => {
                let start = self.pop_mark(frame)?;
                frame.stack.truncate(start);
            }
            op::DUP => {
                let top = self.top(frame)?;
                frame.stack.push(top);
            }
            op::PUT | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => self.remember(frame, code)?,
            op::GET | op::BINGET | op::LONG_BINGET => self.recall(frame, code)?,
            op::APPEND | op::APPENDS | op::ADDITEMS => self.append(frame, code)?,
            op::SETITEM | op::SETITEMS => self.set_items(frame, code)?,
            op::BUILD => self.build(frame, depth)?,
            op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                let count = usize::from(code.wrapping_sub(op::TUPLE1)).saturating_add(1);
                let items = self.pop_many(frame, count)?;
                frame.stack.push(self.store.tuple(items)?);
            }
            op::TUPLE | op::LIST | op::DICT | op::FROZENSET => self.collect(frame, code)?,
            op::REDUCE | op::NEWOBJ | op::NEWOBJ_EX | op::INST | op::OBJ => {
                self.make(frame, code)?;
            }
            op::STACK_GLOBAL => self.stack_global(frame)?,
            _ => {
                let value = self.literal(code)?;
                frame.stack.push(value);
            }
        }
        Ok(())
    }

    fn protocol(&mut self) -> Result<(), FormatError> {
        let protocol = self.byte()?;
        if protocol > op::PROTOCOL_MAX {
            let what = format!("pickle protocol {protocol}");
            return Err(FormatError::unsupported(self.here(), what, "save it with protocol 5"));
        }
        Ok(())
    }

    fn remember(&mut self, frame: &mut Frame, code: u8) -> Result<(), FormatError> {
        let key = match code {
            op::PUT => self.line_number()?,
            op::BINPUT => u64::from(self.byte()?),
            op::LONG_BINPUT => u64::from(self.u32()?),
            _ => u64::try_from(frame.memo.len()).unwrap_or(u64::MAX),
        };
        let top = self.top(frame)?;
        let memo_max = self.store.limits.memo_entries_max;
        if frame.memo.len() >= memo_max {
            let got = frame.memo.len().saturating_add(1);
            FormatError::check_limit(self.here(), "memo entries", memo_max, got)?;
        }
        frame.memo.put(key, top);
        Ok(())
    }

    fn recall(&mut self, frame: &mut Frame, code: u8) -> Result<(), FormatError> {
        let key = match code {
            op::GET => self.line_number()?,
            op::BINGET => u64::from(self.byte()?),
            _ => u64::from(self.u32()?),
        };
        let Some(value) = frame.memo.get(key) else {
            return Err(self.damaged("a number of the memo", format_args!("`{key}`")));
        };
        frame.stack.push(value);
        Ok(())
    }

    fn append(&mut self, frame: &mut Frame, code: u8) -> Result<(), FormatError> {
        let start = if code == op::APPEND {
            frame.stack.len().saturating_sub(1).max(fence(frame))
        } else {
            self.pop_mark(frame)?
        };
        let items = frame.stack.split_off(start.min(frame.stack.len()));
        let target = self.top(frame)?;
        let place = self.here();
        match self.store.get_mut(target) {
            Some(Value::List(list) | Value::Set(list)) => list.extend(items),
            Some(Value::Object(object)) => object.items.extend(items),
            _ => return Err(FormatError::damaged(place, "a list or set to add to", "another")),
        }
        Ok(())
    }

    fn set_items(&mut self, frame: &mut Frame, code: u8) -> Result<(), FormatError> {
        let items = if code == op::SETITEM {
            self.pop_many(frame, 2)?
        } else {
            let start = self.pop_mark(frame)?;
            frame.stack.split_off(start)
        };
        let pairs = self.pairs(&items)?;
        let target = self.top(frame)?;
        let place = self.here();
        match self.store.get_mut(target) {
            Some(Value::Dict(dict)) => dict.extend(pairs),
            Some(Value::Object(object)) => object.pairs.extend(pairs),
            _ => return Err(FormatError::damaged(place, "a dict to set in", "another")),
        }
        Ok(())
    }

    fn pairs(&self, items: &[ValueId]) -> Result<Vec<(ValueId, ValueId)>, FormatError> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.damaged("a value for every key", "an odd number of items"));
        }
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    }

    fn collect(&mut self, frame: &mut Frame, code: u8) -> Result<(), FormatError> {
        let start = self.pop_mark(frame)?;
        let items = frame.stack.split_off(start);
        let id = match code {
            op::TUPLE => self.store.tuple(items)?,
            op::LIST => self.store.push(Value::List(items))?,
            op::FROZENSET => self.store.push(Value::Set(items))?,
            _ => {
                let pairs = self.pairs(&items)?;
                self.store.push(Value::Dict(pairs))?
            }
        };
        frame.stack.push(id);
        Ok(())
    }

    fn make(&mut self, frame: &mut Frame, code: u8) -> Result<(), FormatError> {
        let (callee, args, kwargs) = match code {
            op::REDUCE | op::NEWOBJ => {
                let args = self.pop(frame)?;
                (self.pop(frame)?, args, None)
            }
            op::NEWOBJ_EX => {
                let kwargs = self.pop(frame)?;
                let args = self.pop(frame)?;
                (self.pop(frame)?, args, Some(kwargs))
            }
            op::INST => {
                let offset = self.at;
                let module = self.line_text()?;
                let name = self.line_text()?;
                let callee = self.store.global(&module, &name, offset)?;
                let start = self.pop_mark(frame)?;
                let args = frame.stack.split_off(start);
                (callee, self.store.tuple(args)?, None)
            }
            _ => {
                let start = self.pop_mark(frame)?;
                let mut items = frame.stack.split_off(start).into_iter();
                let Some(callee) = items.next() else {
                    return Err(self.damaged("a class to make an object of", "nothing"));
                };
                (callee, self.store.tuple(items.collect())?, None)
            }
        };
        if !matches!(self.store.get(args), Value::Tuple(_)) {
            return Err(self.damaged("arguments in a tuple", "another value"));
        }
        let made = if code == op::REDUCE { Made::Call } else { Made::New };
        let object = Object {
            callee,
            made,
            args,
            kwargs,
            state: None,
            items: Vec::new(),
            pairs: Vec::new(),
            array: None,
        };
        let id = self.store.push(Value::Object(Box::new(object)))?;
        frame.stack.push(id);
        Ok(())
    }

    fn stack_global(&mut self, frame: &mut Frame) -> Result<(), FormatError> {
        let offset = self.at.saturating_sub(1);
        let name = self.pop(frame)?;
        let module = self.pop(frame)?;
        let text = |id| self.store.text(id).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let (Some(module), Some(name)) = (text(module), text(name)) else {
            return Err(self.damaged("a module and a name, both text", "another value"));
        };
        let (module, name) = (self.name(module)?, self.name(name)?);
        let id = self.store.global(&module, &name, offset)?;
        frame.stack.push(id);
        Ok(())
    }

    fn build(&mut self, frame: &mut Frame, depth: usize) -> Result<(), FormatError> {
        let state = self.pop(frame)?;
        let target = self.top(frame)?;
        let here = self.here();
        let Some(Value::Object(object)) = self.store.get_mut(target) else {
            return Err(FormatError::damaged(here, "an object to give a state", "another value"));
        };
        if object.state.replace(state).is_some() {
            return Err(FormatError::damaged(here, "one state for an object", "a second one"));
        }
        joblib::read_wrapped(self, target, depth)
    }

    pub(super) fn pop(&self, frame: &mut Frame) -> Result<ValueId, FormatError> {
        let above = frame.stack.len() > fence(frame);
        above
            .then(|| frame.stack.pop())
            .flatten()
            .ok_or_else(|| self.damaged("a value on the stack", "none"))
    }

    fn pop_many(&self, frame: &mut Frame, count: usize) -> Result<Vec<ValueId>, FormatError> {
        let start = frame.stack.len().checked_sub(count).filter(|start| *start >= fence(frame));
        let Some(start) = start else {
            return Err(self.damaged(format_args!("{count} values on the stack"), "fewer"));
        };
        Ok(frame.stack.split_off(start))
    }

    /// Takes the last mark away and says where on the stack it was.
    fn pop_mark(&self, frame: &mut Frame) -> Result<usize, FormatError> {
        frame.marks.pop().ok_or_else(|| self.damaged("a mark on the stack", "none"))
    }

    fn top(&self, frame: &Frame) -> Result<ValueId, FormatError> {
        let above = frame.stack.len() > fence(frame);
        let top = frame.stack.last().copied().filter(|_| above);
        top.ok_or_else(|| self.damaged("a value on the stack", "none"))
    }

    pub(crate) fn here(&self) -> Place {
        Place::Byte(u64::try_from(self.at).unwrap_or(u64::MAX))
    }

    pub(crate) fn damaged(
        &self,
        expected: impl std::fmt::Display,
        got: impl std::fmt::Display,
    ) -> FormatError {
        FormatError::damaged(self.here(), expected, got)
    }
}

/// Below this height the values belong to an open mark.
fn fence(frame: &Frame) -> usize {
    frame.marks.last().copied().unwrap_or(0)
}
