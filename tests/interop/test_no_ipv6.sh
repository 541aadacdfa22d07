#!/bin/bash
# A host without IPv6: the same as in test_daemon_ok, in a network namespace
# where the kernel offers none.
here=$(dirname "$(readlink -f "$0")")
. "$here/../../scripts/lib.sh"
drop_sys_time bash "$0" "$@"

if [ "${1:-}" != inside ]; then
    unshare=(unshare -n)
    [ "$(id -u)" = 0 ] || unshare=(unshare -Urn)
    "${unshare[@]}" true || { echo "no network namespaces: skipped"; exit 77; }
    exec "${unshare[@]}" bash "$0" inside
fi
ip link set lo up
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
! grep -q . /proc/net/if_inet6 || { echo "IPv6 is still there"; exit 1; }
exec bash "$here/test_daemon_ok.sh"
