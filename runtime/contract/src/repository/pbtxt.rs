//! Protobuf's text format, without a schema: fields with texts, words and messages.
//!
//! Numbers, enumerators and booleans are words as they are written; who knows the field reads them.
//! A list is the field as often as the list has values.

use super::SettingsError;
use super::value::shown;

/// How deep messages may be nested.
const DEPTH_MAX: usize = 32;

/// How many values a text may have.
const VALUES_MAX: usize = 100_000;

/// A field with one value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    /// Where its name is, from 1.
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// In quotes; bytes that are no UTF-8 are replaced.
    Text(String),
    /// A number, an enumerator, `true` or `false`, as written.
    Word(String),
    Message(Vec<Field>),
}

pub(super) fn parse(text: &str) -> Result<Vec<Field>, SettingsError> {
    let lexer = Lexer { rest: text, line: 1 };
    let mut parser = Parser { lexer, peeked: None, values: 0 };
    parser.message(None, 0)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    peeked: Option<Token>,
    values: usize,
}

impl Parser<'_> {
    /// Reads fields up to the mark that closes the message, or to the end of the text.
    fn message(&mut self, close: Option<char>, depth: usize) -> Result<Vec<Field>, SettingsError> {
        let mut fields = Vec::new();
        loop {
            let token = self.next()?;
            match &token.kind {
                Kind::End if close.is_none() => return Ok(fields),
                Kind::Mark(mark) if Some(*mark) == close => return Ok(fields),
                Kind::Word(name) if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                    self.field(name, token.line, depth, &mut fields)?;
                }
                _ => {
                    let expected = match close {
                        Some(mark) => format!("the name of a field, or `{mark}`"),
                        None => "the name of a field".to_owned(),
                    };
                    return Err(token.instead_of(expected));
                }
            }
            if matches!(self.peek()?.kind, Kind::Mark(',' | ';')) {
                self.next()?;
            }
        }
    }

    /// Reads what follows a field's name.
    fn field(
        &mut self,
        name: &str,
        line: usize,
        depth: usize,
        fields: &mut Vec<Field>,
    ) -> Result<(), SettingsError> {
        let has_colon = self.eat(':')?;
        let peeked = self.peek()?;
        if !has_colon && !matches!(peeked.kind, Kind::Mark('[' | '{' | '<')) {
            let expected = format!("`:` or `{{` after {}", shown(name));
            return Err(peeked.instead_of(expected));
        }
        if !self.eat('[')? {
            let value = self.value(depth)?;
            fields.push(Field { name: name.to_owned(), line, value });
            return Ok(());
        }
        if self.eat(']')? {
            return Ok(());
        }
        loop {
            let value = self.value(depth)?;
            fields.push(Field { name: name.to_owned(), line, value });
            let token = self.next()?;
            match token.kind {
                Kind::Mark(',') => {}
                Kind::Mark(']') => return Ok(()),
                _ => return Err(token.instead_of("`,` or `]`".to_owned())),
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, SettingsError> {
        let token = self.next()?;
        self.values = self.values.saturating_add(1);
        if self.values > VALUES_MAX {
            return Err(token.instead_of(format!("at most {VALUES_MAX} values")));
        }
        match token.kind {
            Kind::Word(word) => Ok(Value::Word(word)),
            Kind::Text(mut text) => {
                // Strings that follow each other are one.
                while let Kind::Text(more) = &self.peek()?.kind {
                    text.push_str(more);
                    self.next()?;
                }
                Ok(Value::Text(text))
            }
            Kind::Mark('{' | '<') if depth >= DEPTH_MAX => {
                Err(token.instead_of(format!("at most {DEPTH_MAX} nested messages")))
            }
            Kind::Mark('{') => Ok(Value::Message(self.message(Some('}'), depth + 1)?)),
            Kind::Mark('<') => Ok(Value::Message(self.message(Some('>'), depth + 1)?)),
            Kind::Mark(_) | Kind::End => Err(token.instead_of("a value".to_owned())),
        }
    }

    fn peek(&mut self) -> Result<&Token, SettingsError> {
        let token = self.next()?;
        Ok(self.peeked.insert(token))
    }

    fn next(&mut self) -> Result<Token, SettingsError> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.lexer.token(),
        }
    }

    fn eat(&mut self, mark: char) -> Result<bool, SettingsError> {
        let is_there = matches!(self.peek()?.kind, Kind::Mark(found) if found == mark);
        if is_there {
            self.next()?;
        }
        Ok(is_there)
    }
}

#[derive(Debug)]
struct Token {
    kind: Kind,
    line: usize,
}

#[derive(Debug)]
enum Kind {
    Word(String),
    Text(String),
    Mark(char),
    End,
}

