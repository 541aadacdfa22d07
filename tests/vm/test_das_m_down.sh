#!/bin/bash
# The main KDC goes down, with its NTP server.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
expect_right 60
server_stop das-m
server_stop ntp-das-m
sleep 30
guest_is_right || vm_fail "off by $LAST_OFFSET s"
clock_is -400
expect_right 20
expect_accepted
expect_guest_state ok 60
row 'das-m down: das-s keeps the clock, and a date -s is taken back' \
    "right to $(ms "$LAST_OFFSET") again after $TOOK_S s"
