//! A cluster that cannot be reached: names, connections, certificates.

use std::error::Error as StdError;
use std::io;

use anyhow::anyhow;
use kube::Error;

use crate::cluster::Place;
use crate::error::{Code, Failure};

pub(super) fn explain(error: &Error, place: &Place) -> Failure {
    let causes = causes(error);
    let cause = causes.last().cloned().unwrap_or_else(|| error.to_string());
    let what = format!("cannot reach {}", place.name());
    let hint = hint(error, &causes.join(" "));
    Failure::new(Code::Unreachable, anyhow!(cause).context(what)).hint(hint)
}

fn causes(error: &Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(error) = next {
        causes.push(error.to_string());
        next = error.source();
    }
    causes
}

fn kind(error: &Error) -> Option<io::ErrorKind> {
    let mut next: Option<&(dyn StdError + 'static)> = error.source();
    let mut found = None;
    while let Some(error) = next {
        found = error.downcast_ref::<io::Error>().map(io::Error::kind).or(found);
        next = error.source();
    }
    found
}

fn hint(error: &Error, causes: &str) -> &'static str {
    let says = |word: &str| causes.contains(word);
    if says("certificate") || says("UnknownIssuer") || says("NotValidForName") {
        return "the kubeconfig's `certificate-authority` must be the cluster's own, and its `server` a name \
                that the certificate has; fetch the kubeconfig anew";
    }
    if says("dns") || says("lookup") {
        return "the name is not known here: is the VPN up, and `server` in the kubeconfig right?";
    }
    match (kind(error), error) {
        (Some(io::ErrorKind::ConnectionRefused), _) => {
            "nothing listens there: is the cluster up, and the context the right one? \
             `radiant-deploy config get-contexts` lists them"
        }
        (Some(io::ErrorKind::TimedOut), _) => {
            "nothing answers there: is the VPN up, and this machine allowed to reach it?"
        }
        (_, Error::ProxyProtocolUnsupported { .. } | Error::ProxyProtocolDisabled { .. }) => {
            "use a proxy at `http://` or `socks5://`, or exempt the cluster with NO_PROXY"
        }
        _ => "try `kubectl --context NAME version`, and `radiant-deploy doctor`",
    }
}
