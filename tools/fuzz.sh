#!/usr/bin/env bash
# Runs every fuzz target of the module for the given time, one after another.
set -euo pipefail
time=${1:?a time for each target, such as 10s}
cd "$(dirname "$0")/.."
targets=0
while IFS=: read -r file target; do
  targets=$((targets + 1))
  echo "== $target ($(dirname "$file"))"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$(dirname "$file")"
done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' internal cmd protocol | sed 's/func //' | sort)
[ "$targets" -gt 0 ] || { echo "no fuzz target found" >&2; exit 1; }
echo "$targets passed, 0 failed"
