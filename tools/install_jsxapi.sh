#!/usr/bin/env bash
# Installs the npm packages of tests/interop/jsxapi, exactly those of its lock file, outside the source: in build/npm/jsxapi-DIGEST.
# Prints that folder. Does nothing, and needs no network, when they are there. Scripts of the packages are not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source=tests/interop/jsxapi
digest=$(cat "$source/package.json" "$source/package-lock.json" | sha256sum | cut -c1-16)
folder=$PWD/build/npm/jsxapi-$digest
if [[ ! -e $folder/complete ]]; then
    if ! command -v npm >/dev/null; then
        # Debian's npm; where Node.js came from elsewhere it brings an npm of its own.
        as_root=()
        ((EUID == 0)) || as_root=(sudo)
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends npm </dev/null >&2
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$source/package.json" "$source/package-lock.json" "$folder/"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >&2)
    touch "$folder/complete"
fi
echo "$folder"
