//! Refusals in the short form that is kept: what does not change when a graph's values are renamed,
//! or when another engine is tried before.

/// What `auto` says before the words of an engine.
const REFUSES: &str = " refuses it: ";

/// What `auto` says of ONNX Runtime where it is not there.
const ADVICE: &str = "; ort is not installed";

/// The longest that is kept, in characters.
const CHARACTERS_MAX: usize = 120;

/// The short form: of several engines' words the last ones, and no names of nodes.
pub(crate) fn short(text: &str) -> String {
    let text = text.split(ADVICE).next().unwrap_or_default();
    let text = text.rsplit(REFUSES).next().unwrap_or_default();
    let text = text.split_once(" cannot run it: ").map_or(text, |(_, words)| words);
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" (node `") {
        let Some((_, after)) = after.split_once("`)") else { break };
        kept.push_str(before);
        rest = after;
    }
    kept.push_str(rest);
    cut(&kept, CHARACTERS_MAX)
}

/// A text of at most so many characters and a sign that it was cut, which is done between words.
pub(crate) fn cut(text: &str, n_max: usize) -> String {
    if text.chars().count() <= n_max {
        return text.to_owned();
    }
    let head: String = text.chars().take(n_max).collect();
    let words = head.rsplit_once(' ').map_or(head.as_str(), |(words, _)| words);
    format!("{words} ...")
}

#[cfg(test)]
mod tests {
    use super::{cut, short};

    #[test]
    fn of_a_refusal_by_several_engines_the_last_one_is_kept() {
        let text = "no engine runs it: rten refuses it: operator `If` (node `a`): x; tract refuses \
                    it: operator `If` (node `b c`): y; ort is not installed, and might run it (z)";
        assert_eq!(short(text), "operator `If`: y");
    }

    #[test]
    fn other_refusals_are_kept_without_names_of_nodes() {
        assert_eq!(short("engine `tract` (it was asked for) cannot run it: no `X`"), "no `X`");
        assert_eq!(
            short("input `x`: a sequence is not supported"),
            "input `x`: a sequence is not supported"
        );
        assert_eq!(short("no end (node `x"), "no end (node `x");
        assert_eq!(cut("one two three", 9), "one two ...");
        assert_eq!(short(&"ä".repeat(200)), format!("{} ...", "ä".repeat(120)));
    }
}
