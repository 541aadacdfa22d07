#!/bin/bash
# das-m's clock jumps by 400 s: it is to blame, and ours stays.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
expect_right 60
server_offset das-m +400
server_offset ntp-das-m +400
expect_guest_state exceeded 400
expect_mail 'das-m.* is 400 s ahead|das-m.*its clock was set' 900
guest_is_right || vm_fail "the clock was moved to $LAST_OFFSET s"
row 'das-m set by +400 s: das-m is to blame, our clock stays' \
    "blamed in the mail; clock at $(ms "$LAST_OFFSET")"
