#!/usr/bin/env bash
# Builds a web interface into a folder of the build: WORK/dist, with each file compressed beside it. Prints the sizes.
# The sources are copied there, because modules are looked for above the file that asks for them, and the repository keeps none.
#
#   tools/build_web.sh WORK           the manager's
#   tools/build_web.sh WORK device    the script and the style sheet of the systems' pages
set -euo pipefail
work=${1:?the folder to work in}
which=${2:-manager}
case $which in manager | device) ;; *) echo "build_web.sh: there is the manager's and the device's, not: $which" >&2 && exit 2 ;; esac
mkdir -p "$work"
work=$(cd "$work" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v node >/dev/null; then
    echo "build_web.sh: Node.js is missing (18.18 or later). tools/install.sh build installs it." >&2
    exit 1
fi
modules=$(tools/install_npm.sh web)/node_modules
find "$work" -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf {} +
for one in web/*; do
    case ${one##*/} in node_modules | dist | generated | CMakeLists.txt) continue ;; manager | device) [[ ${one##*/} == "$which" ]] || continue ;; esac
    cp -r "$one" "$work/"
done
ln -sfn "$modules" "$work/node_modules"
catalogue=$PWD/catalogue
cd "$work"
config=vite.config.mjs
if [[ $which == device ]]; then
    config=vite.device.config.mjs
    echo "The pages of systems:"
else
    node generate.mjs "$catalogue" generated
    echo "The web interface:"
fi
NODE_ENV=production node node_modules/vite/bin/vite.js build --config "$config"
