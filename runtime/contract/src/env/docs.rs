//! The table of variables as a page of documentation.

use super::{ALL, EnvVar, Origin};

const HEAD: &str = "\
# Environment variables

Every variable that `radiant` reads. An empty variable counts as unset. Of several that say the same
thing, the first of these wins: the flag, the `RADIANT_` variable, Seldon Core's variable, MLServer's
variable, the pod's annotation, the default. `radiant config` prints the value that holds and where
it comes from.

Durations are written `8s`, `500ms` or `2m` (a bare number is seconds), sizes `256MiB` or `1GB` (a
bare number is bytes), switches `true` or `false`.

This page is written from `runtime/contract/src/env/table.rs` by
`UPDATE_DOCS=1 cargo test -p radiant-contract`.
";

const IGNORED: &str = "
## Not read

Seldon Core's Python microservice reads these; they have no meaning here, and setting them does no
harm: `PREDICTIVE_UNIT_SERVICE_PORT`, `GUNICORN_WORKERS`, `GUNICORN_THREADS`,
`GUNICORN_MAX_REQUESTS`, `GUNICORN_MAX_REQUESTS_JITTER`, `GUNICORN_KEEPALIVE`,
`FLASK_*`, `GRPC_THREADS`, `SELDON_DEBUG`, `FILTER_METRICS_ACCESS_LOGS`, `TRACING`, `JAEGER_*`,
`USE_MULTIPROCESS_PACKAGE`, `MLSERVER_MODEL_IMPLEMENTATION`.
";

/// The page `docs/env.md`.
pub fn to_markdown() -> String {
    let mut page = HEAD.to_owned();
    for (origin, heading) in [
        (Origin::Ours, "Radiant's own (each is a flag of `radiant serve` too)"),
        (Origin::Seldon, "Seldon Core's"),
        (Origin::MlServer, "MLServer's, as Seldon Core's operator sets them"),
    ] {
        page.push_str("\n## ");
        page.push_str(heading);
        page.push_str("\n\n| variable | default | meaning |\n|---|---|---|\n");
        ALL.iter().filter(|variable| variable.origin == origin).for_each(|variable| {
            page.push_str(&row(variable));
        });
    }
    page.push_str(IGNORED);
    page
}

fn row(variable: &EnvVar) -> String {
    let default = match variable.default {
        "" => String::new(),
        default => format!("`{default}`"),
    };
    format!("| `{}` | {default} | {} |\n", variable.name, variable.meaning)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;
    use crate::env::{EnvSource, ProcessEnv};

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/env.md");

    #[test]
    fn the_page_says_what_the_table_says() {
        if ProcessEnv.get("UPDATE_DOCS").is_some() {
            fs::write(PAGE, to_markdown()).expect("docs/env.md can be written");
        }
        let page = fs::read_to_string(PAGE).expect("docs/env.md exists");
        assert!(
            page == to_markdown(),
            "docs/env.md differs from the table: UPDATE_DOCS=1 cargo test -p radiant-contract"
        );
    }

    #[test]
    fn names_are_unique_and_ours_begin_alike() {
        let names: BTreeSet<&str> = ALL.iter().map(|variable| variable.name).collect();
        assert_eq!(names.len(), ALL.len());
        for variable in ALL {
            assert_eq!(
                variable.name.starts_with("RADIANT_"),
                variable.origin == Origin::Ours,
                "{}",
                variable.name
            );
            assert!(variable.meaning.ends_with('.'), "{}", variable.name);
        }
    }
}
