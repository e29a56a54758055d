//! Rows as histogram gradient boosting takes them: numbers, and codes of categories.

use std::collections::HashMap;

use radiant_core::{DType, Error};
use radiant_formats::Node;

use crate::sklearn::data::{Cell, Data, Table};
use crate::sklearn::estimator::{Wanted, Wants};
use crate::sklearn::intake::{Intake, Rows, numbers};
use crate::sklearn::source::{Read, Source, data};

/// How columns become those that the trees ask for.
#[derive(Debug)]
pub(super) struct Columns {
    intake: Intake,
    /// The codes that were seen of each column of the trees; `None` for numbers.
    // Invariant: one for each feature.
    known: Vec<Option<Known>>,
    /// Since 1.4, where there are categories.
    encoder: Option<Encoder>,
}

/// Codes below 256 that were seen in training.
#[derive(Debug)]
struct Known([bool; 256]);

/// Puts categories first, as codes.
#[derive(Debug)]
struct Encoder {
    /// The column of the rows that each column of the trees comes from, and its categories.
    columns: Vec<(usize, Option<Categories>)>,
    /// The names of the columns, where they are known.
    names: Vec<String>,
}

/// The codes of categories.
#[derive(Debug, Default)]
struct Categories {
    /// Numbers by their bits, without the sign of zero.
    numbers: HashMap<u64, f64>,
    texts: HashMap<Box<str>, f64>,
}

impl Columns {
    pub(super) fn read(source: &Source<'_>) -> Read<Self> {
        let n_features = source.node.attr_any(&["n_features_in_", "_n_features", "n_features_"])?;
        let n_features = n_features.index()?;
        let intake = Intake::new(source, Some(n_features)).with_any_number().with_texts();
        let Some(flags) = source.some("is_categorical_")? else {
            // A short file must not ask for more than it holds.
            let seen = Known::none(n_features, source)?;
            return Ok(Self { intake, known: seen, encoder: None });
        };
        let is_categorical = flags.array()?.to_bool()?;
        if is_categorical.len() != n_features {
            return Err(flags.expected(format_args!("{n_features} truth values")));
        }
        let encoder = match source.some("_preprocessor")? {
            Some(node) => Some(Encoder::read(source, node, &is_categorical)?),
            None => None,
        };
        let is_category = |column: usize| match &encoder {
            Some(encoder) => encoder.columns[column].1.is_some(),
            None => is_categorical[column],
        };
        let bins = source.attr("_bin_mapper")?.attr("bin_thresholds_")?;
        if bins.items()?.len() != n_features {
            return Err(bins.expected(format_args!("the bins of {n_features} features")));
        }
        let known = bins.items()?.enumerate().map(|(column, bins)| {
            if is_category(column) { Known::read(bins).map(Some) } else { Ok(None) }
        });
        let known = known.collect::<Read<_>>()?;
        Ok(Self { intake, known, encoder })
    }

    /// The number of columns that the trees ask for.
    pub(super) fn n_columns(&self) -> usize {
        self.known.len()
    }

    /// Whether a column that the trees ask for holds codes.
    pub(super) fn is_categorical(&self, column: u32) -> bool {
        self.known.get(column as usize).is_some_and(Option::is_some)
    }

    pub(super) fn wants(&self) -> Wants {
        match &self.encoder {
            Some(encoder) if !encoder.names.is_empty() => Wants::Frame(encoder.wanted()),
            _ => Wants::Matrix(self.intake.n_features),
        }
    }

    /// Rows for the trees: what is no known category is missing.
    ///
    /// # Errors
    /// The number of columns is another, or a value is no number where one is asked for.
    pub(super) fn rows<'t>(&self, x: &'t Table<'_>) -> Result<Rows<'t, f64>, Error> {
        let mut rows = match &self.encoder {
            None => self.intake.doubles(x)?,
            Some(encoder) => {
                self.intake.check_width(x.n_columns())?;
                let values = encoder.encode(x).map_err(|e| e.context(&self.intake.class))?;
                Rows { n_rows: x.n_rows(), n_columns: self.known.len(), values: values.into() }
            }
        };
        for (column, known) in self.known.iter().enumerate() {
            let Some(known) = known else { continue };
            for value in rows.values.to_mut().iter_mut().skip(column).step_by(self.known.len()) {
                *value = known.code(*value);
            }
        }
        Ok(rows)
    }
}

impl Known {
    /// No categories for so many columns.
    fn none(n_features: usize, source: &Source<'_>) -> Read<Vec<Option<Self>>> {
        let mapper = source.node.attr_any(&["_bin_mapper", "bin_mapper_"])?;
        let bins = mapper.attr_any(&["bin_thresholds_"])?;
        if bins.items()?.len() != n_features {
            return Err(bins.expected(format_args!("the bins of {n_features} features")));
        }
        Ok((0..n_features).map(|_| None).collect())
    }

    fn read(node: Node<'_>) -> Read<Self> {
        let mut known = [false; 256];
        for code in node.floats()?.0 {
            if !(0.0..256.0).contains(&code) {
                return Err(node.expected("codes from 0 to 255"));
            }
            known[usize::from(byte(code))] = true;
        }
        Ok(Self(known))
    }

    /// A known code as such; what is negative, missing or not known is missing.
    fn code(&self, value: f64) -> f64 {
        if value.is_nan() || value < 0.0 {
            return f64::NAN;
        }
        let byte = byte(value);
        if self.0[usize::from(byte)] { f64::from(byte) } else { f64::NAN }
    }
}

