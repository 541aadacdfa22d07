#!/bin/bash
# The main KDC is down when skewguard is installed.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
server_stop das-m
server_stop ntp-das-m
clock_is -600
expect_refused
install_skewguard
expect_right 60
expect_accepted
row 'only das-s answers: one host may step by up to an hour at the start' \
    "right to $(ms "$LAST_OFFSET"), sign-on accepted"
