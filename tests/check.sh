#!/bin/sh
# Everything a change must pass, in the order that fails fastest. CI runs exactly this.
#
# `cargo test`, the README's second command, needs Rust alone. What comes after it needs Node and Python, and installs what
# else it needs: libraries of clients by npm and pip, and nginx, Caddy and Chromium by apt-get, as root, where they are
# missing. QUICK=1 leaves that part out.
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

if [ "${QUICK:-0}" = 1 ]; then
    say 'left out: dependencies, release build, real clients, proxies, browser (QUICK=1)'
    exit 0
fi

say 'dependencies'
# Advisories are left to whoever can reach their database: cargo deny check advisories.
if cargo deny --version >/dev/null 2>&1; then
    cargo deny --log-level error check bans licenses sources
else
    cargo install cargo-deny --locked --version 0.20.2 --root target/tools --quiet
    target/tools/bin/cargo-deny --log-level error check bans licenses sources
fi

say 'release build'
cargo build --locked --release --quiet

say 'real clients'
sh tests/clients/run.sh

say 'real proxies'
bash tests/proxies/run.sh

say 'a real browser'
sh tests/browser/run.sh

say 'all of it passed'
