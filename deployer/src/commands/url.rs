//! `radiant-deploy url`: where a deployment is reached.

use anyhow::anyhow;
use serde_json::json;

use super::get::base;
use crate::cli::{RouteArgs, UrlArgs};
use crate::cluster::{Cluster, SeldonObject};
use crate::error::{Code, Failure};
use crate::output::{self, OutputFormat, Printer, Table};
use crate::route::{self, Urls};

pub(super) async fn run(args: &UrlArgs, printer: &Printer) -> Result<(), Failure> {
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let sdep = cluster.get::<SeldonObject>(&args.name).await?;
    let base = base(&args.route, &cluster).await;
    let urls = Urls::new(&sdep, base.as_deref());
    if printer.format == OutputFormat::Curl {
        output::write(&curl(&sdep, &urls)?)?;
    } else {
        let mut document = json!({"schema": "radiant/url/v1", "name": sdep.name(),
            "namespace": sdep.namespace(), "protocol": route::protocol(&sdep)});
        if let (Some(document), Ok(serde_json::Value::Object(urls))) =
            (document.as_object_mut(), serde_json::to_value(&urls))
        {
            document.extend(urls);
        }
        printer.document(&document, &table(&urls).text(true))?;
    }
    if args.check { check(&cluster, &sdep, &urls, printer).await } else { Ok(()) }
}

/// The URL of a deployment that most callers want; nothing where it is not known, or may not be seen.
pub(super) async fn known(cluster: &Cluster, name: &str, args: &RouteArgs) -> Option<String> {
    let sdep = cluster.find::<SeldonObject>(name).await.ok().flatten()?;
    let base = base(args, cluster).await;
    Urls::new(&sdep, base.as_deref()).best().map(str::to_owned)
}

fn table(urls: &Urls) -> Table {
    let mut table = Table::of(&["FROM", "OVER", "URL", "HEADERS"]);
    let host = urls.host.as_ref().map(|host| format!("Host: {host}")).unwrap_or_default();
    if let Some(url) = &urls.external {
        table.row(["outside", "REST", url, &host]);
    }
    if let Some(grpc) = &urls.grpc {
        let headers = grpc.headers.iter().map(|(name, value)| format!("{name}: {value}"));
        table.row(["outside", "gRPC", &grpc.address, &headers.collect::<Vec<_>>().join(", ")]);
    }
    if let Some(url) = &urls.cluster {
        table.row(["cluster", "REST", url, ""]);
    }
    table
}

/// A command for a shell.
fn curl(sdep: &SeldonObject, urls: &Urls) -> Result<String, Failure> {
    let url = urls.best().ok_or_else(|| unknown(sdep))?;
    let host = urls.host.as_ref().filter(|_| urls.external.is_some());
    let host =
        host.map(|host| format!(" -H {}", quoted(&format!("Host: {host}")))).unwrap_or_default();
    let body = quoted(route::sample(sdep));
    let url = quoted(url);
    Ok(format!("curl -sS {url}{host} -H 'Content-Type: application/json' -d {body}\n"))
}

/// Text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn unknown(sdep: &SeldonObject) -> Failure {
    let name = sdep.name();
    Failure::new(Code::NotFound, anyhow!("no URL of `{name}` is known yet")).hint(format!(
        "`radiant-deploy describe {name}` says how far it is; `--base-url` names the ingress"
    ))
}

async fn check(
    cluster: &Cluster,
    sdep: &SeldonObject,
    urls: &Urls,
    printer: &Printer,
) -> Result<(), Failure> {
    let Some(external) = &urls.external else {
        let error = anyhow!("no ingress of this cluster is known, so there is nothing to check");
        return Err(Failure::new(Code::NotFound, error)
            .hint("name it with `--base-url`; `radiant-deploy predict --via proxy` needs none"));
    };
    // The orchestrator and our server both answer it, whatever the protocol.
    let base = external.strip_suffix(&route::path(sdep)).unwrap_or(external);
    let url = format!("{base}/ready");
    let status = cluster.probe(&url, urls.host.as_deref()).await?;
    if status == 200 {
        printer.tell(&format!("{url} answered 200\n"));
        return Ok(());
    }
    let hint = match status {
        404 => {
            "the ingress has no route to it: does it select the gateway, and is `--base-url` its address? \
             Istio may want a host: see `route.host`"
        }
        401 | 403 => "the ingress wants to know who asks",
        502..=504 => "the ingress knows it, and no pod is ready: see `radiant-deploy describe`",
        _ => "see the ingress' own log",
    };
    let error = anyhow!("`{url}`: expected status 200, got {status}");
    Err(Failure::new(Code::Failed, error).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_for_a_shell_is_one_whatever_the_names() {
        let object = json!({"metadata": {"name": "fraud", "namespace": "ml"},
            "spec": {"annotations": {"seldon.io/istio-host": "it's.example"}}});
        let sdep: SeldonObject = serde_json::from_value(object).unwrap();
        let urls = Urls::new(&sdep, Some("http://h"));
        let expected = "curl -sS 'http://h/seldon/ml/fraud/api/v1.0/predictions' \
            -H 'Host: it'\\''s.example' -H 'Content-Type: application/json' \
            -d '{\"data\":{\"ndarray\":[[1,2,3,4]]}}'\n";
        assert_eq!(curl(&sdep, &urls).unwrap(), expected);
        assert_eq!(curl(&sdep, &Urls::new(&sdep, None)).unwrap_err().code(), Some(Code::NotFound));
    }
}
