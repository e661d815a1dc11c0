#!/usr/bin/env bash
# Where the processor time of the local host goes, by library: of closing, or of posts of so many usages.
#   bash tests/profile.sh closing        1,000 subscriptions with 30 usages each
#   bash tests/profile.sh 1              lone posts; 10, 100 or 1000 for batches
# It needs Linux's perf, and the right to use it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v perf >/dev/null || { echo "perf is not installed" >&2; exit 1; }

readonly WHAT=${1:-1}
case $WHAT in
  closing) options=(closing --subscriptions 1000) ;;
  *) options=(throughput --size "$WHAT") ;;
esac

program=$(cargo bench --locked --profile simulation --package local --bench scale --no-run --message-format json |
  sed -n 's/.*"name":"scale".*"executable":"\([^"]*\)".*/\1/p')
readonly DATA=target/profile.data
perf record --quiet --freq 2000 --event cpu-clock --output "$DATA" -- "$program" "${options[@]}" >/dev/null

# Generic code of the standard library counts as that of the first library that its name names.
perf report --stdio --no-children --fields overhead,comm,dso,symbol --field-separator '|' --input "$DATA" 2>/dev/null |
  awk -F'|' '
    function owner(dso, symbol) {
      if (dso ~ /kernel|vdso/) return "the kernel: sockets, timers"
      if (symbol ~ /rusqlite|dynoxide|winterbaume/) return "the engines: dynoxide, winterbaume"
      if (symbol ~ /(^|[^a-z_])(operations|store|billing|rating|api|invoice_queue|record_usage|usage_charges|catalog|subscriptions|invoices|close_periods|issue_invoice)::/) return "ours"
      if (symbol ~ /(^|[^a-z_])(local|scale)::/) return "ours: the local host alone"
      if (symbol ~ /aws_/) return "the AWS SDK"
      if (symbol ~ /serde|itoa|ryu/) return "JSON"
      if (symbol ~ /hyper|axum|tower|httparse|matchit|lambda_|http::/) return "HTTP and Lambda runtime"
      if (symbol ~ /tokio|futures|mio::|tracing/) return "tokio, tracing"
      if (dso ~ /libc/) {
        if (symbol ~ /malloc|free|calloc|realloc|_int_|unlink|brk/) return "allocator"
        if (symbol ~ /mem(cpy|move|set|cmp|chr)|str(len|cmp)/) return "copying and comparing memory"
        return "libc"
      }
      if (symbol ~ /alloc::|core::|std::|hashbrown|__rust|__rdl/) return "Rust library, unattributed"
      if (symbol ~ /::/) return "other libraries"
      return "the engines: SQLite"
    }
    /^ *[0-9]/ && $2 ~ /^host/ { share = $1; sub(/%/, "", share); shares[owner($3, $4)] += share; all += share }
    END { for (name in shares) printf "%5.1f %%  %s\n", 100 * shares[name] / all, name }' | sort -rn
