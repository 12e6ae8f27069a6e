#!/usr/bin/env bash
# Runs the random walks of every pure room for many more steps than a commit can wait for.
set -euo pipefail
checks=${1:?how many walks for each property}
cd "$(dirname "$0")/.."
mapfile -t rooms < <(grep -rl --include='*_test.go' '"pgregory.net/rapid"' internal | xargs -r -n1 dirname | sort -u | sed 's|^|./|')
[ ${#rooms[@]} -gt 0 ] || { echo "no random walk found" >&2; exit 1; }
go test -count=1 -timeout 60m "${rooms[@]}" -rapid.checks="$checks"
