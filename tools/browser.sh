#!/usr/bin/env bash
# Install Chromium for the tests of the page, if this machine lets us.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >&2 && exit 0
fi
echo "Chromium is not installed, and cannot be here: the tests of the page will be skipped." >&2
echo "On Debian and Ubuntu: sudo apt-get install chromium" >&2
