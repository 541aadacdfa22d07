#!/bin/bash
# The test servers themselves: they answer, they have the clock they were
# given, it can be changed, and nothing of them is left over.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin

# near ADDRESS PORT OFFSET: the server's clock is that far from ours.
near() {
    local theirs
    theirs=$(ntp_time "$1" "$2") || return 1
    holds "($theirs - $(date +%s.%N) - ($3)) ^ 2 < 0.25"
}

port=$(free_port)
ntp_start ntp 127.0.0.31 "$port" +123.456
near 127.0.0.31 "$port" +123.456 || fail "chronyd is not at +123.456"
server_offset ntp -400.25
within 3 near 127.0.0.31 "$port" -400.25 || fail "chronyd is not at -400.25"

kdc_start kdc1 127.0.0.31 "$port" +0
kdc_start kdc2 127.0.0.32 "$port" +3600
cmp -s "$DIR/servers/kdc1/stash" "$DIR/servers/kdc2/stash" ||
    fail "the second KDC is of another realm"
pids=("${SERVER_PID[@]}")
[ ${#pids[@]} = 3 ] || fail "started ${#pids[@]} servers, not 3"
server_signal kdc2 STOP
servers_stop
for pid in "${pids[@]}"; do
    ! kill -0 "$pid" 2>/dev/null || fail "process $pid is still there"
done
! ntp_time 127.0.0.31 "$port" || fail "chronyd still answers"
