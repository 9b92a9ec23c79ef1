#!/usr/bin/env bash
# Installs the Debian packages of the given groups of tools/packages.txt, when any is missing.
#
#   tools/install.sh GROUP...        install what is missing
#   tools/install.sh --list GROUP... print what is missing, change nothing
#
# Does nothing, and asks for no privilege, when everything is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

only_list=no
if [[ ${1:-} == --list ]]; then
    only_list=yes
    shift
fi
if (($# == 0)); then
    sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 64
fi
known=$(awk '!/^#/ && NF { print $1 }' tools/packages.txt | sort -u)
for group in "$@"; do
    if ! grep -qx -- "$group" <<<"$known"; then
        echo "install.sh: tools/packages.txt has no group '$group'" >&2
        exit 64
    fi
done
if ! command -v dpkg-query >/dev/null; then
    echo "install.sh: this is not Debian. Install what tools/packages.txt names for: $*" >&2
    exit 1
fi

mapfile -t wanted < <(awk -v groups="$*" \
    'BEGIN { n = split(groups, g, " "); for (i = 1; i <= n; ++i) want[g[i]] = 1 } !/^#/ && ($1 in want) { print $2 }' \
    tools/packages.txt | sort -u)
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^installed //p' || true)
missing=()
for package in "${wanted[@]}"; do
    grep -qx -- "$package" <<<"$installed" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then exit 0; fi
if [[ $only_list == yes ]]; then
    printf '%s\n' "${missing[@]}"
    exit 0
fi

as_root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
        echo "These Debian packages are missing, and neither root nor sudo is at hand. Run as root:" >&2
        echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "Installing Debian packages: ${missing[*]}"
apt() {
    # Not from a pipe: apt-get must not read what is meant for the caller.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" </dev/null
}
install_missing() { apt install -y --no-install-recommends "${missing[@]}"; }
# The package lists are fetched only when those at hand do not serve: absent, or older than the archive.
if ! apt install -s --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || ! install_missing; then
    apt update
    if ! install_missing; then
        echo "install.sh: apt-get could not install: ${missing[*]}" >&2
        echo "Countersign is built on Debian 12 (bookworm); other releases name some packages differently." >&2
        exit 1
    fi
fi
