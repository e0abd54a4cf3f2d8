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

# Power cuts of an update: every one on a model of a disk, and drawn ones on a whole board, of which some boot
power-cuts CUTS="200" BOOTS="5" SEED="1":
    cargo test -p moead-update --test power_cuts
    cargo build --workspace --bins
    MOEAD_POWER_CUTS={{ CUTS }} MOEAD_POWER_BOOTS={{ BOOTS }} MOEAD_POWER_SEED={{ SEED }} cargo test --workspace --test board_vm -- power_cuts --nocapture

# Whole boards of 64-bit ARM with the program that ships (`just dist --arm` first): start, update, power cuts, and what they must refuse
arm-board CUTS="20" BOOTS="2" SEED="1":
    tests/board_vm/vm.sh --machine arm64 --missing | xargs --no-run-if-empty sudo apt-get install --yes
    tests/board_vm/vm.sh --machine arm64 --install
    cargo build --workspace --bins
    MOEAD_BOARD_MACHINE=arm64 MOEAD_POWER_CUTS={{ CUTS }} MOEAD_POWER_BOOTS={{ BOOTS }} MOEAD_POWER_SEED={{ SEED }} cargo test --workspace --test board_vm -- scenarios --nocapture --test-threads 1

# Expert choices of the golden cases on 64-bit ARM (engine tract), under qemu's user mode: a quarter of an hour
arm-experts:
    tests/run.sh --only-cross
    sudo apt-get install --yes qemu-user-static libc6-arm64-cross
    PATH="$HOME/.cache/moead-edge/zig/bin:$PATH" CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64-static -L /usr/aarch64-linux-gnu -cpu cortex-a76" \
        MOEAD_WITHOUT_ORT=1 cargo-zigbuild test --profile cross --target aarch64-unknown-linux-gnu.2.31 -p moead-tests --test suite -- experts:: --skip official --skip visa

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
