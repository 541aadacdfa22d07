#!/bin/bash
# das-m and das-s disagree by 200 s, and nobody knows who is right.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
server_offset das-m +200
server_offset ntp-das-m +200
install_skewguard
sleep 60
guest_is_right || vm_fail "the clock was moved by $LAST_OFFSET s"
row 'das-m and das-s 200 s apart: the clock is left alone, and that is told' \
    "after 60 s at $(ms "$LAST_OFFSET"): $(guest 'skewguard status' | head -n 1)"
