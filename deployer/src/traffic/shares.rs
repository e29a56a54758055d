//! Shares of the traffic as people type them: `main=90 canary=10`.

use serde_json::{Value, json};

use super::CANARY;

/// A predictor's share, in percent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The predictor; `canary` stands for the canary, whatever its revision.
    pub predictor: String,
    /// Its share.
    pub percent: u8,
}

/// Shares that a deployment cannot have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ShareError {
    /// It is not of the form.
    #[error("expected PREDICTOR=PERCENT such as `main=90`, got `{0}`")]
    Form(String),
    /// There is no such predictor, or it is a shadow, which has none.
    #[error("no predictor `{name}` takes traffic: {known} do")]
    Unknown {
        /// The one.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// One is missing.
    #[error("the share of `{0}` is missing: all predictors that take traffic need one")]
    Missing(String),
    /// They are not all of it.
    #[error("expected shares that sum to 100, got {0}")]
    Sum(u32),
    /// A predictor would have nothing, which not every ingress keeps to.
    #[error("`{0}` would have no traffic, which some ingresses do not keep to")]
    Nothing(String),
}

/// Reads one share.
///
/// # Errors
/// When it is not of the form `PREDICTOR=PERCENT`.
pub fn parse(text: &str) -> Result<Share, ShareError> {
    let form = || ShareError::Form(text.to_owned());
    let (predictor, percent) = text.split_once('=').ok_or_else(form)?;
    let percent = percent.strip_suffix('%').unwrap_or(percent);
    let percent = percent.parse().ok().filter(|percent| *percent <= 100).ok_or_else(form)?;
    Ok(Share { predictor: predictor.to_owned(), percent })
}

/// Gives predictors their shares; all that take traffic must be named.
///
/// # Errors
/// When one is unknown or missing, or they do not sum to 100.
pub fn set(manifest: &Value, shares: &[Share]) -> Result<Value, ShareError> {
    let mut changed = manifest.clone();
    let predictors = changed.pointer_mut("/spec/predictors").and_then(Value::as_array_mut);
    let predictors = predictors.map(Vec::as_mut_slice).unwrap_or_default();
    let mut open: Vec<_> = predictors.iter_mut().filter(|it| it["shadow"] != true).collect();
    let name_of = |it: &Value| it["name"].as_str().unwrap_or_default().to_owned();
    let known = open.iter().map(|it| format!("`{}`", name_of(it))).collect::<Vec<_>>().join(", ");
    let is_meant = |share: &Share, name: &str| {
        share.predictor == name || (share.predictor == "canary" && name.starts_with(CANARY))
    };
    for share in shares {
        if !open.iter().any(|it| is_meant(share, &name_of(it))) {
            return Err(ShareError::Unknown { name: share.predictor.clone(), known });
        }
    }
    let sum: u32 = shares.iter().map(|share| u32::from(share.percent)).sum();
    if sum != 100 {
        return Err(ShareError::Sum(sum));
    }
    let is_alone = open.len() == 1;
    for predictor in &mut open {
        let name = name_of(predictor);
        let share = shares.iter().find(|share| is_meant(share, &name));
        match share.ok_or_else(|| ShareError::Missing(name.clone()))?.percent {
            0 => return Err(ShareError::Nothing(name)),
            _ if is_alone => {}
            percent => predictor["traffic"] = json!(percent),
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(text: &str) -> Vec<Share> {
        text.split(' ').map(|it| parse(it).unwrap()).collect()
    }

    #[test]
    fn shares_are_read() {
        assert_eq!(parse("main=90").unwrap(), Share { predictor: "main".into(), percent: 90 });
        assert_eq!(parse("main=90%").unwrap().percent, 90);
        for bad in ["main", "main=", "main=101", "main=-1", "main=x"] {
            assert_eq!(parse(bad), Err(ShareError::Form(bad.into())));
        }
    }

    #[test]
    fn shares_must_be_whole() {
        let two = json!({"spec": {"predictors": [
            {"name": "main", "traffic": 90}, {"name": "canary-3", "traffic": 10}, {"name": "s", "shadow": true},
        ]}});
        let set = |text| set(&two, &shares(text)).map_err(|error| error.to_string());
        let changed = set("main=50 canary=50").unwrap();
        assert_eq!(changed["spec"]["predictors"][0]["traffic"], 50);
        assert_eq!(changed["spec"]["predictors"][1]["traffic"], 50);
        assert_eq!(set("main=50 canary-3=50").unwrap(), changed);
        assert_eq!(
            set("main=50 canary=40").unwrap_err(),
            "expected shares that sum to 100, got 90"
        );
        assert_eq!(
            set("main=50 s=50").unwrap_err(),
            "no predictor `s` takes traffic: `main`, `canary-3` do"
        );
        assert!(set("main=100").unwrap_err().starts_with("the share of `canary-3` is missing"));
        assert!(
            set("main=100 canary=0").unwrap_err().starts_with("`canary-3` would have no traffic")
        );
    }
}
