#!/usr/bin/env bash
# Holds the API against its description: starts the local system with the demo, sends what the description allows and
# much that it does not, and fails on an answer of 5xx, of a status, media type or header that is not described, or off
# its schema. What is sent is said in openapi.toml. Run it with `bash tests/openapi.sh`; all that it makes is under target/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly SCHEMATHESIS=4.32.5
readonly CONFIGURATION=$PWD/tests/openapi.toml
readonly DOCUMENT=$PWD/functions/docs/openapi.json
readonly WORK=$PWD/target/ci
readonly HOME_OF_IT=$WORK/schemathesis-$SCHEMATHESIS
readonly LOG=$WORK/openapi.log
readonly PATIENCE_SECONDS=120
server=

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

stop_server() {
  [[ -n $server ]] && kill -TERM "$server" 2>/dev/null || true
}

trap stop_server EXIT

# A proxy of the environment has no business on loopback.
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

mkdir -p "$WORK"
if ! "$HOME_OF_IT/bin/schemathesis" --version >/dev/null 2>&1; then
  rm -rf "$HOME_OF_IT"
  if python3 -m venv "$HOME_OF_IT"; then
    "$HOME_OF_IT/bin/python" -m pip install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS"
  else
    rm -rf "$HOME_OF_IT"
    python3 -m pip install --quiet --disable-pip-version-check --target "$HOME_OF_IT" "schemathesis==$SCHEMATHESIS"
  fi
fi
export PYTHONPATH="$HOME_OF_IT${PYTHONPATH:+:$PYTHONPATH}"
python=$HOME_OF_IT/bin/python
[[ -x $python ]] || python=python3

"$python" tests/openapi_examples.py "$DOCUMENT"

cargo build --locked --package local
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cargo dev --port "$port" >"$LOG" 2>&1 &
server=$!
deadline=$((SECONDS + PATIENCE_SECONDS))
until grep -q 'Ctrl-C ends' "$LOG"; do
  if ! kill -0 "$server" 2>/dev/null || ((SECONDS > deadline)); then
    cat "$LOG"
    fail 'cargo dev does not come up'
  fi
  sleep 0.2
done
# Without the keys every answer would be a 401, which fits the description.
for door in 'local-demo-key /v1/customers' 'local-root-key /v1/api-keys?site_id=demo'; do
  python3 - "http://127.0.0.1:$port${door#* }" "${door%% *}" <<'PYTHON' || fail "${door#* } does not open"
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
opener.open(urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer " + sys.argv[2]}), timeout=10)
PYTHON
done
# It remembers what failed where it is started, and would send that first.
cd "$WORK"
rm -rf .schemathesis
"$HOME_OF_IT/bin/schemathesis" --config-file "$CONFIGURATION" run "$DOCUMENT" --url "http://127.0.0.1:$port"
kill -0 "$server" 2>/dev/null || fail 'cargo dev did not live through it'
