//! StringNormalizer: removes stop words and changes case.
//!
//! Case is Unicode's, whatever the machine's locale; only English locales may be named. Where all
//! strings are stop words, one empty string is left.

use std::collections::HashSet;

use radiant_core::{DType, Error, Strings};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

use super::case::Case;
use super::{strings_of, text};

/// Locales whose letters have the case that Unicode gives them.
const LOCALES: [&str; 4] = ["en_US", "en_US.UTF-8", "en_US.utf8", "en-US"];

struct StringNormalizer {
    case: Option<Case>,
    /// The case in which strings are compared with stop words; `None` compares them as they are.
    compared: Option<Case>,
    /// In the case that is compared.
    stop_words: HashSet<Box<[u8]>>,
}

impl StringNormalizer {
    /// Whether a string is a stop word; `cased` is room to work in.
    fn is_stop_word(&self, string: &[u8], cased: &mut String) -> Result<bool, Error> {
        let Some(case) = self.compared else { return Ok(self.stop_words.contains(string)) };
        cased.clear();
        case.apply(text(string)?, cased);
        Ok(self.stop_words.contains(cased.as_bytes()))
    }

    fn keep(&self, strings: &Strings, out: &mut Strings) -> Result<(), Error> {
        let mut cased = String::new();
        for string in strings.iter() {
            if !self.stop_words.is_empty() && self.is_stop_word(string, &mut cased)? {
                continue;
            }
            let Some(case) = self.case else {
                out.push(string);
                continue;
            };
            cased.clear();
            case.apply(text(string)?, &mut cased);
            out.push(cased.as_bytes());
        }
        if out.is_empty() {
            out.push(b"");
        }
        Ok(())
    }
}

impl Op for StringNormalizer {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let is_row = match *shape.dims() {
            [n] if n > 0 => false,
            [1, n] if n > 0 => true,
            _ => {
                let message = format!("expected strings of shape [-1] or [1, -1], got {shape}");
                return Err(Error::model_failed(message));
            }
        };
        let buffer = outputs.first();
        let kept = buffer.reset_strings(shape.dims())?;
        self.keep(strings_of(&inputs, 0)?, kept)?;
        let dims = [1, kept.len()];
        buffer.shape.set(if is_row { &dims } else { &dims[1..] });
        Ok(())
    }
}

/// Builds a StringNormalizer: `[n]` or `[1, n]` strings, fewer where there are stop words.
pub(super) fn string_normalizer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["case_change_action", "is_case_sensitive", "locale", "stopwords"])?;
    context.expect_dtype(0, DType::Bytes)?;
    let node = context.node;
    let case = match node.string("case_change_action")?.unwrap_or("NONE") {
        "LOWER" => Some(Case::Lower),
        "UPPER" => Some(Case::Upper),
        "NONE" => None,
        other => return Err(context.refuse_value("case_change_action", other)),
    };
    if let Some(locale) = node.string("locale")?.filter(|locale| !LOCALES.contains(locale)) {
        return Err(context.refuse_value("locale", locale));
    }
    let is_sensitive = node.int("is_case_sensitive", 0)? != 0;
    let compared = (!is_sensitive).then_some(case.unwrap_or(Case::Lower));
    let stop_words = node.strings("stopwords")?.into_iter().map(|word| match compared {
        None => word.as_bytes().into(),
        Some(case) => {
            let mut cased = String::new();
            case.apply(word, &mut cased);
            cased.into_bytes().into_boxed_slice()
        }
    });
    let stop_words: HashSet<_> = stop_words.collect();
    let dims = context.fact(0)?.dims.as_deref().map(|dims| match *dims {
        _ if stop_words.is_empty() => dims.to_vec(),
        [_] => vec![None],
        _ => vec![Some(1), None],
    });
    let fact = Fact { dtype: DType::Bytes, dims };
    Ok(Built::unary(StringNormalizer { case, compared, stop_words }, fact))
}
