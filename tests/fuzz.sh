#!/usr/bin/env bash
# Fuzzes rating: each target in turn for so many seconds, 60 if not said, from the seeds and from what earlier runs found.
# It needs a nightly toolchain and a C++ compiler, and installs cargo-fuzz under target/ where it is missing. It ends with
# an error where a target finds something; the input is kept under target/fuzz/findings.
# `bash tests/fuzz.sh check` only checks that the targets are formatted and build, with the ordinary toolchain.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly CARGO_FUZZ=0.13.2
readonly CRATE=shared/rating/fuzz
readonly WORK=$PWD/target/fuzz
readonly TOOL=$WORK/cargo-fuzz-$CARGO_FUZZ
readonly EACH=${1:-60}

if [[ $EACH == check ]]; then
  cargo fmt --check --manifest-path "$CRATE/Cargo.toml"
  cargo clippy --locked --quiet --manifest-path "$CRATE/Cargo.toml" --target-dir "$WORK/check" -- -D warnings
  exit
fi

[[ -x $TOOL/bin/cargo-fuzz ]] || cargo install --quiet --locked --root "$TOOL" "cargo-fuzz@$CARGO_FUZZ"
PATH=$TOOL/bin:$PATH cargo +nightly fuzz build --fuzz-dir "$CRATE" --target-dir "$WORK"

mkdir -p "$WORK/findings"
found=0
printf '%-8s %12s %10s  %s\n' target executions seconds findings
for source in "$CRATE"/fuzz_targets/*.rs; do
  target=$(basename "$source" .rs)
  corpora=("$WORK/corpus/$target")
  mkdir -p "${corpora[0]}"
  [[ ! -d $CRATE/seeds/$target ]] || corpora+=("$CRATE/seeds/$target")
  options=(-max_total_time="$EACH" -timeout=20 -max_len=4200 -print_final_stats=1)
  options+=(-artifact_prefix="$WORK/findings/$target-")
  [[ ! -f $CRATE/seeds/$target.dict ]] || options+=(-dict="$CRATE/seeds/$target.dict")
  log=$WORK/$target.log
  began=$SECONDS
  told=none
  if ! "$WORK"/*/release/"$target" "${options[@]}" "${corpora[@]}" >"$log" 2>&1; then
    found=1
    told="see $log"
  fi
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%-8s %12s %10s  %s\n' "$target" "${executions:-unknown}" "$((SECONDS - began))" "$told"
done
exit "$found"
