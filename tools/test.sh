#!/usr/bin/env bash
# Everything that CI runs, in the order in which a fault is cheapest to find. The last line counts
# the tests of all steps; a step in which no test was counted is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
logs=bin/test
rm -rf "$logs"
mkdir -p "$logs"
gotestsum=(go tool -modfile=tools/gotestsum/go.mod gotestsum --format pkgname --hide-summary skipped)

# step NAME COMMAND… runs one part, keeps its output in a log and says how long it took.
step() {
  local name=$1 began=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  "$@" 2>&1 | tee "$logs/$name.log" || { printf '\n== %s failed\n' "$name"; exit 1; }
  printf '== %s: %d s\n' "$name" $((SECONDS - began))
}

# raced lists the rooms with more than one goroutine.
raced() { go list ./... | grep -E '^incamera/internal/(meeting|sfu|gate|node|testkit)(/|$)'; }

# counted NAME PATTERN adds up the first numbers of what PATTERN finds in a step's log, skipped tests taken off.
counted() {
  sed -E 's/\x1b\[[0-9;]*m//g' "$logs/$1.log" | grep -oE "$2" |
    sed -E 's/[^0-9]*([0-9]+)[^0-9]+([0-9]+) skipped.*/\1 \2/;t;s/[^0-9]*([0-9]+)[^0-9].*/\1 0/' | awk '{n += $1 - $2} END {print n + 0}'
}

tools/deps.sh auto
step npm make web/node_modules/.package-lock.json
step check make check
step build make build
step go "${gotestsum[@]}" -- ./...
step race "${gotestsum[@]}" -- -race $(raced)
step crowd make crowd
step e2e make e2e

total=0
for count in "check:Tests +[0-9]+ passed" "go:^DONE [0-9]+ tests(, [0-9]+ skipped)?" "race:^DONE [0-9]+ tests(, [0-9]+ skipped)?" "crowd:Tests +[0-9]+ passed" "e2e:Tests +[0-9]+ passed"; do
  n=$(counted "${count%%:*}" "${count#*:}" || true)
  [ "${n:-0}" -gt 0 ] || { echo "the step ${count%%:*} ran no test" >&2; exit 1; }
  total=$((total + n))
done
printf '\nall steps in %d s\n%d passed, 0 failed\n' "$SECONDS" "$total"
