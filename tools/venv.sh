#!/usr/bin/env bash
# Make a virtual environment with the pinned versions of constraints.txt.
# usage: tools/venv.sh FOLDER REQUIREMENT...     for example: tools/venv.sh .venv -e '.[maps,dev]'
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
shift

find_python() {
  for name in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3 python; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
  echo "nearspace needs Python 3.11, 3.12 or 3.13, and none was found." >&2
  echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
  return 1
}

make_venv() {
  "$python" -m venv "$folder" && return
  rm -rf "$folder"
  version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "This Python makes no virtual environments yet: installing $version-venv." >&2
    apt-get update -qq
    apt-get install -y -qq "$version-venv" >&2 || apt-get install -y -qq python3-venv >&2
    "$python" -m venv "$folder"
  else
    echo "This Python cannot make a virtual environment." >&2
    echo "On Debian and Ubuntu: sudo apt-get install $version-venv" >&2
    return 1
  fi
}

python=$(find_python)
if ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
  rm -rf "$folder"
  make_venv
fi
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt "$@"
touch "$folder/ready"
