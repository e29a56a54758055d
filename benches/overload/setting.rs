//! How a server gathers rows into runs.

use anyhow::{Context as _, Result};

/// Options of `radiant serve`, under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) options: Vec<String>,
}

impl Setting {
    /// The server as it comes.
    pub(crate) fn adaptive() -> Self {
        Self { name: "adaptive".to_owned(), options: Vec::new() }
    }

    /// Every request runs by itself.
    pub(crate) fn off() -> Self {
        Self { name: "off".to_owned(), options: words("--batch-rows-max off") }
    }

    /// Reads `off`, or rows and milliseconds as in `32x2`.
    ///
    /// # Errors
    /// When it is something else.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text == "off" {
            return Ok(Self::off());
        }
        let wrong = || format!("expected `off` or ROWSxMS such as `32x2`, got `{text}`");
        let (rows, ms) = text.split_once('x').with_context(wrong)?;
        let (rows, ms): (u32, u32) =
            (rows.parse().with_context(wrong)?, ms.parse().with_context(wrong)?);
        let options = words(&format!("--batch-rows-max {rows} --batch-wait-max-ms {ms}"));
        Ok(Self { name: text.to_owned(), options })
    }

    /// Reads several, separated by commas; `none` is none.
    ///
    /// # Errors
    /// When one is no setting.
    pub(crate) fn parse_all(text: &str) -> Result<Vec<Self>> {
        if text == "none" {
            return Ok(Vec::new());
        }
        text.split(',').map(Self::parse).collect()
    }
}

/// Options as they are typed.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_rows_and_milliseconds() {
        let all = Setting::parse_all("off,32x2").unwrap();
        let options: Vec<String> = all.iter().map(|setting| setting.options.join(" ")).collect();
        let expected = ["--batch-rows-max off", "--batch-rows-max 32 --batch-wait-max-ms 2"];
        assert_eq!(options, expected);
        assert_eq!(Setting::parse_all("none").unwrap(), []);
        for wrong in ["", "32", "ax2", "32x", "off,"] {
            assert!(Setting::parse_all(wrong).is_err(), "{wrong}");
        }
    }
}
