//! `.npy` files.
//!
//! Source: the format as `numpy/lib/format.py` of numpy 2.4 documents it, versions 1 to 3.

use std::rc::Rc;

use super::dtype::{DType, Field, Kind};
use super::layout::Layout;
use super::pickled::check_fields;
use crate::error::{FormatError, Place};
use crate::limits::Limits;
use crate::object::value::{ArrayValue, Blob};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The array in `bytes[start..end]`.
///
/// # Errors
/// If it is no array of plain elements that are all there.
pub(crate) fn read_npy(
    bytes: &[u8],
    range: std::ops::Range<usize>,
    limits: &Limits,
) -> Result<ArrayValue, FormatError> {
    let file = bytes.get(range.clone()).unwrap_or(&[]);
    let damaged = |expected: &str| FormatError::damaged(Place::File, expected, "another");
    let (version, rest) = file
        .strip_prefix(MAGIC)
        .and_then(|rest| rest.split_first_chunk::<2>())
        .ok_or_else(|| damaged("the head of a `.npy` file"))?;
    let header = match version {
        [1, _] => rest
            .split_first_chunk()
            .map(|(len, rest)| (usize::from(u16::from_le_bytes(*len)), rest)),
        [2 | 3, _] => rest.split_first_chunk().map(|(len, rest)| {
            (usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX), rest)
        }),
        _ => return Err(damaged("version 1 to 3 of the `.npy` format")),
    };
    let (text, data) = header
        .and_then(|(len, rest)| rest.split_at_checked(len))
        .ok_or_else(|| damaged("a whole `.npy` header"))?;
    let text = std::str::from_utf8(text).map_err(|_| damaged("a `.npy` header in text"))?;
    let mut header = Header { rest: text, fields_left: limits.record_fields_max };
    let (dtype, fortran, shape) = header.read().ok_or_else(|| damaged("a `.npy` header"))?;
    if dtype.has_objects() {
        let what = "a `.npy` file that holds a pickle";
        return Err(FormatError::unsupported(Place::File, what, ""));
    }
    check_fields(&dtype)?;
    FormatError::check_limit(Place::File, "axes", limits.rank_max, shape.len())?;
    let layout = Layout::new(&shape, dtype.size, fortran)?;
    if data.len() != layout.span() {
        let expected = format!("{} bytes of the array", layout.span());
        return Err(FormatError::damaged(Place::File, expected, data.len()));
    }
    let data = Blob::Span { start: range.end.saturating_sub(data.len()), len: data.len() };
    Ok(ArrayValue::Plain { dtype: Rc::new(dtype), shape: shape.into_boxed_slice(), fortran, data })
}

/// The Python literal that heads the file: a dict of `descr`, `fortran_order` and `shape`.
struct Header<'a> {
    rest: &'a str,
    fields_left: usize,
}

impl Header<'_> {
    fn read(&mut self) -> Option<(DType, bool, Vec<usize>)> {
        let (mut dtype, mut fortran, mut shape) = (None, None, None);
        self.eat("{")?;
        while self.eat("}").is_none() {
            let key = self.quoted()?;
            self.eat(":")?;
            match key.as_str() {
                "descr" => dtype = Some(self.descr()?),
                "fortran_order" => fortran = Some(self.truth()?),
                "shape" => shape = Some(self.shape()?),
                _ => return None,
            }
            self.eat(",");
        }
        self.rest.trim().is_empty().then_some((dtype?, fortran?, shape?))
    }

    fn eat(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn truth(&mut self) -> Option<bool> {
        if self.eat("True").is_some() {
            return Some(true);
        }
        self.eat("False").map(|()| false)
    }

    fn quoted(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        let quote = rest.chars().next().filter(|letter| matches!(letter, '\'' | '"'))?;
        let (text, rest) = rest.strip_prefix(quote)?.split_once(quote)?;
        self.rest = rest;
        (!text.contains('\\')).then(|| text.to_owned())
    }

    fn shape(&mut self) -> Option<Vec<usize>> {
        let mut shape = Vec::new();
        self.eat("(")?;
        while self.eat(")").is_none() {
            let rest = self.rest.trim_start();
            let len = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = rest.split_at_checked(len)?;
            shape.push(digits.parse().ok()?);
            self.rest = rest;
            self.eat(",");
        }
        Some(shape)
    }

    /// A code, or a list of names and codes.
    fn descr(&mut self) -> Option<DType> {
        if self.eat("[").is_none() {
            return DType::parse(&self.quoted()?);
        }
        let mut record = DType::plain(Kind::Record, 0, false);
        while self.eat("]").is_none() {
            self.fields_left = self.fields_left.checked_sub(1)?;
            self.eat("(")?;
            let name = self.quoted()?;
            self.eat(",")?;
            let dtype = DType::parse(&self.quoted()?)?;
            self.eat(",");
            self.eat(")")?;
            self.eat(",");
            let offset = record.size;
            record.size = record.size.checked_add(dtype.size)?;
            // Padding has no name.
            if !name.is_empty() {
                record.fields.push(Field { name, offset, dtype });
            }
        }
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(data);
        file
    }

    fn read(file: &[u8]) -> Result<ArrayValue, FormatError> {
        read_npy(file, 0..file.len(), &Limits::default())
    }

    #[test]
    fn headers_give_type_order_and_shape() {
        let file = npy("{'descr': '>f4', 'fortran_order': True, 'shape': (1, 2), }  \n", &[0; 8]);
        let ArrayValue::Plain { dtype, shape, fortran, data } = read(&file).unwrap() else {
            panic!("an array of numbers")
        };
        assert_eq!((*dtype).clone(), DType::plain(Kind::Float, 4, true));
        assert_eq!((shape.as_ref(), fortran, data.of(&file).len()), (&[1, 2][..], true, 8));
    }

    #[test]
    fn records_count_padding_that_has_no_name() {
        let header = "{'descr': [('a', '<i8'), ('b', '|u1'), ('', '|V7')], \
                      'fortran_order': False, 'shape': (2,), }";
        let file = npy(header, &[0; 32]);
        let ArrayValue::Plain { dtype, .. } = read(&file).unwrap() else { panic!("records") };
        assert_eq!((dtype.kind, dtype.size, dtype.fields.len()), (Kind::Record, 16, 2));
        assert_eq!(dtype.field("b").unwrap().offset, 8);
    }

    #[test]
    fn broken_files_are_refused() {
        let good = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}";
        assert!(read(&npy(good, &[0; 8])).is_ok());
        let broken = [
            npy(good, &[0; 7]),
            npy(good, &[0; 9]),
            npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", &[0; 8]),
            npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", &[]),
            npy("{'descr': '<f8', 'fortran_order': False}", &[]),
            npy("{'descr': __import__('os'), 'fortran_order': False, 'shape': ()}", &[]),
            npy("{'shape': (1 << 40,)", &[]),
            b"\x93NUMPY\x09\x00".to_vec(),
            b"\x93NUM".to_vec(),
        ];
        for file in broken {
            assert!(read(&file).is_err(), "{:?}", String::from_utf8_lossy(&file));
        }
    }
}