/// The low eight bits of a number without its fraction, as C converts to 32 bits and then to eight;
/// beyond 32 bits that gives zero.
fn byte(value: f64) -> u8 {
    if !(0.0..2_147_483_648.0).contains(&value) {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked, and the low bits are asked for"
    )]
    let byte = value as u32 as u8;
    byte
}

impl Encoder {
    fn read(source: &Source<'_>, node: Node<'_>, is_categorical: &[bool]) -> Read<Self> {
        let list = node.attr("transformers_")?;
        let [_, encoder, _] = list.item(0)?.tuple()?;
        if !encoder.is_a("sklearn", "OrdinalEncoder") {
            return Err(encoder.expected("an `OrdinalEncoder`"));
        }
        let lists = encoder.attr("categories_")?;
        let places = is_categorical.iter().enumerate();
        let coded: Vec<_> = places.clone().filter(|(_, is)| **is).map(|(at, _)| at).collect();
        if lists.items()?.len() != coded.len() {
            return Err(lists.expected(format_args!("categories of {} columns", coded.len())));
        }
        let coded = coded.into_iter().zip(lists.items()?);
        let coded = coded.map(|(at, list)| Ok((at, Some(Categories::read(list)?))));
        let plain = places.filter(|(_, is)| !**is).map(|(at, _)| Ok((at, None)));
        let columns = coded.chain(plain).collect::<Read<Vec<_>>>()?;
        let names = match source.some("feature_names_in_")? {
            Some(names) => names.items()?.map(|name| Ok(name.text()?.into_owned())).collect(),
            None => Ok(Vec::new()),
        };
        let names: Vec<String> = names?;
        if !names.is_empty() && names.len() != is_categorical.len() {
            return Err(source.attr("feature_names_in_")?.expected("a name for each feature"));
        }
        Ok(Self { columns, names })
    }

    fn wanted(&self) -> Vec<Wanted> {
        let is_text = |at: usize| {
            let found = self.columns.iter().find(|(column, _)| *column == at);
            found.and_then(|(_, c)| c.as_ref()).is_some_and(|c| !c.texts.is_empty())
        };
        let wanted = |(at, name): (usize, &String)| Wanted {
            name: name.clone(),
            dtype: is_text(at).then_some(DType::Bytes),
            at: None,
        };
        self.names.iter().enumerate().map(wanted).collect()
    }

    /// `[n_rows, n_columns]`
    fn encode(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let n_columns = self.columns.len();
        let mut values = vec![0.0; x.n_rows() * n_columns];
        for (to, (from, categories)) in self.columns.iter().enumerate() {
            let missing = || Error::internal("a table has fewer columns than it says");
            let column = x.column(*from).ok_or_else(missing)?;
            let slots = values.iter_mut().skip(to).step_by(n_columns);
            match categories {
                None => {
                    let numbers = numbers(&column)?;
                    slots.zip(numbers.iter()).for_each(|(slot, number)| *slot = *number);
                }
                Some(categories) => categories.encode(&column, slots),
            }
        }
        Ok(values)
    }
}

impl Categories {
    fn read(node: Node<'_>) -> Read<Self> {
        let labels = data(node)?;
        let mut categories = Self::default();
        for at in 0..labels.len() {
            let code = at as f64;
            match labels.cell(at) {
                Some(Cell::Text(text)) => {
                    categories.texts.entry(text).or_insert(code);
                }
                Some(cell) => {
                    // What is missing has no code.
                    if let Some(bits) = number(&cell).and_then(bits) {
                        categories.numbers.entry(bits).or_insert(code);
                    }
                }
                None => {}
            }
        }
        Ok(categories)
    }

    fn encode<'s>(&self, column: &Data<'_>, slots: impl Iterator<Item = &'s mut f64>) {
        let number = |value: f64| {
            bits(value).and_then(|bits| self.numbers.get(&bits)).copied().unwrap_or(f64::NAN)
        };
        if let Data::F64(values) = column {
            slots.zip(values.iter()).for_each(|(slot, value)| *slot = number(*value));
            return;
        }
        for (at, slot) in slots.enumerate() {
            *slot = match column.cell(at) {
                Some(Cell::Text(text)) => self.texts.get(&text).copied().unwrap_or(f64::NAN),
                Some(cell) => self::number(&cell).map_or(f64::NAN, number),
                None => f64::NAN,
            };
        }
    }
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Float(number) => Some(*number),
        Cell::Int(number) => Some(*number as f64),
        Cell::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Cell::None | Cell::Text(_) => None,
    }
}

/// What equal numbers have in common; `None` of what is no number.
fn bits(number: f64) -> Option<u64> {
    // Adding zero takes the sign from a zero.
    (!number.is_nan()).then(|| (number + 0.0).to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_low_bits() {
        for (value, code) in [(300.0, 44), (44.9, 44), (256.0, 0), (1e6, 64), (3e9, 0), (-0.0, 0)] {
            assert_eq!(byte(value), code, "{value}");
        }
    }

    #[test]
    fn what_was_not_seen_is_missing() {
        let mut seen = [false; 256];
        seen[44] = true;
        let known = Known(seen);
        assert_eq!(known.code(300.5).to_bits(), 44.0_f64.to_bits());
        for value in [-44.0, 43.0, f64::NAN] {
            assert!(known.code(value).is_nan(), "{value}");
        }
    }
}
