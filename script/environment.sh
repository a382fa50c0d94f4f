# Sourced by the other scripts: makes or refreshes the virtual environment .venv from the lock.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '== %s\n' "$*" >&2; }
fail() { printf 'siaga112: %s\n' "$*" >&2; exit 1; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer was not found; install it, or name one in the variable PYTHON."
}

# prepare EXTRA: '' for what the product needs, 'dev' for tests and linters too.
prepare() {
    local extra="${1:-}" lock="script/requirements.lock" python stamp wanted
    [ "$extra" = dev ] && lock="script/requirements-dev.lock"
    python="$(find_python)"
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python lacks the venv module; install it (on Debian and Ubuntu: apt install python3-venv)."
    if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        say "making the virtual environment .venv"
        "$python" -m venv --clear .venv || fail "the virtual environment .venv could not be made; look above for the reason."
    fi
    stamp=".venv/installed-${extra:-product}"
    wanted="$(cat "$lock" setup.cfg pyproject.toml | cksum)"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        say "installing what $lock names"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$lock" ||
            fail "the packages of $lock could not be installed; check the connection to the package registry and run this again."
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable . ||
            fail "siaga112 itself could not be installed; look above for the reason."
        printf '%s' "$wanted" >"$stamp"
    fi
}

# Debian's and Ubuntu's packages, by name; with one clear sentence where they cannot be had.
install_system() {
    local sudo=""
    command -v apt-get >/dev/null || fail "please install $* by hand: this machine has no apt-get."
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || fail "please install $* (apt-get install $*): this account may not."
        sudo="sudo -n"
    fi
    say "installing $*"
    { $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@"; } \
        >/dev/null || fail "$* could not be installed with apt-get; look above for the reason."
}

# Whether PostgreSQL's programs are here: on PATH, or where Debian and Ubuntu keep them.
has_postgres() {
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}
