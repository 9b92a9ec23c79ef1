#!/usr/bin/env bash
# Installs the npm packages of a folder of the repository, exactly those of its lock file, outside the source: in build/npm/NAME-DIGEST.
# Prints that folder. Does nothing, and needs no network, when they are there. Scripts of the packages are not run.
#
#   tools/install_npm.sh web
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source=${1:?the folder with package.json}
digest=$(cat "$source/package.json" "$source/package-lock.json" | sha256sum | cut -c1-16)
folder=$PWD/build/npm/${source##*/}-$digest
if [[ ! -e $folder/complete ]]; then
    if ! command -v npm >/dev/null; then
        # Debian's npm; where Node.js came from elsewhere it brings an npm of its own.
        as_root=()
        ((EUID == 0)) || as_root=(sudo)
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends npm </dev/null >&2
    fi
    mkdir -p "$folder"
    # Two builds may want them at the same time: one installs, the other waits.
    exec 9>"$folder.lock"
    flock 9
    if [[ ! -e $folder/complete ]]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        cp "$source/package.json" "$source/package-lock.json" "$folder/"
        (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >&2)
        touch "$folder/complete"
    fi
fi
echo "$folder"
