#!/usr/bin/env bash
# doorward behind real proxies, with the configurations of packaging/proxies: see run.mjs. Installs what it needs.
#
#   DOORWARD_BIN   the program; default target/release/doorward
#   NGINX, CADDY   the proxies; default Debian's
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
cd "$(dirname "$0")"

missing=()
[ -n "${NGINX:=$(command -v nginx || ls /usr/sbin/nginx 2>/dev/null || true)}" ] || missing+=(nginx)
[ -n "${CADDY:=$(command -v caddy || true)}" ] || missing+=(caddy)
command -v openssl >/dev/null || missing+=(openssl)
if [ ${#missing[@]} -gt 0 ]; then
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}") >/dev/null
  NGINX=${NGINX:-/usr/sbin/nginx} CADDY=${CADDY:-caddy}
fi
# The MCP client and the MCP server are those of the other tests.
[ -d ../clients/node_modules ] || (cd ../clients && npm ci --no-audit --no-fund --loglevel=error)

export NGINX CADDY
DOORWARD_BIN=$(realpath "${DOORWARD_BIN:-../../target/release/doorward}")
export DOORWARD_BIN
exec node run.mjs
