#!/bin/bash
# DNS that fails: a server that is silent, one that is not there, none at all.
# What cannot be looked up is told by name; whoever has an address is followed.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
own_mounts -n
begin
. "$here/hostile.sh"
ip link set lo up
start_pair +0
config_kdc lost-kdc kdc.invalid 88
config_ntp lost-ntp ntp.invalid 123

# told OUTCOME REGEX SECONDS: with resolv.conf from stdin.
told() {
    cat >"$DIR/resolv.conf"
    : >"$DIR/daemon.log"
    rm -f "$DIR/run/status" # of the one before
    daemon_start --simulate offset=+5s,drift=40ppm
    within 20 logged_line 'step by \+[45]\.' ||
        fail "$1: the good servers are not followed"
    within 5 look || fail "there is no status"
    expect_told lost-ntp name "ntp\\.invalid: $1" "$2"
    expect_told lost-kdc name "kdc\\.invalid: $1" "$2"
    expect_state ok 5
    expect_unmoved "$1"
    stop_process "$DAEMON"
}
touch "$DIR/resolv.conf"
mount --bind "$DIR/resolv.conf" /etc/resolv.conf
"$BUILD/tests/interop/hostile_ntp" silent 127.0.0.53 53 \
    >"$DIR/silent" 2>&1 </dev/null &
SERVER_PID[silent]=$!

told 'each DNS server is unreachable, refuses or fails' 40 <<<'nameserver 127.0.0.54'
told 'no answer in [0-9]+ s' 60 <<<'nameserver 127.0.0.53'
told 'each DNS server is unreachable, refuses or fails' 40 </dev/null
