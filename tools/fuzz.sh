#!/usr/bin/env bash
# Runs every fuzz target of a build folder: tools/fuzz.sh BUILD SECONDS JOBS. Called by ./test --fuzz.
#
# Starts from fuzz/corpus/NAME (kept in the repository, where it exists), collects new inputs in BUILD/corpus/NAME, and
# leaves the input that broke a target in BUILD/findings. A finding becomes a file of fuzz/corpus/NAME once it is mended.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
build=$1 seconds=$2 jobs=$3
mkdir -p "$build/findings"

fuzz_one() {
    local program=$1 name=${1##*/fuzz_}
    local kept=()
    mkdir -p "$build/corpus/$name"
    [[ ! -d fuzz/corpus/$name ]] || kept=("fuzz/corpus/$name")
    if "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$name-" "$build/corpus/$name" "${kept[@]}" >"$build/findings/$name.log" 2>&1 </dev/null; then
        echo "passed: $name ($(sed -n 's/^stat::number_of_executed_units: *//p' "$build/findings/$name.log") inputs)"
    else
        echo "failed: $name"
        tail -n 40 "$build/findings/$name.log" >&2
    fi
}
export -f fuzz_one
export build seconds
result=$(compgen -G "$build/bin/fuzz_*" | xargs -r -P "$jobs" -I{} bash -c 'fuzz_one {}')
echo "$result"
passed=$(grep -c '^passed: ' <<<"$result")
failed=$(grep -c '^failed: ' <<<"$result")
echo "$passed passed, $failed failed"
((failed == 0))
