#!/usr/bin/env bash
# Started by ./run. With a demonstration: name server, time server, a virtual estate at factory defaults and the manager on
# 127.x addresses, then the way from factory defaults to Level 4 by the `countersign` command. Without: the manager alone.
#
# Environment: COUNTERSIGN_BUILD (build folder), COUNTERSIGN_DATA, COUNTERSIGN_PORT_OFFSET, COUNTERSIGN_DEMO (yes, no, or visit: the
# estate waits at factory defaults for the first visit in a browser).
set -euo pipefail

: "${COUNTERSIGN_BUILD:?}" "${COUNTERSIGN_DATA:?}" "${COUNTERSIGN_PORT_OFFSET:?}" "${COUNTERSIGN_DEMO:?}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/children.sh
. "$here/children.sh"

bin=$COUNTERSIGN_BUILD/bin data=$COUNTERSIGN_DATA offset=$COUNTERSIGN_PORT_OFFSET
domain=estate.test
dns_address=127.20.0.2 ntp_address=127.20.0.3 manager_address=127.20.0.10 estate_address=127.20.1.1
manager_host=manager.$domain
https_port=$((443 + offset))
children_init "$data/log"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[[ -t 1 ]] || say() { printf '\n%s\n' "$*"; }

# Waits until a line of a log begins with a word, or the process has gone.
await_line() { # log word pid what
    local i
    for ((i = 0; i < 1200; i++)); do
        grep -q "^$2" "$1" 2>/dev/null && return 0
        if ! kill -0 "$3" 2>/dev/null; then
            echo "$4 did not start; its log is $1:" >&2
            tail -n 5 "$1" >&2
            exit 3
        fi
        sleep 0.05
    done
    echo "$4 was not ready after a minute; its log is $1" >&2
    exit 3
}

# Each start has a log of its own; the one before is kept.
fresh_log() { [[ ! -f $data/log/$1.log ]] || mv "$data/log/$1.log" "$data/log/$1.log.old"; }

start_manager() { # arguments...
    fresh_log manager
    child_start manager "$bin/countersign-manager" --data "$data/manager" "$@"
    await_line "$data/log/manager.log" ready: "$child" "The manager"
}

print_address() {
    local password
    password=$(sed -n 's/^set-up password: //p' "$data/log/manager.log")
    say "The manager's page: https://$1"
    if [[ -n $password ]]; then
        echo "One-time set-up password: $password"
    else
        echo "Log in as admin with the password that was set at the first visit."
    fi
    echo "Its roots, for your browser and the countersign command: $data/manager/ca.pem"
}

if [[ $COUNTERSIGN_DEMO == no ]]; then
    host=$(hostname -f 2>/dev/null || hostname)
    start_manager --host-name "$host" --listen 0.0.0.0 --https-port "$https_port" --http-port $((80 + offset))
    print_address "$host:$https_port/"
    echo "Logs: $data/log. Stop with Ctrl-C."
    children_wait
    exit
fi

# --- the surroundings: names and time -------------------------------------------------------------------------------------
estate=$data/estate.toml
[[ -f $estate ]] || "$bin/countersign-device" --count "${COUNTERSIGN_DEMO_COUNT:-5}" --mix "${COUNTERSIGN_DEMO_MIX:-c-series=60,mcu=40}" \
    --base-address "$estate_address" --domain "$domain" --data "$data/estate" --print-estate toml >"$estate"

{
    echo "port=$((53 + offset))"
    printf '%s\n' "listen-address=$dns_address" bind-interfaces no-resolv no-hosts "local=/$domain/" "pid-file=$data/dnsmasq.pid" \
        "host-record=$manager_host,$manager_address" "host-record=ntp.$domain,$ntp_address"
    ((EUID != 0)) || printf '%s\n' user=root group=root
    awk -F"'" '/^address/ { address = $2 } /^host_name/ { print "host-record=" $2 "," address }' "$estate"
} >"$data/dnsmasq.conf"
child_start dnsmasq dnsmasq --keep-in-foreground --conf-file="$data/dnsmasq.conf"

