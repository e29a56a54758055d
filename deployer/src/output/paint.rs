//! Colours on a terminal, which never carry a meaning of their own.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use radiant_contract::EnvSource;

/// When colours are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A colour of the terminal's own palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    /// It is as it must be.
    Green,
    /// Look at it.
    Yellow,
    /// It is wrong.
    Red,
    /// One of several.
    Cyan,
    /// One of several.
    Blue,
    /// One of several.
    Magenta,
}

/// Colours text, or leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    is_on: bool,
}

impl Paint {
    /// Decides for what goes to stdout.
    pub(crate) fn for_stdout(choice: ColorChoice, env: &dyn EnvSource) -> Self {
        Self::new(choice, std::io::stdout().is_terminal(), env)
    }

    fn new(choice: ColorChoice, is_terminal: bool, env: &dyn EnvSource) -> Self {
        let is_plain =
            || env.get("NO_COLOR").is_some() || env.get("TERM").as_deref() == Some("dumb");
        let is_on = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !is_plain(),
        };
        Self { is_on }
    }

    /// `text` in a colour.
    pub(crate) fn color(self, color: Color, text: &str) -> String {
        if !self.is_on {
            return text.to_owned();
        }
        let code = match color {
            Color::Red => 31,
            Color::Green => 32,
            Color::Yellow => 33,
            Color::Blue => 34,
            Color::Magenta => 35,
            Color::Cyan => 36,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A colour that is always the same for the same text, so that lines of one pod are seen as one.
    pub(crate) fn by_name(self, text: &str) -> String {
        const COLORS: [Color; 5] =
            [Color::Cyan, Color::Green, Color::Yellow, Color::Blue, Color::Magenta];
        let sum = text
            .bytes()
            .fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let color = COLORS.iter().cycle().nth(sum % COLORS.len()).copied();
        self.color(color.unwrap_or(Color::Cyan), text)
    }
}

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::*;

    #[test]
    fn colours_are_for_terminals_of_people_who_want_them() {
        let none = MapEnv::default();
        let no_color: MapEnv = [("NO_COLOR", "1".to_owned())].into_iter().collect();
        let dumb: MapEnv = [("TERM", "dumb".to_owned())].into_iter().collect();
        let cases = [
            (ColorChoice::Auto, true, &none, true),
            (ColorChoice::Auto, false, &none, false),
            (ColorChoice::Auto, true, &no_color, false),
            (ColorChoice::Auto, true, &dumb, false),
            (ColorChoice::Always, false, &no_color, true),
            (ColorChoice::Never, true, &none, false),
        ];
        for (choice, is_terminal, env, expected) in cases {
            let paint = Paint::new(choice, is_terminal, env);
            let text = paint.color(Color::Red, "x");
            assert_eq!(text != "x", expected, "{choice:?} {is_terminal}");
            assert_eq!(paint.by_name("x"), paint.by_name("x"));
        }
    }
}
