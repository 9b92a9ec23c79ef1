# shellcheck shell=bash
# Sourced by scripts that start programs and must leave none behind (tools/demo.sh).
#
#   children_init DIR           logs of what is started go to DIR/NAME.log; sets the traps
#   child_start NAME COMMAND... starts it in the background; $child is its process id
#   child_stop NAME             ends it: TERM, and KILL after 10 seconds
#   children_wait               waits until one of them ends by itself; names it, returns its exit code
#
# Whatever way the script ends (Ctrl-C, TERM, an error, its own end), every child is stopped, the last started first.

declare -A child_ids=()
child_order=()

children_init() {
    child_logs=$1
    child_owner=$BASHPID
    (umask 077 && mkdir -p "$child_logs")
    trap children_stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}

child_start() {
    local name=$1
    shift
    # A process group of its own: Ctrl-C at the terminal reaches this script only, which then ends them in order.
    setsid "$@" </dev/null >>"$child_logs/$name.log" 2>&1 &
    child=$!
    child_ids[$name]=$child
    child_order+=("$name")
    # Until it leads its own session it is still a copy of this shell, which would swallow a TERM sent so early.
    local state session
    while state=$(cat "/proc/$child/stat" 2>/dev/null); do
        read -r _ _ _ session _ <<<"${state##*) }"
        [[ $session != "$child" ]] || break
    done
}

child_stop() {
    local name=$1 id=${child_ids[$1]:-} tries=0
    [[ -n $id ]] || return 0
    unset "child_ids[$name]"
    kill -TERM "$id" 2>/dev/null || true
    while kill -0 "$id" 2>/dev/null && ((tries++ < 100)); do sleep 0.1; done
    if kill -KILL "$id" 2>/dev/null; then echo "$name did not stop within 10 seconds and was killed" >&2; fi
    wait "$id" 2>/dev/null || true
}

children_stop() {
    local status=$? i
    # A child that is stopped between its fork and its exec is still this script, traps and all.
    [[ $BASHPID == "$child_owner" ]] || exit "$status"
    trap '' INT TERM HUP
    for ((i = ${#child_order[@]} - 1; i >= 0; --i)); do child_stop "${child_order[i]}"; done
    trap - EXIT
    exit "$status"
}

children_wait() {
    local status name
    # By asking, not by `wait -n`: bash 5.2 forgets a child that ended before the call.
    while :; do
        for name in "${!child_ids[@]}"; do
            kill -0 "${child_ids[$name]}" 2>/dev/null && continue
            status=0
            wait "${child_ids[$name]}" || status=$?
            unset "child_ids[$name]"
            echo "$name ended with exit code $status; the end of $child_logs/$name.log:" >&2
            tail -n 20 "$child_logs/$name.log" >&2
            return "$status"
        done
        sleep 0.5
    done
}
