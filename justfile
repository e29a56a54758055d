# The commands that people and CI share: `just` lists them. Nothing here needs more than a
# toolchain, except where a comment says so.

# Lists the recipes
default:
    @just --list --unsorted

# Type-checks everything
check:
    cargo check --workspace --all-targets

# Runs all tests, as CI does
test:
    cargo test --workspace

# Runs the tests of one crate, for example `just t radiant-protocol`
t crate *args:
    cargo test -p {{crate}} {{args}}

# Formats the tree
fmt:
    cargo fmt --all

# Lints as CI does
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Builds the documentation of our crates; a broken link is an error
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Rewrites the pages that are made from tables in the code
docs-update:
    UPDATE_DOCS=1 cargo test --workspace --quiet docs

# Benchmarks the codecs with the profile that figures are published from
bench *args:
    cargo bench -p radiant-benches --profile release {{args}}

# Measures the server beside a constant reply: processor time and requests a second
bench-serve *args:
    cargo build --package radiant --package radiant-benches --release
    target/release/radiant-bench-serve {{args}}

# Measures batching, low load and overload: open-loop requests over REST and gRPC
bench-overload *args:
    cargo build --package radiant --package radiant-benches --release
    target/release/radiant-bench-overload {{args}}

# Keeps a server under mixed load for so many minutes: its memory and files may not grow
soak minutes="30":
    cargo test --workspace --profile quick --test soak -- {{minutes}}

# Serves a model, by default the bundled example
run model="tests/models/iris" *args:
    cargo run --profile quick -- serve {{model}} {{args}}

# Checks spelling (needs `typos`: `pip install typos`)
typos:
    typos

# Checks licences, duplicates and owners of heavy crates (needs cargo-deny and the network)
deny:
    cargo deny check

# Runs what CI runs, in a cache of its own
ci:
    .ci/run
