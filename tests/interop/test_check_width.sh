#!/bin/bash
# How sharply skewguard check sees a KDC: to 20 ms within 3 s if nobody else
# asks it; to 0.2 s if somebody asks it 50 times a second, so that MIT's
# microseconds are stale all the time.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
port=$(free_port)
kdc_start kdc 127.0.0.22 "$port" +123.456
config_kdc kdc 127.0.0.22 "$port" udp

# measure WHAT WIDTH SECONDS: the truth is always inside.  How sharp it is seen
# is a matter of timers, and of a machine that has nothing else to do: one of
# three looks must be as good as promised.
measure() {
    local begin end lower upper try
    for try in 1 2 3; do
        begin=$(date +%s.%N)
        check 1
        end=$(date +%s.%N)
        lower=$(value check realms.0.kdcs.0.offset_lower_s)
        upper=$(value check realms.0.kdcs.0.offset_upper_s)
        echo "$1: [$lower, $upper] in $(awk "BEGIN { print $end - $begin }") s"
        holds "$lower <= 123.456 && 123.456 <= $upper" ||
            fail "$1: +123.456 outside"
        ! holds "$upper - $lower <= $2 && $end - $begin <= $3" || return 0
    done
    fail "$1: wider than $2 s, or not within $3 s, $try times"
}

measure 'idle KDC' 0.020 3
"$BUILD/tests/interop/load" "$REALM" 127.0.0.22 "$port" 50 &
load=$!
trap 'stop_process $load; finish' EXIT
sleep 0.5
measure 'busy KDC' 0.2 4
kill -0 $load || fail "the load has ended by itself"
