#!/bin/sh
# Installs one version of OpenSSL on a drained gateway node and restarts what had the other one loaded.
#   patch-openssl.sh 3.5.8-1~deb13u2      (rollback: 3.5.8-1~deb13u1)
# Stops before it touches anything if the node still has clients or a package is not what was filed.
set -eu
version=$1
fail() { echo "patch-openssl: $1" >&2; exit 1; }

# Names of the processes that still have a replaced library loaded. Not those that run this script, and not other
# people's SSH sessions: they end by themselves, and nobody can reach them from outside.
stale() {
    mine=" $$ "
    pid=$$
    while [ "$pid" -gt 1 ]; do
        pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
        mine="$mine$pid "
    done
    grep -lE 'lib(ssl|crypto)\.so\.3.*\(deleted\)' /proc/[0-9]*/maps 2> /dev/null | while IFS=/ read -r _ _ pid _; do
        case $mine in *" $pid "*) continue ;; esac
        cat "/proc/$pid/comm" 2> /dev/null || true
    done | grep -vx 'sshd-session' | sort -u | tr '\n' ' ' || true
}

cd "$(dirname "$0")"
[ "$(gwctl state)" = drained ] || fail "this node is not drained, nothing was done"
[ "$(gwctl sessions --count)" -eq 0 ] || fail "this node still has clients, nothing was done"
grep -F "_${version}_" openssl-packages.sha256 | sha256sum --check --strict ||
    fail "a package of $version is missing or not the one that was filed, nothing was done"

systemctl stop client-gateway
dpkg --install "libssl3t64_${version}_amd64.deb" "openssl_${version}_amd64.deb" \
    "openssl-provider-legacy_${version}_amd64.deb"
systemctl restart ssh log-shipper
systemctl start client-gateway
gwctl ready --timeout 60s || fail "the gateway is not ready after 60 s; the node stays drained"

found=$(dpkg-query --show --showformat='${Version}' libssl3t64)
[ "$found" = "$version" ] || fail "installed is $found"
left=$(stale)
[ -z "$left" ] || fail "still running with the other library: $left"
echo "$(hostname -s): OpenSSL $version, nothing runs with another; the node stays drained"
