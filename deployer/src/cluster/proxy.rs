//! Whether a proxy stands between us and the cluster: the kubeconfig's word, then the environment's.

use std::net::IpAddr;

use anyhow::anyhow;
use http::Uri;
use radiant_contract::EnvSource;

use crate::error::Failure;

/// Chooses the proxy for a server. The kubeconfig's is for it alone, so NO_PROXY says nothing of that.
///
/// # Errors
/// When its address is none.
pub(super) fn choose(
    server: &Uri,
    of_kubeconfig: Option<&str>,
    env: &dyn EnvSource,
) -> Result<Option<Uri>, Failure> {
    if let Some(address) = of_kubeconfig.filter(|address| !address.is_empty()) {
        return parse("proxy-url", address).map(Some);
    }
    let names = match server.scheme_str() {
        Some("http") => ["HTTP_PROXY", "http_proxy"],
        _ => ["HTTPS_PROXY", "https_proxy"],
    };
    let found = names.into_iter().find_map(|name| Some((name, env.get(name)?)));
    let Some((name, address)) = found else { return Ok(None) };
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    let exceptions = env.get("NO_PROXY").or_else(|| env.get("no_proxy")).unwrap_or_default();
    if is_near(host) || exceptions.split(',').any(|rule| is_exception(rule.trim(), host)) {
        return Ok(None);
    }
    parse(name, &address).map(Some)
}

fn parse(name: &str, address: &str) -> Result<Uri, Failure> {
    let with_scheme =
        if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let parsed = with_scheme.parse::<Uri>().ok().filter(|uri| uri.host().is_some());
    parsed.ok_or_else(|| {
        // An address of a proxy may hold a login.
        Failure::usage(anyhow!("`{name}`: expected an address such as `http://proxy:3128`"))
    })
}

fn is_near(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_exception(rule: &str, host: &str) -> bool {
    if rule == "*" {
        return true;
    }
    if let (Some((network, bits)), Ok(address)) = (rule.split_once('/'), host.parse::<IpAddr>()) {
        return match (network.parse::<IpAddr>(), bits.parse::<u32>()) {
            (Ok(network), Ok(bits)) => is_within(address, network, bits),
            _ => false,
        };
    }
    let rule = rule.trim_start_matches('.');
    let ends = || host.strip_suffix(rule).is_some_and(|head| head.ends_with('.'));
    !rule.is_empty() && (host.eq_ignore_ascii_case(rule) || ends())
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (u128::from(address.to_bits()), u128::from(network.to_bits()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return false,
    };
    let Some(shift) = u32::checked_sub(width, bits) else { return false };
    // Of no bits at all, all addresses are alike.
    let head = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
    head(address) == head(network)
}

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::*;

    fn chosen(server: &str, of_kubeconfig: Option<&str>, env: &[(&'static str, &str)]) -> String {
        let env: MapEnv = env.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let chosen = choose(&server.parse().unwrap(), of_kubeconfig, &env).unwrap();
        chosen.map(|uri| uri.host().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn proxies_are_used_where_they_must_be() {
        let proxy = ("HTTPS_PROXY", "http://p:1");
        type Case<'a> = (&'a str, Option<&'a str>, &'a [(&'static str, &'a str)], &'a str);
        let cases: [Case<'_>; 12] = [
            ("https://k:6443", None, &[], ""),
            ("https://k:6443", None, &[proxy], "p"),
            ("https://k:6443", None, &[("https_proxy", "p:1")], "p"),
            ("http://k:6443", None, &[proxy], ""),
            ("https://127.0.0.1:6443", None, &[proxy], ""),
            ("https://k.corp:6443", None, &[proxy, ("NO_PROXY", "a, .corp")], ""),
            ("https://xcorp:6443", None, &[proxy, ("NO_PROXY", "corp")], "p"),
            ("https://k:6443", None, &[proxy, ("no_proxy", "*")], ""),
            ("https://10.1.2.3", None, &[proxy, ("NO_PROXY", "10.0.0.0/8")], ""),
            ("https://11.1.2.3", None, &[proxy, ("NO_PROXY", "10.0.0.0/8,x/y,1/999")], "p"),
            ("https://[fd00::1]:6443", None, &[proxy, ("NO_PROXY", "fd00::/16")], ""),
            ("https://k:6443", Some("socks5://q:2"), &[proxy, ("NO_PROXY", "*")], "q"),
        ];
        for (server, of_kubeconfig, env, expected) in cases {
            assert_eq!(chosen(server, of_kubeconfig, env), expected, "{server} {env:?}");
        }
    }

    #[test]
    fn a_bad_address_is_refused_and_not_shown() {
        let env: MapEnv = [("HTTPS_PROXY", "http://me:hunter2@ ".to_owned())].into_iter().collect();
        let error = choose(&"https://k".parse().unwrap(), None, &env).unwrap_err().text();
        assert!(error.contains("HTTPS_PROXY") && !error.contains("hunter2"), "{error}");
    }
}
