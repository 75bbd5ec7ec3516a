#!/usr/bin/env bash
# Real clients against the real binary: see README.md.
#   DOORWARD_BIN=…  the binary, ../../target/release/doorward without it
#   VERBOSE=1       stack traces, and the logs of everything that ran
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
cd "$(dirname "$0")"

bin=${DOORWARD_BIN:-../../target/release/doorward}
[ -x "$bin" ] || { echo "no binary at $bin: build it, or say where it is in DOORWARD_BIN" >&2; exit 2; }
bin=$(cd "$(dirname "$bin")" && pwd)/$(basename "$bin")
unset "${!DOORWARD_@}" # the twins of doorward's own flags

work=$(mktemp -d)
pids=()
finish() {
  trap - EXIT
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid" 2>/dev/null || true; done
  if [ -n "${VERBOSE:-}" ]; then tail -n 200 "$work"/*.log >&2 || true; fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- what has to be installed -------------------------------------------------------------------
# A mark holds what was installed; with the same lock files there is nothing to do.
mark() { cat package-lock.json requirements-*.txt | cksum; }
if [ "$(cat .venv/installed 2>/dev/null)" != "$(mark)" ] || [ ! -d node_modules ]; then
  omit=()
  # The conformance suite needs Node 22; a newer Node on the machine serves as well as the one of the lock file.
  [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 22 ] || omit=(--omit=optional)
  npm ci --no-audit --no-fund --loglevel=error ${omit[@]+"${omit[@]}"}
  for line in 1 2; do
    python3 -m venv --clear ".venv/$line"
    ".venv/$line/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "requirements-$line.txt"
  done
  mark > .venv/installed
fi
node22=node
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 22 ] || node22=node_modules/.bin/node

# ---- what stands behind -------------------------------------------------------------------------
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wait_for() { # PORT PID NAME
  for _ in $(seq 150); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  echo "FAIL  $3 does not listen" >&2
  cat "$work/$3.log" >&2
  exit 1
}

everything=$(free_port)
PORT=$everything node node_modules/@modelcontextprotocol/server-everything/dist/index.js streamableHttp >"$work/everything.log" 2>&1 &
pids+=($!); everything_pid=$!
fastmcp=$(free_port)
.venv/2/bin/python fastmcp_server.py "$fastmcp" >"$work/fastmcp.log" 2>&1 &
pids+=($!); fastmcp_pid=$!
wait_for "$everything" "$everything_pid" everything
wait_for "$fastmcp" "$fastmcp_pid" fastmcp

# ---- doorward, one for each client, so that they can run at once -------------------------------
export PYTHONDONTWRITEBYTECODE=1
export DOORWARD_BIN=$bin SIGN_IN_NAME=alice@example.com SIGN_IN_PASSWORD="correct horse & battery=staple" ACCESS_SECONDS=5

start() { # NAME [ARGUMENT…]: sets `url` and `data`
  local name=$1 line=
  shift
  data=$work/$name
  : >"$work/$name.out"
  "$bin" serve --listen 127.0.0.1:0 --data "$data" "$@" >"$work/$name.out" 2>"$work/$name.doorward.log" &
  local pid=$!
  pids+=("$pid")
  for _ in $(seq 150); do
    line=$(head -n 1 "$work/$name.out")
    [ -z "$line" ] || break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  case $line in
    "listening on http://"*) url=${line#listening on } ;;
    *) echo "FAIL  doorward does not start: $line" >&2; cat "$work/$name.doorward.log" >&2; exit 1 ;;
  esac
  printf '%s\n' "$SIGN_IN_PASSWORD" | "$bin" user add "$SIGN_IN_NAME" --password-stdin --owner --data "$data" >"$work/$name.user.log" 2>&1 \
    || { echo "FAIL  doorward user add:" >&2; cat "$work/$name.user.log" >&2; exit 1; }
}

# Every listed server is at a path of its own.
configure() { # NAME LIFETIME
  mkdir -p "$work/$1"
  cat >"$work/$1/doorward.toml" <<TOML
[lifetimes]
access_token = "$2"

[[server]]
path = "/everything"
name = "Everything"
upstream = "http://127.0.0.1:$everything/mcp"

[[server]]
path = "/fastmcp"
name = "FastMCP"
upstream = "http://127.0.0.1:$fastmcp/mcp"
TOML
}

runs=()
launch() { # NAME COMMAND…
  local name=$1
  shift
  ISSUER=$url DATA_DIRECTORY=$data "$@" >"$work/$name.result" 2>"$work/$name.client.log" &
  pids+=($!)
  runs+=("$name:$!")
}

# Access tokens die young, so that the clients have to refresh.
for name in ts1 ts2 python1 python2; do
  configure "$name" "${ACCESS_SECONDS}s"
  start "$name"
  case $name in
    ts*) launch "$name" node "$name.mjs" ;;
    *) launch "$name" ".venv/${name#python}/bin/python" client.py ;;
  esac
done
# Libraries that know nothing of MCP: their tokens live an hour.
for name in oauth4webapi openid-client authlib; do
  configure "$name" 1h
  start "$name"
  case $name in
    authlib) launch "$name" .venv/2/bin/python authlib_client.py ;;
    *) launch "$name" node "$name.mjs" ;;
  esac
done
# The plain form: one server, no file.
start conformance --upstream "http://127.0.0.1:$everything/mcp"
launch conformance "$node22" conformance.mjs
configure gateway 1h
# The others stay within the limits that people get; this one calls with one token as often as it can.
printf '[limits]\ncalls_per_minute = "off"\n' >>"$work/gateway/doorward.toml"
start gateway
EVERYTHING=http://127.0.0.1:$everything/mcp FASTMCP=http://127.0.0.1:$fastmcp/mcp launch gateway "$node22" gateway.mjs

# ---- what came of it ----------------------------------------------------------------------------
for run in "${runs[@]}"; do
  name=${run%%:*} code=0
  wait "${run##*:}" || code=$?
  # A client that dies without saying so has failed as well.
  if [ "$code" != 0 ] && ! grep -q '^FAIL' "$work/$name.result"; then echo "FAIL  $name: ended with $code" >>"$work/$name.result"; fi
  if [ "$code" = 0 ] && ! grep -q '^ok' "$work/$name.result"; then echo "FAIL  $name: checked nothing" >>"$work/$name.result"; fi
  cat "$work/$name.result"
  if grep -q '^FAIL' "$work/$name.result"; then sed 's/^/      | /' "$work/$name.client.log" "$work/$name.doorward.log" | tail -n 40; fi
done
passed=$(cat "$work"/*.result | grep -c '^ok' || true)
failed=$(cat "$work"/*.result | grep -c '^FAIL' || true)
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
