# Shortcuts; each line is a command that also works by itself.

# The recipes
default:
    @just --list

# All tests, with their set-up; arguments go to cargo-nextest
test *ARGUMENTS:
    tests/run.sh {{ ARGUMENTS }}

# Clippy, warnings as errors
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Format all sources
fmt:
    cargo fmt --all

# Documentation of our crates, warnings as errors
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Licences, duplicate crates, sources, advisories
deny:
    cargo deny check

# The rules that the compiler does not check
tidy:
    cargo test -p moead-tests --test tidy

# Every power cut of an update on a board, on a model of a disk
power-cuts *ARGUMENTS:
    cargo test -p moead-update --test power_cuts -- {{ ARGUMENTS }}

# Benchmarks: paired runs with a peer
bench *ARGUMENTS:
    cargo bench -p moead-tests {{ ARGUMENTS }}

# The README's first command: builds, exports a small checkpoint, judges sample pictures
demo *FOLDER:
    tests/demo.sh {{ FOLDER }}

# The programs that ship, for 64-bit ARM and x86-64, into dist/
dist *ARGUMENTS:
    boards/dist/build.sh {{ ARGUMENTS }}

# Makes the model inside of `moead-edge --demo` from nothing; half an hour
demo-model *FOLDER:
    runtime/assets/demo/make.sh {{ FOLDER }}

# Everything that must hold before a change goes in
ci:
    .ci/run