printf '%s\n' "local stratum 8" "allow 127.0.0.0/8" "bindaddress $ntp_address" "port $((123 + offset))" "cmdport 0" "bindcmdaddress /" \
    "pidfile $data/chronyd.pid" >"$data/chrony.conf"
time_user=$(id -un)
may_lack_root=()
((EUID == 0)) || may_lack_root=(-U)
child_start chronyd chronyd -x -d -u "$time_user" "${may_lack_root[@]}" -f "$data/chrony.conf"

# --- the estate and the manager -------------------------------------------------------------------------------------------
fresh_log device
child_start device "$bin/countersign-device" --estate "$estate" --data "$data/estate" --port-offset "$offset"
await_line "$data/log/device.log" ready: "$child" "The estate"

# What the manager offers at the first visit, and `countersign demonstration take` takes: the systems, what they are told, who made them.
demonstration=$data/manager/demonstration
(umask 077 && mkdir -p "$demonstration/vendors")
cp "$data"/estate/factory-ca/*.pem "$demonstration/vendors/"
printf '{"dns_servers": ["%s"], "dns_domain": "%s", "ntp_server": "ntp.%s", "manager_host_name": "%s"}\n' \
    "$dns_address" "$domain" "$domain" "$manager_host" >"$demonstration/policy.json"
{
    echo "host_name,address,family"
    awk -F"'" '/^address/ { address = $2 } /^family/ { family = $2 } /^host_name/ { print $2 "," address "," family }' "$estate"
} >"$demonstration/systems.csv"

start_manager --host-name "$manager_host" --listen "$manager_address" --port-offset "$offset" --dns "$dns_address" \
    --source "$manager_address" --token-file "$data/manager/token"

export COUNTERSIGN_URL=https://$manager_host:$https_port COUNTERSIGN_ADDRESS=$manager_address COUNTERSIGN_CA=$data/manager/ca.pem
export COUNTERSIGN_CONFIG=$data/countersign.toml
countersign() { "$bin/countersign" --token-file "$data/manager/token" "$@"; }

if [[ $COUNTERSIGN_DEMO == visit ]]; then
    print_address "$manager_host:$https_port/  (on this machine $manager_address, port $https_port)"
    echo "The estate stands at factory defaults. The first visit, in your browser, takes it and leads it to Level 4."
    [[ ${COUNTERSIGN_DEMO_EXIT:-no} == yes ]] || children_wait
    exit
fi
known=$(countersign system list --json | grep -c '"serial_number"' || true)
if ((known == 0)); then
    countersign demonstration take >/dev/null
    countersign job wait --timeout 120 2>/dev/null || true
fi

say "The estate as it is now"
countersign system list

mode=$(countersign secure-only show --json | sed -n 's/.*"secure_only": *"\([a-z]*\)".*/\1/p')
if [[ $mode != verify ]]; then
    began=$(date +%s.%N)
    # The mode is the policy; the plan follows from it and can be read before anything is changed.
    say "The plan to Level 4"
    countersign plan show --goal verify || true
    say "Carrying it out: Secure-Only On + Verify Certificates"
    countersign secure-only set verify
    result=0
    countersign enforce --wait --timeout 900 || result=$?
    ended=$(date +%s.%N)
    say "Observed again, from outside"
    countersign system observe --all >/dev/null || result=$?
    countersign system list
    say "The evidence"
    countersign system evidence --all
    printf '\nFrom factory defaults in %.1f seconds.\n' "$(echo "$ended $began" | awk '{ print $1 - $2 }')"
    ((result == 0)) || countersign ticket list
fi

print_address "$manager_host:$https_port/  (on this machine $manager_address, port $https_port)"
cat <<EOF
To use the command yourself:
  export COUNTERSIGN_URL=$COUNTERSIGN_URL COUNTERSIGN_ADDRESS=$manager_address COUNTERSIGN_CA=$data/manager/ca.pem
  $bin/countersign --token-file $data/manager/token system list
Logs: $data/log. Everything keeps running; stop with Ctrl-C.
EOF
[[ ${COUNTERSIGN_DEMO_EXIT:-no} != yes ]] || exit "${result:-0}"
children_wait
