#!/usr/bin/env bash
# Runs every fuzz target of a build folder: tools/fuzz.sh BUILD SECONDS JOBS [NAME...]. Called by ./test --fuzz.
#
# Starts from fuzz/corpus/NAME and fuzz/finds/NAME, collects new inputs in BUILD/corpus/NAME, and leaves the input that broke a
# target in BUILD/finds/NAME. A target fails when it crashes, breaks a promise, leaks, takes more than 5 seconds for one input or
# more than 512 MB. The input becomes a file of fuzz/finds/NAME with the change that mends it; ./test runs it from then on.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
build=$1 seconds=$2 jobs=$3
shift 3

fuzz_one() {
    local name=$1 finds=$build/finds/$1 log=$build/finds/$1.log folder known=() words=() good=yes
    mkdir -p "$build/corpus/$name" "$finds"
    for folder in "fuzz/corpus/$name" "fuzz/finds/$name"; do
        [[ ! -d $folder ]] || known+=("$folder")
    done
    [[ ! -f fuzz/$name.dict ]] || words=("-dict=fuzz/$name.dict")
    "$build/bin/fuzz_$name" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 -print_final_stats=1 "${words[@]}" \
        -artifact_prefix="$finds/" "$build/corpus/$name" "${known[@]}" >"$log" 2>&1 </dev/null || good=no
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions, coverage $(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)"
    if [[ $good == no ]]; then
        tail -n 40 "$log" >&2
        sed -n "s|.*Test unit written to |failed: $name, see |p" "$log"
        grep -q 'Test unit written to' "$log" || echo "failed: $name"
    fi
}
export -f fuzz_one
export build seconds
mapfile -t names < <(if (($#)); then printf '%s\n' "$@"; else compgen -G 'fuzz/*.cpp' | sed 's|.*/||; s|\.cpp$||' | sort; fi)
result=$(printf '%s\n' "${names[@]}" | xargs -r -P "$jobs" -I{} bash -c 'fuzz_one {}')
echo "$result"
failed=$(grep '^failed: ' <<<"$result" | sed 's/,.*//' | sort -u | grep -c .)
echo "$((${#names[@]} - failed)) passed, $failed failed"
((failed == 0))
