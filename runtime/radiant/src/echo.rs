//! A component that answers what it was asked: for smoke tests of a server or a whole cluster.

use std::sync::Arc;

use radiant_core::{Component, Error, Payload, Reply};

use crate::Builtin;

/// Echo as `builtin:echo`.
pub const ECHO: Builtin = Builtin { name: "echo", make: || Arc::new(Echo) };

/// Answers every prediction with its input, whatever kind of payload it is.
#[derive(Debug, Clone, Copy)]
pub struct Echo;

impl Component for Echo {
    fn predict(&self, input: Payload, _names: &[String]) -> Result<Reply, Error> {
        Ok(Reply::new(input))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_input() {
        let input = Payload::Text("hello".to_owned());
        let reply = (ECHO.make)().predict(input.clone(), &[]).expect("echo does not fail");
        assert_eq!(reply, Reply::new(input));
    }
}
