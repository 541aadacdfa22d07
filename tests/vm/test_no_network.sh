#!/bin/bash
# No network at boot; later there is one.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
guest_must 'systemctl stop skewguard skewguard-clockd'
clock_is -600
link off
guest_must 'systemctl start skewguard-clockd skewguard'
sleep 20
guest_within -600 2 || vm_fail "without a network at $LAST_OFFSET s"
link on
expect_right 90
expect_accepted
expect_kernel_calm
row 'no network at the start: right soon after there is one' \
    "right $TOOK_S s after the cable was put in, sign-on accepted"
