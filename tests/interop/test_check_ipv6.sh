#!/bin/bash
# A KDC at ::1, by UDP and by TCP.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null || skip "no ::1 here"
begin
port=$(free_port)
kdc_start kdc ::1 "$port" +123.456
for transport in udp tcp; do
    config_new
    config_kdc kdc ::1 "$port" $transport
    check 1
    lower=$(value check realms.0.kdcs.0.offset_lower_s)
    upper=$(value check realms.0.kdcs.0.offset_upper_s)
    holds "$lower <= 123.456 && 123.456 <= $upper" ||
        fail "+123.456 by $transport is not in [$lower, $upper]"
    [ "$(value check realms.0.kdcs.0.address)" = ::1 ] || fail "not at ::1"
done
