#!/usr/bin/env bash
# Invokes every function with its event of events/, through `cargo lambda watch` and the endpoints of `cargo dev`, and
# looks at what they answer: a site, a customer, a usage of 22 minutes, what it costs, the close of its month, the invoice.
# It needs the Rust toolchain, cargo-lambda and python3.
set -euo pipefail
# Each program in the background has a process group of its own, so that what it starts ends with it.
set -m
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly ROOT_KEY=local-root-key
readonly PATIENCE_SECONDS=300
readonly LOGS=target/cargo-lambda
started=()
declare -A invoked=()

fail() {
  printf 'error: %s\n' "$*" >&2
  tail -n 40 "$LOGS"/*.log >&2
  exit 1
}

# Ends the process groups that this script started, and waits no longer than ten seconds for each.
stop_all() {
  local group tenth
  for group in "${started[@]}"; do
    kill -TERM -- "-$group" 2>/dev/null || continue
    for ((tenth = 0; tenth < 100; tenth++)); do
      kill -0 -- "-$group" 2>/dev/null || continue 2
      sleep 0.1
    done
    kill -KILL -- "-$group" 2>/dev/null || true
  done
}

trap stop_all EXIT

# Waits until a log says something, as long as the process behind it runs.
wait_for() {
  local process=$1 log=$2 text=$3 deadline=$((SECONDS + PATIENCE_SECONDS))
  until grep -q "$text" "$log"; do
    kill -0 "$process" 2>/dev/null || fail "$log ends without «$text»"
    ((SECONDS < deadline)) || fail "$log does not say «$text»"
    sleep 0.1
  done
}

# Sends a request to a function the way a function URL does, and expects a status.
request() {
  python3 - "$@" <<'PYTHON'
import sys, urllib.error, urllib.request
address, expected, key, method, path, body = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
headers = {"Authorization": "Bearer " + key, "Content-Type": "application/json"}
call = urllib.request.Request(address + path, method=method, headers=headers, data=body.encode())
try:
    answer = opener.open(call, timeout=300)
except urllib.error.HTTPError as error:
    answer = error
text = answer.read().decode()
if str(answer.status) != expected:
    sys.exit(f"error: {method} {path} is answered {answer.status}, not {expected}: {text}")
PYTHON
}

subscriptions() { request "$watch_url/lambda-url/subscriptions" "$@"; }
catalog() { request "$watch_url/lambda-url/catalog" "$@"; }

# Invokes a function with its event, and holds a Python expression over its answer to be true; an HTTP answer's body is
# read as JSON. The answer goes through a file: the API's description is too long for an argument.
invoke() {
  local name=$1 holds=$2 answer=$LOGS/answer.json
  invoked[$name]=yes
  cargo lambda invoke --invoke-address 127.0.0.1 --invoke-port "$watch_port" "$name" \
    --data-file "events/$name.json" --output-format json >"$answer" || fail "$name cannot be invoked"
  python3 - "$name" "$holds" "$answer" <<'PYTHON' || fail "$name does not answer as it should"
import json, sys
name, holds, place = sys.argv[1:]
answer = json.load(open(place))
if "body" in answer:
    answer["body"] = json.loads(answer["body"])
if not eval(holds, {"answer": answer, "status": answer.get("statusCode"), "body": answer.get("body")}):
    sys.exit(f"error: {name} answers {json.dumps(answer)[:2000]}, where this should hold: {holds}")
print(f"{name}: {holds}")
PYTHON
}

mkdir -p "$LOGS"
rm -f "$LOGS"/*.log
cargo lambda --version || fail 'cargo-lambda is not installed'
read -r dynamodb_port sqs_port watch_port < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(3)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')
watch_url=http://127.0.0.1:$watch_port
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

cargo dev --endpoints-only --dynamodb-port "$dynamodb_port" --sqs-port "$sqs_port" >"$LOGS/dev.log" 2>&1 &
endpoints=$!
started+=("$endpoints")
wait_for "$endpoints" "$LOGS/dev.log" 'Ctrl-C ends'
while read -r variable; do
  export "${variable?}"
done < <(sed -n 's/^export //p' "$LOGS/dev.log")

cargo lambda watch --locked --ignore-changes --invoke-address 127.0.0.1 --invoke-port "$watch_port" \
  >"$LOGS/watch.log" 2>&1 &
watch=$!
started+=("$watch")
deadline=$((SECONDS + PATIENCE_SECONDS))
until python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$watch_port" 2>/dev/null; do
  kill -0 "$watch" 2>/dev/null || fail 'cargo lambda watch ends'
  ((SECONDS < deadline)) || fail 'cargo lambda watch does not come up'
  sleep 0.1
done

catalog 201 "$ROOT_KEY" POST /v1/sites '{"id":"demo","time_zone":"UTC","test_clock":"2015-09-01T00:00:00Z"}'
catalog 201 "$ROOT_KEY" POST /v1/api-keys '{"site_id":"demo","scopes":["admin"],"key":"local-demo-key"}'
invoke catalog 'status == 201 and body["id"] == "acme"'
catalog 201 local-demo-key POST /v1/items '{"id":"voip-minutes","name":"VoIP minutes","type":"plan","unit_name":"minute"}'
catalog 201 local-demo-key POST /v1/item-prices '{"id":"voip-minutes-usd-monthly","item_id":"voip-minutes",
  "currency_code":"USD","period":{"every":1,"unit":"month"},"metered":true,
  "price":{"model":"per_unit","unit_amount":"0.05"}}'
subscriptions 201 local-demo-key POST /v1/subscriptions '{"id":"voip-acme","customer_id":"acme",
  "start_date":"2015-09-01T00:00:00Z","items":[{"item_price_id":"voip-minutes-usd-monthly"}]}'
invoke subscriptions 'status == 200 and body["id"] == "voip-acme"'
catalog 200 local-demo-key PATCH /v1/sites/demo '{"test_clock":"2015-09-15T12:00:00Z"}'
invoke record-usage 'status == 201 and body["quantity"] == "22" and body["billable"]'
invoke record-usage 'status == 200 and body["quantity"] == "22"'
invoke usage-charges 'status == 200 and [charge["amount"] for charge in body["list"]] == ["1.10"]'
invoke close-periods 'answer == {"due": 0}'
catalog 200 local-demo-key PATCH /v1/sites/demo '{"test_clock":"2015-10-01T00:00:00Z"}'
invoke close-periods 'answer == {"due": 1}'
invoke issue-invoice 'answer == {"batchItemFailures": []}'
invoke invoices 'status == 200 and [(one["status"], one["total"]) for one in body["list"]] == [("pending", "1.10")]'
invoke docs 'status == 200 and body["openapi"] == "3.1.0"'

for event in events/*.json; do
  name=$(basename "$event" .json)
  [[ -n ${invoked[$name]:-} ]] || fail "$event is not invoked here"
done

stop_all
started=()
printf 'every function answered its event\n'
