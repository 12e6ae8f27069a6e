#!/usr/bin/env bash
# Runs the random walks of every pure room, and those over whole meetings, for many more stories than a commit can wait for.
set -euo pipefail
checks=${1:?how many walks for each property}
cd "$(dirname "$0")/.."
meetings=$((5 * checks / 2)) # of each half of the walks over whole meetings: five times as many in all
mapfile -t rooms < <(grep -rl --include='*_test.go' '"pgregory.net/rapid"' internal | grep -v ^internal/testkit/ | xargs -r -n1 dirname | sort -u | sed 's|^|./|')
[ ${#rooms[@]} -gt 0 ] || { echo "no random walk found" >&2; exit 1; }
go test -count=1 -timeout 120m "${rooms[@]}" -rapid.checks="$checks"
go test -count=1 -timeout 120m ./internal/testkit -run RandomStories -v -rapid.checks="$meetings"
