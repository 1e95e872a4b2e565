#!/usr/bin/env bash
# Installs what is missing for building graded (setup.sh build) or also for testing it (setup.sh
# test). Needs Debian 12 or newer, or Ubuntu 24.04 or newer; root or sudo only when something is
# missing. With everything there it asks dpkg alone: no network, a few milliseconds.
set -euo pipefail

packages=(build-essential cmake ninja-build pkg-config ca-certificates curl
          libmicrohttpd-dev libjansson-dev libsodium-dev libseccomp-dev libarchive-dev zlib1g-dev
          libsqlite3-dev libcurl4-openssl-dev libcmocka-dev)
if ! { command -v node && command -v npm; } >/dev/null; then
    packages+=(nodejs npm)
fi
if [ "${1:-}" = test ]; then
    packages+=(clang libclang-rt-dev clang-format clang-tidy shellcheck libxml2-utils
               python3-jsonschema bubblewrap)
    # Ubuntu has its browser under another name. Any of these will do.
    command -v chromium chromium-browser google-chrome >/dev/null ||
        packages+=("$(grep -q '^ID=ubuntu' /etc/os-release && echo chromium-browser || echo chromium)")
fi

installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
missing=()
for package in "${packages[@]}"; do
    [[ $'\n'$installed$'\n' == *$'\n'"installed $package"$'\n'* ]] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "setup: installing ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
