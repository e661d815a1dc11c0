#!/usr/bin/env bash
# Changes rating, billing and the usage pages in one small place at a time (cargo-mutants), to see that a test notices:
# all three, or the package that is named, `bash tests/mutants.sh billing`. What follows goes to cargo-mutants, such as
# `-F proration.rs` for the mutants of one file. It installs cargo-mutants under target/ where it is missing, works on
# copies of the tree, and ends with an error where a mutant survives; they are listed in target/mutants/mutants.out.
# Which files, and which mutants are left out and why: .cargo/mutants.toml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly CARGO_MUTANTS=27.1.0
readonly WORK=$PWD/target/mutants
readonly TOOL=$WORK/cargo-mutants-$CARGO_MUTANTS
# The nearest tests come first: what they let pass is tried again with all of the package's.
readonly SURVIVED=2 TIMED_OUT=3

packages=(rating billing store)
if [[ ${1:-} == [a-z]* ]]; then
  packages=("$1")
  shift
fi

[[ -x $TOOL/bin/cargo-mutants ]] || cargo install --quiet --locked --root "$TOOL" "cargo-mutants@$CARGO_MUTANTS"
# One build directory for all copies: only what is mutated is built anew.
export CARGO_TARGET_DIR=$WORK/build PROPTEST_CASES=${PROPTEST_CASES:-100}

mutants() { "$TOOL/bin/cargo-mutants" mutants --jobs 1 --output "$WORK" "${packages[@]/#/--package=}" "$@"; }

status=0
mutants --cargo-arg=--lib "$@" || status=$?
((status == 0 || status == SURVIVED || status == TIMED_OUT)) || exit "$status"
printf 'The survivors, with every test of their package\n'
mutants --iterate "$@"
