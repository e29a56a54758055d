//! Who runs a model.

use radiant::engines::Choice;

/// One of those that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Native,
    Tract,
    Rten,
    /// ONNX Runtime with one thread.
    Ort,
    /// ONNX Runtime with two threads for one run.
    Ort2,
    Xgboost,
    Lightgbm,
    Sklearn,
    Tl2cgen,
}

impl Who {
    /// The engines that are compiled in.
    pub(crate) const OURS: [Self; 3] = [Self::Native, Self::Tract, Self::Rten];
    /// What `auto` may take where ONNX Runtime is installed.
    pub(crate) const ENGINES: [Self; 4] = [Self::Native, Self::Tract, Self::Rten, Self::Ort];
    /// All but our own engines.
    pub(crate) const OTHERS: [Self; 6] =
        [Self::Ort, Self::Ort2, Self::Xgboost, Self::Lightgbm, Self::Sklearn, Self::Tl2cgen];

    /// Its name in tables, and for `peer.py`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Tract => "tract",
            Self::Rten => "rten",
            Self::Ort => "ort",
            Self::Ort2 => "ort-2",
            Self::Xgboost => "xgboost",
            Self::Lightgbm => "lightgbm",
            Self::Sklearn => "sklearn",
            Self::Tl2cgen => "tl2cgen",
        }
    }

    /// The one of that name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let all = Self::OURS.into_iter().chain(Self::OTHERS);
        all.into_iter().find(|who| who.name() == name)
    }

    /// The engine, with one thread, if it is one of the server's.
    pub(crate) const fn choice(self) -> Option<Choice> {
        match self {
            Self::Native => Some(Choice::Native),
            Self::Tract => Some(Choice::Tract),
            Self::Rten => Some(Choice::Rten),
            Self::Ort => Some(Choice::Ort),
            Self::Ort2 | Self::Xgboost | Self::Lightgbm | Self::Sklearn | Self::Tl2cgen => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for who in Who::OURS.into_iter().chain(Who::OTHERS) {
            assert_eq!(Who::of_name(who.name()), Some(who));
        }
        assert_eq!(Who::of_name("python"), None);
    }
}
