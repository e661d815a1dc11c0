#!/usr/bin/env bash
# Runs the scenarios and histories of the simulation against DynamoDB Local, and what concerns the queue against ElasticMQ. Both come from Maven Central and end
# with this script; all that it makes is under target/. It needs Java 17 and Maven. DynamoDB Local listens on every
# interface, since it has no option for one; it holds nothing but what these tests put there.
# What the engines differ in stands in engines/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly WORK=$PWD/target/ci
readonly JARS=$WORK/engines-$(cksum <tests/engines/pom.xml | cut -d ' ' -f 1)
readonly PATIENCE_SECONDS=120
engines=()

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

stop_engines() {
  for engine in "${engines[@]}"; do
    kill -TERM "$engine" 2>/dev/null || true
  done
}

trap stop_engines EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Waits until something listens on a port, as long as the process that is to do it lives.
await_port() {
  local deadline=$((SECONDS + PATIENCE_SECONDS))
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    if ! kill -0 "$2" 2>/dev/null || ((SECONDS > deadline)); then
      cat "$3"
      fail "nothing listens on port $1"
    fi
    sleep 0.2
  done
}

command -v java >/dev/null && command -v mvn >/dev/null || fail 'the other engines need Java 17 and Maven'
if [[ ! -d $JARS ]]; then
  rm -rf "$JARS.part"
  mvn --quiet --batch-mode --file tests/engines/pom.xml dependency:copy-dependencies -DoutputDirectory="$JARS.part"
  mv "$JARS.part" "$JARS"
fi

dynamodb=$(free_port)
java -Djava.library.path="$JARS" -cp "$JARS/*" software.amazon.dynamodb.services.local.main.ServerRunner \
  -inMemory -disableTelemetry -port "$dynamodb" >"$WORK/dynamodb-local.log" 2>&1 &
engines+=($!)
await_port "$dynamodb" $! "$WORK/dynamodb-local.log"
sqs=$(free_port)
java -Xmx256m -cp "$JARS/*" -Dnode-address.port="$sqs" -Drest-sqs.bind-port="$sqs" -Drest-sqs.bind-hostname=127.0.0.1 \
  -Drest-stats.enabled=false org.elasticmq.server.Main >"$WORK/elasticmq.log" 2>&1 &
engines+=($!)
await_port "$sqs" $! "$WORK/elasticmq.log"

printf '\nThe scenarios against DynamoDB Local\n'
# DynamoDB Local bills a transaction once. What stops the clock, or drops calls midway, only goes with an engine that answers
# at once.
AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:$dynamodb cargo test --locked --package tests --test scenarios -- \
  --skip costs::generating_and_closing_a_month --skip costs::only_a_usage_under_a_limit \
  --skip large::a_close_that --skip ticks::a_run
printf '\nHistories of the simulation against DynamoDB Local\n'
AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:$dynamodb cargo simulate --histories 100
printf '\nThe scenarios of the queue and of closing against ElasticMQ\n'
AWS_ENDPOINT_URL_SQS=http://127.0.0.1:$sqs cargo test --locked --package tests --test scenarios -- \
  queue:: closing:: --test-threads 1
