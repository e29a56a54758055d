//! A component that answers what it was asked: for smoke tests of a server or a whole cluster.

use std::sync::Arc;

use radiant_core::{Component, Error, Map, Payload, Reply, Tensor};
use radiant_server::Served;

use crate::Builtin;

/// Echo as `builtin:echo`.
pub const ECHO: Builtin = Builtin { name: "echo", make: || Served::Component(Arc::new(Echo)) };

/// Answers every prediction with its input, whatever kind of payload it is, and every prompt with
/// itself.
#[derive(Debug, Clone, Copy)]
pub struct Echo;

impl Component for Echo {
    fn predict(&self, input: Payload, _names: &[String]) -> Result<Reply, Error> {
        Ok(Reply::new(input))
    }

    /// Each tensor comes back under its own name.
    fn infer(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
        Ok(inputs)
    }

    /// The prompt comes back word by word.
    fn generate(
        &self,
        prompt: &str,
        _parameters: &Map,
        emit: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), Error> {
        for word in prompt.split_inclusive(' ') {
            if !emit(word) {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_input() {
        let input = Payload::Text("hello".to_owned());
        let reply = Echo.predict(input.clone(), &[]).expect("echo does not fail");
        assert_eq!(reply, Reply::new(input));
    }

    #[test]
    fn a_prompt_comes_back_in_words_until_nobody_reads() {
        let mut words = Vec::new();
        let mut emit = |word: &str| {
            words.push(word.to_owned());
            words.len() < 2
        };
        Echo.generate("one two three", &Map::new(), &mut emit).expect("echo does not fail");
        assert_eq!(words, ["one ", "two "]);
    }
}
