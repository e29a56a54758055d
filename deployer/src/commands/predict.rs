//! `radiant-deploy predict`: a request, and what a deployment answers.

use std::fmt::Write as _;

use radiant_contract::EnvSource;
use serde_json::Value;
use tokio::time::Instant;

use super::configuration::meant;
use super::reach::{data, reach, refused};
use crate::cli::PredictArgs;
use crate::error::Failure;
use crate::output::{self, OutputFormat, Printer, json_text, yaml};
use crate::predict::{Caller as _, Reply};

pub(super) fn run(
    args: &PredictArgs,
    printer: &Printer,
    env: &dyn EnvSource,
) -> Result<(), Failure> {
    let data = data(&args.data)?;
    let meant = meant(args.target.name.as_deref(), &args.target.config, printer, env)?;
    super::wait(async {
        let reached = reach(&args.target, &meant).await?;
        let call = reached.call(&args.data, &data)?;
        for _ in 0..args.repeat {
            let began = Instant::now();
            let reply = reached.way.call(&call).await?;
            if args.repeat > 1 {
                let ms = began.elapsed().as_secs_f64() * 1000.0;
                printer.tell(&format!("status {} in {ms:.1} ms\n", reply.status));
            }
            let mut text = if args.include { head(&reply) } else { String::new() };
            text.push_str(&shown(&reply, args.data.raw, &printer.format)?);
            output::write(&text)?;
            if !reply.is_success() {
                return Err(refused(&reply, &reached, &meant.name));
            }
        }
        Ok(())
    })
}

/// Status and headers, as they came.
fn head(reply: &Reply) -> String {
    let mut text = format!("HTTP {}\n", reply.status);
    for (name, value) in &reply.headers {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    text.push('\n');
    text
}

/// The body in the form that is asked for; what is no JSON stays as it is.
fn shown(reply: &Reply, is_raw: bool, format: &OutputFormat) -> Result<String, Failure> {
    let plain = || {
        let mut text = String::from_utf8_lossy(&reply.body).into_owned();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text
    };
    if is_raw {
        return Ok(plain());
    }
    let Ok(value) = serde_json::from_slice::<Value>(&reply.body) else { return Ok(plain()) };
    match format {
        OutputFormat::Text | OutputFormat::Wide | OutputFormat::Json => json_text(&value),
        OutputFormat::JsonLines => Ok(format!("{value}\n")),
        OutputFormat::Yaml => yaml(&value),
        OutputFormat::JsonPath(template) => template.print(&value),
        OutputFormat::Name | OutputFormat::Curl => {
            Err(format.refused("json`, `yaml`, `jsonl` or `jsonpath=..."))
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn reply(body: &'static str) -> Reply {
        Reply { status: 200, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn answers_are_printed_in_the_form_that_is_asked_for() {
        let reply_json = reply(r#"{"data":{"ndarray":[[1.0,2.5]]}}"#);
        let print =
            |format: &str, is_raw| shown(&reply_json, is_raw, &format.parse().unwrap()).unwrap();
        assert_eq!(print("jsonl", false), "{\"data\":{\"ndarray\":[[1.0,2.5]]}}\n");
        assert_eq!(print("jsonpath={.data.ndarray[0][1]}", false), "2.5");
        assert!(print("table", false).starts_with("{\n  \"data\": {\n"));
        assert_eq!(print("yaml", true), "{\"data\":{\"ndarray\":[[1.0,2.5]]}}\n");
        assert_eq!(shown(&reply("plain"), false, &OutputFormat::Json).unwrap(), "plain\n");
        assert!(shown(&reply_json, false, &OutputFormat::Name).is_err());
    }
}
