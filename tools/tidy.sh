#!/usr/bin/env bash
# Runs clang-tidy (profile: .clang-tidy) over compile_commands.json and ends with "N passed, N failed" (files).
#
#   tools/tidy.sh                  files that differ from the last commit, or are not committed
#   tools/tidy.sh --since COMMIT   files changed since COMMIT, committed or not
#   tools/tidy.sh --all            every source of src/ and apps/
#   tools/tidy.sh PATH...          these files, or the sources below these folders
#
# A changed header counts as every source that includes it by name. BUILD (default build/dev) names the build folder,
# JOBS (default 2) how many run at once. A source takes 5 to 20 seconds of a core; with MINUTES set, what is left after that
# time is named and not checked.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
build=${BUILD:-build/dev} jobs=${JOBS:-2}

tools/install.sh build check || exit 1
if [[ ! -f $build/compile_commands.json ]]; then
    tools/install.sh build run test && cmake --preset "$(basename "$build")" -B "$build" >/dev/null || exit 1
fi
ninja -C "$build" cs_catalogue cs_families --quiet || exit 1

sources() { find "$@" -name '*.cpp' 2>/dev/null | sort; }
changed_since() {
    { git diff --name-only --diff-filter=d "$1" -- && git ls-files --others --exclude-standard; } | grep -E '^(src|apps)/' | sort -u
}
with_includers() {
    local file
    while read -r file; do
        case $file in
            *.cpp) echo "$file" ;;
            *.hpp) grep -rlF --include='*.cpp' "#include \"${file#src/}\"" src apps || true ;;
        esac
    done | sort -u
}

case ${1:-} in
    --help | -h)
        sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | sed '/^set /d'
        exit 0
        ;;
    --all) mapfile -t files < <(sources src apps) ;;
    --since)
        base=${2:-HEAD}
        # A first commit, or a shallow clone, has no commit before it.
        git rev-parse -q --verify "$base^{commit}" >/dev/null || base=$(git hash-object -t tree /dev/null)
        mapfile -t files < <(changed_since "$base" | with_includers)
        ;;
    '') mapfile -t files < <(changed_since HEAD | with_includers) ;;
    -*)
        echo "tidy.sh: unknown argument '$1'" >&2
        exit 64
        ;;
    *) mapfile -t files < <(for path in "$@"; do if [[ -d $path ]]; then sources "$path"; else echo "$path" | with_includers; fi; done) ;;
esac
if ((${#files[@]} == 0)); then
    echo "Nothing to check."
    echo "0 passed, 0 failed"
    exit 0
fi

deadline=$(($(date +%s) + ${MINUTES:-1000} * 60))
tidy_one() {
    local out
    if (($(date +%s) >= deadline)); then
        echo "not checked, out of time: $1"
        return
    fi
    if out=$(clang-tidy-19 -p "$build" --quiet "$1" 2>/dev/null); then
        echo "passed: $1"
    else
        printf 'failed: %s\n%s\n' "$1" "$out"
    fi
}
export -f tidy_one
export build deadline
results=$(mktemp)
trap 'rm -f "$results"' EXIT
# shellcheck disable=SC2016  # expanded by the inner shell
printf '%s\0' "${files[@]}" | xargs -0 -P "$jobs" -n 1 bash -c 'tidy_one "$1"' _ | sed -u "s|$PWD/||g" | tee "$results"
passed=$(grep -c '^passed: ' "$results")
failed=$(grep -c '^failed: ' "$results")
echo "$passed passed, $failed failed"
((failed == 0))
