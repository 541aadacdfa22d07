#!/bin/bash
# A guest is paused for ten minutes and goes on.  All its clocks stand still in
# that time.  To spare ten minutes the world goes on quicker: while the guest is
# paused for 5 s the servers' clocks, all of the world that it sees, are set
# forward by the rest.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
expect_right 60
monitor stop
for server in das-m das-s ntp-das-m ntp-das-s; do
    server_offset $server +595
done
sleep 5
monitor cont
WORLD_S=595
expect_right 90
expect_kernel_calm
row 'paused for ten minutes: right soon after' \
    "right to $(ms "$LAST_OFFSET" $WORLD_S) after $TOOK_S s"
