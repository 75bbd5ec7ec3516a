#!/bin/sh
# Everything a change must pass, in the order that fails fastest. CI runs exactly this.
#
# `cargo test`, the README's second command, needs Rust alone. What comes after it needs Node, Python and Chromium,
# which are installed here where they are missing; QUICK=1 leaves that part out.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$1"; }

say 'format'
cargo fmt --check

say 'lints'
cargo clippy --locked --all-targets --quiet -- --deny warnings

say 'tests'
cargo test --locked --quiet

say 'documentation'
RUSTDOCFLAGS='--deny warnings' cargo doc --locked --no-deps --document-private-items --quiet

if cargo deny --version >/dev/null 2>&1; then
    say 'dependencies'
    cargo deny --offline check bans licenses sources
fi

if [ "${QUICK:-0}" = 1 ]; then
    say 'left out: release build, real clients, browser (QUICK=1)'
    exit 0
fi

say 'release build'
cargo build --locked --release --quiet

say 'real clients'
sh tests/clients/run.sh

say 'a real browser'
sh tests/browser/run.sh

say 'all of it passed'
