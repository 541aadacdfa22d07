#!/bin/bash
# das-m and das-s disagree by 200 s, and nobody knows who is right.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
server_offset das-m +200
server_offset ntp-das-m +200
before=$(guest_offset)
# It waits for a minute, and fails, for the clock may be wrong.
! guest_quietly 'tar -C /payload -xmf /dev/vdb && /payload/install' ||
    vm_fail 'a clock that may be wrong is called good'
grep -q 'not ok' "$DIR/guest.out" || vm_fail "$(cat "$DIR/guest.out")"
guest_within "$before" "$RIGHT_S" ||
    vm_fail "the clock was moved from $before to $LAST_OFFSET s"
row 'das-m and das-s 200 s apart: the clock is left alone, and that is told' \
    "a minute later not moved; $(guest 'skewguard status' | head -n 1)"
