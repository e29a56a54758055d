//! Why a body could not be read, while it is being read.

use radiant_core::Error;

use crate::json::{Cursor, SyntaxError};

/// Where a text is not JSON, only the whole body can tell the line.
#[derive(Debug)]
pub(super) enum Fault {
    Syntax(SyntaxError),
    Refused(Error),
}

impl From<SyntaxError> for Fault {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Fault {
    /// The error for the client; `body` is the JSON that was read.
    #[cold]
    pub(super) fn into_error(self, body: &[u8]) -> Error {
        match self {
            Self::Syntax(error) => {
                Error::invalid_input(format!("request is not JSON: {}", error.describe(body)))
            }
            Self::Refused(error) => error,
        }
    }
}

/// Tells that the value at the cursor is of another kind than `expected`.
#[cold]
pub(super) fn other_kind(cursor: &mut Cursor<'_>, place: &str, expected: &str) -> Fault {
    let got = match cursor.peek() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') if cursor.rest().starts_with(b"null") => "null",
        Some(b'-' | b'0'..=b'9' | b'N' | b'I') => "a number",
        Some(_) => "something else",
        None => "the end",
    };
    Error::invalid_input(format!("{place}: expected {expected}, got {got}")).into()
}
