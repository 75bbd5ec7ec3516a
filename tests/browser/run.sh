#!/bin/sh
# Every page and every button in a real Chromium, in every look. Installs what it needs; pictures and the list of all checks
# go to results/.
#
#   DOORWARD_BIN   the program; default target/release/doorward
#   CHROMIUM       the browser; default Debian's
#   ONLY           walks to do, by name, with commas between; default all
#   LOOKS          a part of the name of the looks to do, such as 320 or dark-plain; default all
#   PICTURES=1     takes the pictures of the README anew instead, into pictures/
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
