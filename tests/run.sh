#!/usr/bin/env bash
# Runs all tests. On a fresh Debian or Ubuntu with Rust (rustup), it first installs what they need, and says what.
#
#   tests/run.sh                        everything; the summary is the last thing printed
#   tests/run.sh -E 'test(verdict)'     arguments go to cargo-nextest; documentation examples are then left out
#   tests/run.sh --only-setup           the set-up alone
#   tests/run.sh --only-compiler        only what building needs: a C compiler, libclang, git, Rust
#   tests/run.sh --only-cross           that, and what boards/dist/build.sh needs: Zig, headers and Rust's library for 64-bit ARM
#
# The tests of cameras and of whole boards boot virtual machines (tests/camera_vm/README.md, tests/board_vm/README.md). Where they
# cannot be had, that is said, and they are counted as skipped.
#
# MOEAD_VENV     folder of the Python virtual environment (default: .venv)
# MOEAD_PYTHON   a Python that already has tests/requirements.txt; then no virtual environment is made
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

NEXTEST_VERSION=0.9.143
cache="$HOME/.cache/moead-edge"
venv="${MOEAD_VENV:-.venv}"
export PATH="$cache/bin:$PATH"

say() { printf '== %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$1" >&2; shift; [ $# -eq 0 ] || printf 'hint: %s\n' "$@" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# Python 3.11 or later with the modules that make a virtual environment; nothing when there is none.
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

is_old_python() { has python3 && ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; }

# libclang reads the kernel's headers when the camera's part is built. Its names and places are those that the crate
# clang-sys looks for.
has_libclang() {
    local place
    if [ -n "${LIBCLANG_PATH:-}" ]; then return 0; fi
    for place in /usr/local/lib*{,/*,/*/*} /usr/lib*{,/*,/*/*}; do
        compgen -G "$place/libclang.so*" >/dev/null && return 0
        compgen -G "$place/libclang-[0-9]*.so*" >/dev/null && return 0
    done
    return 1
}

# install PACKAGE…: with apt-get, as root or through sudo; what is missing is named where neither can be.
install() {
    has apt-get || { printf 'error: these are missing: %s (names of Debian packages)\n' "$*" >&2; return 1; }
    local as_root=()
    if ! is_root; then
        has sudo || { printf 'error: these Debian packages are missing: %s\n' "$*" >&2; return 1; }
        as_root=(sudo)
    fi
    say "installing with apt-get: $*"
    ${as_root[@]+"${as_root[@]}"} apt-get update -qq || say "apt-get update failed; going on with the lists that are here"
    # Another run may be installing the same.
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 "$@" >&2
}

# install_packages all|compiler
install_packages() {
    local missing=()
    has cc || missing+=(build-essential)
    has git || missing+=(git)
    has_libclang || missing+=(libclang1)
    [ -e /usr/include/linux/videodev2.h ] || missing+=(linux-libc-dev)
    if [ "$1" = all ] && [ -z "${MOEAD_PYTHON:-}" ] && [ -z "$(find_python)" ]; then
        if is_old_python; then missing+=(python3.11 python3.11-venv); else missing+=(python3 python3-venv); fi
    fi
    [ ${#missing[@]} -gt 0 ] || return 0
    install "${missing[@]}" || fail "${missing[*]} could not be installed" "install what is named above and run this again"
}

# prepare_vm SCRIPT: a virtual machine; what stands in its way is no reason not to run the other tests.
prepare_vm() {
    local missing
    missing=$("$1" --missing | tr '\n' ' ')
    # shellcheck disable=SC2086 # a list of packages
    [ -z "$missing" ] || install $missing || return 0
    "$1" --install || return 0
}

# The browser that looks at the live view. On Ubuntu, the package of that name is no browser: the tests then say what they skip.
prepare_browser() {
    if has chromium || has chromium-browser || has google-chrome || has google-chrome-stable; then return 0; fi
    install chromium || return 0
}

check_rust() {
    has cargo || [ ! -x "$HOME/.cargo/bin/cargo" ] || export PATH="$HOME/.cargo/bin:$PATH"
    has cargo || fail "cargo was not found" "install Rust with rustup, as www.rust-lang.org/tools/install says"
}

install_nextest() {
    if cargo nextest --version >/dev/null 2>&1; then return 0; fi
    say "installing cargo-nextest $NEXTEST_VERSION into $cache/bin (compiles for a few minutes)"
    env -u CARGO_TARGET_DIR cargo install cargo-nextest --locked --version "$NEXTEST_VERSION" --root "$cache"
}

# Rust's own library for a machine: with rustup, or with the distribution's package.
has_target() { [ -d "$(rustc --print target-libdir --target "$1")" ]; }

# install_cross: what links programs for other machines and older systems. Zig comes from PyPI, into a folder of its own.
install_cross() {
    local triple missing=()
    local requirements=boards/dist/requirements.txt place="$cache/zig"
    [ "$(uname -m)" = x86_64 ] || fail "programs for other machines are built on x86-64, and this is $(uname -m)"
    # The kernel's and the C library's headers, which bindgen reads; clang looks for them there by itself.
    [ -e /usr/aarch64-linux-gnu/include/linux/videodev2.h ] || missing+=(libc6-dev-arm64-cross)
    if [ -z "$(find_python)" ]; then missing+=(python3 python3-venv); fi
    if [ ${#missing[@]} -gt 0 ]; then
        install "${missing[@]}" || fail "${missing[*]} could not be installed" "install what is named above and run this again"
    fi
    for triple in aarch64-unknown-linux-gnu x86_64-unknown-linux-gnu; do
        if has_target "$triple"; then continue; fi
        has rustup || fail "Rust's library for $triple is missing" "install it with \`rustup target add $triple\`"
        say "installing Rust's library for $triple"
        rustup target add "$triple"
    done
    if ! cmp -s "$requirements" "$place/requirements.done"; then
        say "installing into $place: $(grep -v '^#' "$requirements" | tr '\n' ' ')"
        "$(find_python)" -m venv --clear "$place"
        "$place/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2 ||
            fail "Zig could not be installed"
        cp "$requirements" "$place/requirements.done"
    fi
}

make_venv() {
    if [ -n "${MOEAD_PYTHON:-}" ]; then
        say "Python: $MOEAD_PYTHON, as MOEAD_PYTHON says"
        return 0
    fi
    local done_for="$venv/requirements.done"
    if ! cmp -s tests/requirements.txt "$done_for"; then
        local python
        python="$(find_python)"
        [ -n "$python" ] || fail "no Python 3.11 or later that can make virtual environments was found"
        say "installing into the virtual environment $venv: $(grep -v '^#' tests/requirements.txt | tr '\n' ' ')"
        "$python" -m venv --clear "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt >&2
        cp tests/requirements.txt "$done_for"
    fi
    MOEAD_PYTHON="$(cd "$venv/bin" && pwd)/python"
    export MOEAD_PYTHON
}

only_setup=no
case "${1:-}" in
    --only-compiler)
        install_packages compiler
        check_rust
        exit 0
        ;;
    --only-cross)
        install_packages compiler
        check_rust
        install_cross
        exit 0
        ;;
    --only-setup)
        only_setup=yes
        shift
        ;;
esac

install_packages all
check_rust
install_nextest
make_venv
prepare_vm tests/camera_vm/vm.sh
prepare_vm tests/board_vm/vm.sh
prepare_browser
[ "$only_setup" = no ] || exit 0

if [ $# -eq 0 ]; then
    say "building (ten minutes the first time)"
    cargo build --workspace --bins --tests
    say "examples in the documentation"
    cargo test --workspace --doc --quiet
    set -- --workspace
fi
if ! obstacle="$(tests/camera_vm/vm.sh --check)"; then
    say "tests; those on cameras and on whole boards are SKIPPED, since their virtual machines cannot boot here: $obstacle"
    export NEXTEST_PROFILE=without-vm
elif ! obstacle="$(tests/board_vm/vm.sh --check)"; then
    say "tests; those on whole boards are SKIPPED, since their virtual machine cannot boot here: $obstacle"
    export NEXTEST_PROFILE=without-board-vm
else
    say "tests"
fi
exec cargo nextest run "$@"
