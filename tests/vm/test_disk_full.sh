#!/bin/bash
# A full disk: the clock is kept, and what had to be told is told later.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
expect_right 60
guest_must 'dd if=/dev/zero of=/full bs=1M 2>/dev/null; sync
! dd if=/dev/zero of=/full2 bs=64k count=1 2>/dev/null; rm -f /full2'
clock_is 400
expect_right 60
expect_accepted
guest_must 'systemctl -q is-active skewguard skewguard-clockd'
guest_must 'rm /full'
expect_mail 'somebody .*(stepped|set|moved)' 180
row 'disk full: date -s is taken back all the same, the mail comes later' \
    "right after $TOOK_S s, mail delivered when there was room"
