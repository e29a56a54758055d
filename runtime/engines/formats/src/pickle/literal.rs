//! Instructions that push what stands beside them: numbers, texts, empty containers and names.

use super::opcode as op;
use super::text::{self, Number};
use super::vm::Machine;
use crate::error::FormatError;
use crate::object::store::Store;
use crate::object::value::{Blob, Value, ValueId};

impl Machine {
    /// The value that an instruction pushes.
    pub(super) fn literal(&mut self, code: u8) -> Result<ValueId, FormatError> {
        match code {
            op::NONE => Ok(ValueId::NONE),
            op::NEWTRUE => Ok(ValueId::TRUE),
            op::NEWFALSE => Ok(ValueId::FALSE),
            op::EMPTY_TUPLE => Ok(ValueId::EMPTY_TUPLE),
            op::EMPTY_LIST => self.store.push(Value::List(Vec::new())),
            op::EMPTY_DICT => self.store.push(Value::Dict(Vec::new())),
            op::EMPTY_SET => self.store.push(Value::Set(Vec::new())),
            op::BININT1 => {
                let number = self.byte()?;
                self.store.int(i64::from(number))
            }
            op::BININT2 => {
                let [low, high] = self.array::<2>()?;
                self.store.int(i64::from(u16::from_le_bytes([low, high])))
            }
            op::BININT => {
                let number = i32::from_le_bytes(self.array()?);
                self.store.int(i64::from(number))
            }
            op::LONG1 | op::LONG4 => self.long(code),
            op::INT | op::LONG => self.whole(),
            op::FLOAT => {
                let (start, len) = self.line()?;
                let number = text::float(self.span(start, len));
                let number = number.ok_or_else(|| self.damaged("a number", "another text"))?;
                self.store.push(Value::Float(number))
            }
            op::BINFLOAT => {
                let number = f64::from_be_bytes(self.array()?);
                self.store.push(Value::Float(number))
            }
            op::GLOBAL => {
                let offset = self.at.saturating_sub(1);
                let module = self.line_text()?;
                let name = self.line_text()?;
                self.store.global(&module, &name, offset)
            }
            _ => self.string(code),
        }
    }

    fn string(&mut self, code: u8) -> Result<ValueId, FormatError> {
        let value = match code {
            op::SHORT_BINUNICODE | op::BINUNICODE | op::BINUNICODE8 => {
                Value::Str(self.counted(code)?)
            }
            op::SHORT_BINSTRING | op::BINSTRING => Value::OldStr(self.counted(code)?),
            op::SHORT_BINBYTES | op::BINBYTES | op::BINBYTES8 | op::BYTEARRAY8 => {
                Value::Bytes(self.counted(code)?)
            }
            op::STRING => self.quoted()?,
            op::UNICODE => self.escaped()?,
            op::PERSID => return Err(self.refused("objects elsewhere (PERSID)")),
            op::BINPERSID => return Err(self.refused("objects elsewhere (BINPERSID)")),
            op::EXT1 => return Err(self.refused("registered classes (EXT1)")),
            op::EXT2 => return Err(self.refused("registered classes (EXT2)")),
            op::EXT4 => return Err(self.refused("registered classes (EXT4)")),
            op::NEXT_BUFFER => return Err(self.refused("buffers elsewhere (NEXT_BUFFER)")),
            _ => {
                self.at = self.at.saturating_sub(1);
                return Err(
                    self.damaged("an instruction of a pickle", format_args!("byte 0x{code:02x}"))
                );
            }
        };
        self.store.push(value)
    }

    fn refused(&self, what: &str) -> FormatError {
        let what = format!("a pickle that points to {what}");
        FormatError::unsupported(
            self.here(),
            what,
            "save the model with joblib.dump or pickle.dump",
        )
    }

    /// A string that is preceded by its length.
    fn counted(&mut self, code: u8) -> Result<Blob, FormatError> {
        let len = match code {
            op::SHORT_BINUNICODE | op::SHORT_BINSTRING | op::SHORT_BINBYTES => {
                u64::from(self.byte()?)
            }
            op::BINUNICODE | op::BINSTRING | op::BINBYTES => u64::from(self.u32()?),
            _ => u64::from_le_bytes(self.array()?),
        };
        let is_text =
            matches!(code, op::SHORT_BINUNICODE | op::BINUNICODE | op::BINUNICODE8 | op::STRING);
        if is_text {
            let most = self.store.limits.string_bytes_max;
            FormatError::check_limit(self.here(), "bytes of a text", most, len)?;
        }
        let start = self.at;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        self.skip(len)?;
        Ok(Blob::Span { start, len })
    }

    fn long(&mut self, code: u8) -> Result<ValueId, FormatError> {
        let len = if code == op::LONG1 {
            usize::from(self.byte()?)
        } else {
            usize::try_from(self.u32()?).unwrap_or(usize::MAX)
        };
        let start = self.at;
        self.skip(len)?;
        let bytes = self.span(start, len);
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut wide = [if negative { 0xff } else { 0 }; 8];
        let Some(low) = wide.get_mut(..len) else {
            return self.store.push(Value::BigInt);
        };
        low.copy_from_slice(bytes);
        self.store.int(i64::from_le_bytes(wide))
    }

    fn whole(&mut self) -> Result<ValueId, FormatError> {
        let (start, len) = self.line()?;
        match text::whole(self.span(start, len)) {
            Some(Number::Bool(truth)) => Ok(Store::bool(truth)),
            Some(Number::Int(number)) => self.store.int(number),
            Some(Number::Big) => self.store.push(Value::BigInt),
            None => Err(self.damaged("a whole number", "another text")),
        }
    }

    fn quoted(&mut self) -> Result<Value, FormatError> {
        let (start, len) = self.line()?;
        let bytes = text::unquote(self.span(start, len)).and_then(text::unescape);
        let bytes = bytes.ok_or_else(|| self.damaged("a quoted string", "another text"))?;
        Ok(Value::OldStr(Blob::Owned(bytes.into_boxed_slice())))
    }

    fn escaped(&mut self) -> Result<Value, FormatError> {
        let (start, len) = self.line()?;
        let most = self.store.limits.string_bytes_max;
        FormatError::check_limit(self.here(), "bytes of a text", most, len)?;
        let text = text::unescape_unicode(self.span(start, len));
        let text = text.ok_or_else(|| self.damaged("text with whole escapes", "half of one"))?;
        Ok(Value::Str(Blob::Owned(text.into_bytes().into_boxed_slice())))
    }
}
