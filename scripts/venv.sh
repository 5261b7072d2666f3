#!/bin/sh
# Makes the virtual environment named by $1 (default .venv) with the newest usable Python.
# Installs python3-venv by apt when it is missing and we are root; UPSHOT_NO_INSTALL=1 forbids it.
set -eu

venv=${1:-.venv}

say() { printf '%s\n' "$*" >&2; }
usable() { "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

if usable "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

python=
fallback=
for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    usable "$candidate" || continue
    if has_venv "$candidate"; then
        python=$candidate
        break
    fi
    [ -n "$fallback" ] || fallback=$candidate
done

if [ -z "$python$fallback" ]; then
    say "upshot needs Python 3.11 or newer, and none was found on PATH."
    say "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.11"
    exit 1
fi

if [ -z "$python" ]; then
    python=$fallback
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    package=python$version-venv
    if [ "${UPSHOT_NO_INSTALL:-}" = 1 ] || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "$python (Python $version) cannot make virtual environments: its module ensurepip is missing."
        say "Install it (Debian, Ubuntu: apt-get install $package, as root), then run make again."
        exit 1
    fi
    say "Python $version cannot make virtual environments: installing the package $package with apt (UPSHOT_NO_INSTALL=1 forbids it)."
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -qq -y --no-install-recommends "$package" >/dev/null 2>&1 || {
        apt-get update -qq
        apt-get install -qq -y --no-install-recommends "$package" >/dev/null
    }
fi

say "Making $venv with $("$python" -c 'import sys; print("Python %d.%d.%d" % sys.version_info[:3])')."
"$python" -m venv --clear "$venv"
