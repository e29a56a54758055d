//! Which of the images a model should be served with.

use std::collections::BTreeMap;

use super::Report;

/// An image, and what about the model asks for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) flavour: &'static str,
    pub(super) reason: String,
}

/// The image with ONNX Runtime in it.
const WITH_ORT: &str = concat!("radiant:", env!("CARGO_PKG_VERSION"), "-ort");

/// Operators that ONNX Runtime is faster at than the engines of the default image.
const CONVOLUTIONS: [&str; 2] = ["Conv", "ConvTranspose"];

pub(super) fn image(report: &Report) -> Image {
    choose(&report.contents.operators, report.loaded.engine.name())
}

/// The image for a graph of these operators (none where the model is no graph), which `engine` runs.
fn choose(operators: &BTreeMap<String, usize>, engine: &str) -> Image {
    let n: usize = CONVOLUTIONS.iter().filter_map(|&name| operators.get(name)).sum();
    let (flavour, reason) = match (n, engine) {
        (0, "ort") => (WITH_ORT, "ort runs it, which the default image does not have".to_owned()),
        (0, engine) => ("radiant", format!("{engine} runs it, which every image has")),
        (1, _) => (WITH_ORT, "1 convolution runs 1.5 to 5 times faster there".to_owned()),
        (n, _) => (WITH_ORT, format!("{n} convolutions run 1.5 to 5 times faster there")),
    };
    Image { flavour, reason }
}

impl Image {
    /// `radiant`, `radiant:1.0.0-ort: 13 convolutions run 1.5 to 5 times faster there`
    pub(super) fn text(&self) -> String {
        match self.flavour {
            WITH_ORT => format!("{WITH_ORT}: {}", self.reason),
            flavour => flavour.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn convolutions_and_what_only_onnx_runtime_runs_want_its_image() {
        let told = |operators: &[(&str, usize)], engine| {
            let operators = operators.iter().map(|(name, n)| ((*name).to_owned(), *n));
            choose(&operators.collect(), engine).text()
        };
        assert_eq!(told(&[], "native"), "radiant");
        assert_eq!(told(&[("MatMul", 3)], "rten"), "radiant");
        let version = env!("CARGO_PKG_VERSION");
        let with_ort = |why| format!("radiant:{version}-ort: {why}");
        assert_eq!(
            told(&[("Conv", 12), ("ConvTranspose", 1), ("Relu", 4)], "rten"),
            with_ort("13 convolutions run 1.5 to 5 times faster there")
        );
        assert_eq!(
            told(&[("Conv", 1)], "ort"),
            with_ort("1 convolution runs 1.5 to 5 times faster there")
        );
        assert_eq!(
            told(&[("com.microsoft.BiasGelu", 1)], "ort"),
            with_ort("ort runs it, which the default image does not have")
        );
    }
}
