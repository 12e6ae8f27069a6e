#!/usr/bin/env bash
# Finds what the tests need from Debian. `install` installs what lacks; `auto` does so only where
# it may without asking, and otherwise prints the one command and ends with 2.
set -euo pipefail

# lacking prints the packages that are not here. A program from elsewhere counts as its package.
lacking() {
  local pair
  for pair in chromium:chromium firefox-esr:firefox-esr iproute2:ip nftables:nft gcc:gcc; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair#*:}" >/dev/null || echo "${pair%%:*}"
  done
  for pair in fonts-noto-core fonts-noto-color-emoji; do
    dpkg-query -W -f '${Status}' "$pair" 2>/dev/null | grep -q 'ok installed' || echo "$pair"
  done
}

mapfile -t packages < <(lacking)
[ ${#packages[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
  root=(sudo)
  if [ "${1-}" = auto ]; then
    root=(sudo -n)
    sudo -n true 2>/dev/null || command=missing
  fi
fi
command -v apt-get >/dev/null || command=missing
if [ "${command-}" = missing ]; then
  echo "The tests need packages that are not here. On Debian:" >&2
  echo "  sudo apt-get install -y --no-install-recommends ${packages[*]}" >&2
  exit 2
fi
"${root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
