//! Golden requests: sent, and their answers compared with those that were expected.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Call, Caller, Difference, compare};
use crate::config::GoldenTest;
use crate::error::{Code, Failure};

/// A request with the answer that is expected.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// What it is called.
    pub(crate) name: String,
    /// The request.
    pub(crate) call: Call,
    /// The answer.
    pub(crate) expected: Value,
    /// How far numbers may be apart.
    pub(crate) tolerance: f64,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// The answer is the expected one.
    Passed,
    /// It is another one: the first differences, and how many there are.
    Differs(Vec<Difference>, usize),
    /// It is none: what is said instead.
    Refused(String),
}

/// A request and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// What it is called.
    pub(crate) name: String,
    /// What came of it.
    pub(crate) verdict: Verdict,
    /// How long it took.
    pub(crate) elapsed_ms: u64,
}

/// Reads the files of a golden request. Their paths are as this process can open them.
///
/// # Errors
/// When one cannot be read, or the answer is no JSON.
pub(crate) fn read_case(test: &GoldenTest, path: &str) -> Result<Case, Failure> {
    let read = |file: &Path| {
        fs::read(file).with_context(|| format!("cannot read `{}`", file.display())).map_err(
            |error| {
                Failure::new(Code::NotFound, error)
                    .hint("paths of `tests` are beside their configuration")
            },
        )
    };
    let (body, expected) = (read(&test.request)?, read(&test.expect)?);
    let expected = serde_json::from_slice(&expected).map_err(|error| {
        Failure::usage(anyhow!(
            "`{}`: expected JSON, got something else at line {}",
            test.expect.display(),
            error.line()
        ))
    })?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(Case {
        name: test.request.display().to_string(),
        call: Call { path: path.to_owned(), headers, body: Bytes::from(body) },
        expected,
        tolerance: test.tolerance,
    })
}

/// Sends golden requests, one after the other.
///
/// # Errors
/// When nobody can be asked: then nothing is known of the answers.
pub(crate) async fn try_out(caller: &impl Caller, cases: &[Case]) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = Vec::with_capacity(cases.len());
    for case in cases {
        let began = Instant::now();
        let reply = caller.call(&case.call).await?;
        let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let verdict = match serde_json::from_slice::<Value>(&reply.body) {
            _ if !reply.is_success() => {
                Verdict::Refused(format!("status {}, {}", reply.status, reply.excerpt()))
            }
            Err(_) => Verdict::Refused(format!("no JSON, {}", reply.excerpt())),
            Ok(got) => {
                let found = compare(&case.expected, &got, case.tolerance);
                if found.n == 0 { Verdict::Passed } else { Verdict::Differs(found.first, found.n) }
            }
        };
        outcomes.push(Outcome { name: case.name.clone(), verdict, elapsed_ms });
    }
    Ok(outcomes)
}

impl Outcome {
    /// Whether the answer is the expected one.
    pub(crate) fn is_passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }

    /// Lines for people.
    pub(crate) fn text(&self) -> String {
        let Self { name, verdict, elapsed_ms } = self;
        match verdict {
            Verdict::Passed => format!("ok    {name}  {elapsed_ms} ms\n"),
            Verdict::Refused(why) => format!("FAIL  {name}  expected an answer, got {why}\n"),
            Verdict::Differs(first, n) => {
                let mut text = format!("FAIL  {name}  {n} differences\n");
                for difference in first {
                    // Writing to a `String` cannot fail.
                    let _infallible = writeln!(text, "      {difference}");
                }
                text
            }
        }
    }

    /// The same as a document.
    pub(crate) fn document(&self) -> Value {
        let differences = match &self.verdict {
            Verdict::Differs(first, _) => first.as_slice(),
            Verdict::Passed | Verdict::Refused(_) => &[],
        };
        let differences: Vec<Value> = differences
            .iter()
            .map(|it| json!({"path": it.path, "expected": it.expected, "got": it.got}))
            .collect();
        let (n, refused) = match &self.verdict {
            Verdict::Passed => (0, None),
            Verdict::Differs(_, n) => (*n, None),
            Verdict::Refused(why) => (0, Some(why)),
        };
        json!({
            "request": self.name,
            "passed": self.is_passed(),
            "differences": differences,
            "differencesInAll": n,
            "refused": refused,
            "elapsedMs": self.elapsed_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predict::Reply;

    /// Answers with what it is sent, and refuses what is empty.
    struct Echo;

    impl Caller for Echo {
        fn shown(&self) -> String {
            "echo".to_owned()
        }

        async fn call(&self, call: &Call) -> Result<Reply, Failure> {
            let status = if call.body.is_empty() { 500 } else { 200 };
            Ok(Reply { status, headers: HeaderMap::new(), body: call.body.clone() })
        }
    }

    #[tokio::test]
    async fn every_request_gets_its_verdict() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("same.json", r#"{"data": [1.0000001], "meta": {"puid": "x"}}"#);
        write("other.json", r#"{"data": [2]}"#);
        write("empty.json", "");
        write("text.json", "plain");
        write("out.json", r#"{"data": [1]}"#);
        let cases: Vec<Case> = ["same.json", "other.json", "empty.json", "text.json"]
            .map(|request| {
                let test = GoldenTest {
                    request: folder.path().join(request),
                    expect: folder.path().join("out.json"),
                    tolerance: 1e-6,
                };
                read_case(&test, "/x").unwrap()
            })
            .into();
        let outcomes = try_out(&Echo, &cases).await.unwrap();
        let texts: Vec<String> = outcomes.iter().map(Outcome::text).collect();
        assert!(outcomes[0].is_passed() && texts[0].contains("same.json"), "{texts:?}");
        assert!(texts[1].contains("data[0]: expected `1`, got `2`"), "{texts:?}");
        assert!(texts[2].contains("status 500, nothing"), "{texts:?}");
        assert!(texts[3].contains("no JSON, `plain`"), "{texts:?}");
        assert_eq!(outcomes[1].document()["differencesInAll"], 1);
    }

    #[test]
    fn files_that_are_not_there_or_no_json_are_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("in.json"), "{}").unwrap();
        fs::write(folder.path().join("out.txt"), "hunter2").unwrap();
        let read = |request: &str, expect: &str| {
            let test = {
                let [request, expect] = [request, expect].map(|it| folder.path().join(it));
                GoldenTest { request, expect, tolerance: 0.0 }
            };
            read_case(&test, "/x").unwrap_err().text()
        };
        assert!(read("gone.json", "out.txt").contains("gone.json"));
        let text = read("in.json", "out.txt");
        assert!(text.contains("out.txt") && !text.contains("hunter2"), "{text}");
    }
}