impl Token {
    fn instead_of(&self, expected: String) -> SettingsError {
        let got = match &self.kind {
            Kind::Word(word) => shown(word),
            Kind::Text(text) => format!("the string {}", shown(text)),
            Kind::Mark(mark) => shown(&mark.to_string()),
            Kind::End => "the end of the text".to_owned(),
        };
        SettingsError::Syntax { line: self.line, expected, got }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl Lexer<'_> {
    fn token(&mut self) -> Result<Token, SettingsError> {
        self.skip_blanks();
        let line = self.line;
        let kind = match self.rest.chars().next() {
            None => Kind::End,
            Some(quote @ ('"' | '\'')) => {
                self.bump();
                Kind::Text(self.string(quote, line)?)
            }
            Some('-') => {
                self.bump();
                self.skip_blanks();
                match self.word() {
                    "" => Kind::Mark('-'),
                    digits => Kind::Word(format!("-{digits}")),
                }
            }
            Some(c) => match self.word() {
                "" => {
                    self.bump();
                    Kind::Mark(c)
                }
                word => Kind::Word(word.to_owned()),
            },
        };
        Ok(Token { kind, line })
    }

    /// Skips white space and comments.
    fn skip_blanks(&mut self) {
        loop {
            let trimmed = self.rest.trim_start();
            let end = match trimmed.strip_prefix('#') {
                Some(comment) => comment.trim_start_matches(|c| c != '\n'),
                None => trimmed,
            };
            if end.len() == self.rest.len() {
                return;
            }
            let skipped = self.rest.len().saturating_sub(end.len());
            self.take(skipped);
        }
    }

    /// Letters, digits, `_` and points; signs of exponents in what begins like a number.
    fn word(&mut self) -> &str {
        let is_number = self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let mut last = ' ';
        let is_end = |c: char| {
            let is_sign = is_number && matches!(c, '+' | '-') && matches!(last, 'e' | 'E');
            last = c;
            !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.') || is_sign)
        };
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// The rest of a string that began in `line`, whose quote is taken already.
    fn string(&mut self, quote: char, line: usize) -> Result<String, SettingsError> {
        let mut bytes = Vec::new();
        loop {
            match self.bump() {
                Some('\\') => self.escape(&mut bytes)?,
                Some(c) if c == quote => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                None | Some('\n') => {
                    let expected = format!("`{quote}` at the end of a string");
                    let got = "the end of the line".to_owned();
                    return Err(SettingsError::Syntax { line, expected, got });
                }
                Some(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), SettingsError> {
        let c = self.bump().unwrap_or('\n');
        let simple = match c {
            'a' => 0x07,
            'b' => 0x08,
            'f' => 0x0c,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 0x0b,
            '?' | '\\' | '\'' | '"' => u8::try_from(c).unwrap_or(b'?'),
            '0'..='7' => return self.octal(c, bytes),
            'x' | 'X' | 'u' | 'U' => return self.hexadecimal(c, bytes),
            other => return Err(self.bad_escape(other, "")),
        };
        bytes.push(simple);
        Ok(())
    }

    /// One to three octal digits, a byte.
    fn octal(&mut self, first: char, bytes: &mut Vec<u8>) -> Result<(), SettingsError> {
        let is_end = |c: char| !matches!(c, '0'..='7');
        let len = self.rest.find(is_end).unwrap_or(self.rest.len()).min(2);
        let digits = self.take(len).to_owned();
        let byte = u8::from_str_radix(&format!("{first}{digits}"), 8);
        bytes.push(byte.map_err(|_| self.bad_escape(first, &digits))?);
        Ok(())
    }

    /// Hexadecimal digits: after `x` one or two for a byte, after `u` four and after `U` eight for a
    /// character.
    fn hexadecimal(&mut self, letter: char, bytes: &mut Vec<u8>) -> Result<(), SettingsError> {
        let (len_min, len_max) = match letter {
            'u' => (4, 4),
            'U' => (8, 8),
            _ => (1, 2),
        };
        let is_end = |c: char| !c.is_ascii_hexdigit();
        let len = self.rest.find(is_end).unwrap_or(self.rest.len()).min(len_max);
        let digits = self.take(len).to_owned();
        let code = u32::from_str_radix(&digits, 16).ok().filter(|_| len >= len_min);
        let c = code.and_then(char::from_u32);
        let c = c.ok_or_else(|| self.bad_escape(letter, &digits))?;
        match u8::try_from(c) {
            Ok(byte) if len_max == 2 => bytes.push(byte),
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        Ok(())
    }

    fn bad_escape(&self, letter: char, digits: &str) -> SettingsError {
        let expected = "an escape as in C in a string".to_owned();
        let got = format!("`\\{}{digits}`", letter.escape_debug());
        SettingsError::Syntax { line: self.line, expected, got }
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.take(c.len_utf8());
        Some(c)
    }

    /// Takes so many bytes, up to the border of a character.
    fn take(&mut self, len: usize) -> &str {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.line = self.line.saturating_add(taken.matches('\n').count());
        self.rest = rest;
        taken
    }
}
