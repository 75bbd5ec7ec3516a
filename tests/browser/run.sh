#!/bin/sh
# Set-up, sign-in and consent in a real Chromium, by click. Installs what it needs; screenshots go to results/.
#
#   DOORWARD_BIN   the program; default target/release/doorward
#   CHROMIUM       the browser; default Debian's
set -eu
cd "$(dirname "$0")"

if [ -z "${CHROMIUM:-}" ]; then
    CHROMIUM=$(command -v chromium || true)
    if [ -z "$CHROMIUM" ]; then
        (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium) >/dev/null
        CHROMIUM=$(command -v chromium)
    fi
fi
command -v openssl >/dev/null || (apt-get update -qq && apt-get install -y -qq openssl) >/dev/null
npm ci --silent --no-audit --no-fund
export CHROMIUM DOORWARD_BIN="${DOORWARD_BIN:-../../target/release/doorward}"
exec node run.mjs
