#!/bin/bash
# Only port 88 is let through: KDCs alone bring the clock back.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
# What comes from port 123 is lost.
guest_must 'tc qdisc add dev eth0 ingress
tc filter add dev eth0 parent ffff: protocol ip u32 \
    match ip protocol 17 0xff match ip sport 123 0xffff action drop'
clock_is -600
expect_refused
install_skewguard
RIGHT_S=1
expect_right 90
expect_accepted
guest_must 'skewguard sources | grep -q "ntp.*das-m" ||
    ! skewguard sources | grep "^[*+].*ntp"'
row 'UDP 123 blocked: KDCs alone keep the host inside its budget' \
    "right to $(ms "$LAST_OFFSET"), sign-on accepted"
