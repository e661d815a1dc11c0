#!/usr/bin/env bash
# Runs the functions of an earlier commit beside those of this tree, over one table and one queue. Every answer must be the
# same, whichever version did the steps before: what one version writes, the other one reads. So a deployment can be
# upgraded, and the upgrade can be taken back.
#
#     bash tests/previous.sh [SEED [CONTENTS]]
#
# The seed decides which version does which step, and is printed. CONTENTS is the number of contents of the scenario, six
# unless it is given. It needs the Rust toolchain, python3, and git with the earlier commit; all that it makes is under
# target/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The last commit before the packages were restructured.
readonly EARLIER=1d5d68423d92610e4d9d1f2935fbfc12d749a578
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
readonly WORK=$CARGO_TARGET_DIR/previous
readonly EARLIER_HOME=$WORK/earlier-$EARLIER
readonly PRESENT_HOME=$WORK/present

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Builds the functions of the workspace that this runs in, and the binaries that are named, and puts them into a folder
# with their template. The local system is selected too, so that dependencies have the same features as in `cargo dev`,
# which has built them already. `docs` is left out, since it has no table.
build_into() {
  local home=$1 name functions chosen=(--package local)
  shift
  functions=$(sed -n 's/^ *Binary: //p' template.yaml | grep -vx docs)
  for name in $functions; do
    chosen+=(--package "$name" --bin "$name")
  done
  for name in "$@"; do
    chosen+=(--bin "$name")
  done
  cargo build "${locked[@]}" "${chosen[@]}"
  rm -rf "$home"
  mkdir -p "$home/bin"
  for name in $functions "$@"; do
    ln "$CARGO_TARGET_DIR/debug/$name" "$home/bin/$name"
  done
  cp template.yaml "$home/"
}

# Cargo tells packages apart by name, version and place within their workspace, and not by where that lies. With the same
# version, what was built of one tree would be taken for the other's.
build_earlier() (
  local source=$WORK/source version=0.1.0-g${EARLIER:0:7}
  rm -rf "$source"
  mkdir -p "$source"
  git archive "$EARLIER" | tar -x -C "$source"
  cp rust-toolchain.toml "$source/"
  cd "$source"
  sed "s/^version = \".*\"/version = \"$version\"/" Cargo.toml >Cargo.toml.new
  mv Cargo.toml.new Cargo.toml
  [[ $(grep -c "^version = \"$version\"" Cargo.toml) == 1 ]] || fail 'the earlier workspace has no version of its own'
  # Not locked: the lock file has to follow the workspace's own version, and keeps that of everything else.
  locked=()
  build_into "$EARLIER_HOME.part"
  mv "$EARLIER_HOME.part" "$EARLIER_HOME"
)

git cat-file -e "$EARLIER^{commit}" 2>/dev/null ||
  fail "the earlier commit $EARLIER is not in this clone; if it is a shallow one, run: git fetch --unshallow"
if [[ ! -d $EARLIER_HOME ]]; then
  build_earlier
fi
locked=(--locked)
build_into "$PRESENT_HOME" local
rm -rf "$WORK/logs"
mkdir -p "$WORK/logs"
PYTHONDONTWRITEBYTECODE=1 exec python3 tests/previous/main.py --earlier "$EARLIER_HOME" --present "$PRESENT_HOME" \
  --logs "$WORK/logs" ${1:+--seed "$1"} ${2:+--contents "$2"}
