#!/bin/bash
# "skewguard wait" lets nobody through before the clock is good: not while no
# daemon runs, not before the step, not beyond what was asked for; and it does
# so at once when it is.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin

# waits CODE REGEX ARG...: ends so, says so, and is not late.
LONG=9
waits() {
    local code=$1 regex=$2 got=0 begin_s=$SECONDS
    shift 2
    skewguard wait "$@" >"$DIR/said" 2>&1 || got=$?
    [ $got = "$code" ] || fail "wait $* ended with $got: $(<"$DIR/said")"
    [[ $(<"$DIR/said") =~ $regex ]] || fail "wait $* said: $(<"$DIR/said")"
    [ $((SECONDS - begin_s)) -lt $LONG ] ||
        fail "wait $* took $((SECONDS - begin_s)) s"
}

waits 64 'value "x" is not a number with a unit, allowed is a duration from 1ms to 86400s' --within x
waits 64 'value "0s" is out of range' --within 0
waits 64 'value "90000s" is out of range, allowed is a duration from 0s to 86400s' --timeout 90000
waits 64 '"much" is too much' much
waits 1 '^skewguard: after 1 s: skewguardd does not run$' --timeout 1
waits 1 'does not run' --timeout 0

# From before the daemon starts until it has stepped.
start_pair +0
skewguard wait --within 1s --timeout 60 >"$DIR/said" 2>&1 &
waiter=$!
daemon_start --simulate offset=+100s
wait $waiter || fail "not waited for: $(<"$DIR/said")"
[[ $(<"$DIR/said") =~ ^'the simulated clock is '.*$REALM ]] ||
    fail "said: $(<"$DIR/said")"
logged_line 'clock: step by \+(99|100)\.' || fail "nobody stepped it"
waits 0 "$REALM" --timeout $((LONG * 2))
stop_process "$DAEMON"
waits 1 'does not run' --timeout 0

# guarded OFFSET: a clock that stays as it is.
guarded() {
    rm -rf "$DIR/run" "$DIR/state"
    daemon_start -g --simulate "offset=$1"
}
guarded +10s
waits 0 "^the simulated clock is 10 s behind $REALM\$" --within 20s --timeout $((LONG * 2))
waits 1 "^skewguard: after 1 s: too far, or not certain: the simulated clock is 10 s behind $REALM\$" \
    --within 5s --timeout 1s
stop_process "$DAEMON"
guarded +400s
expect_state exceeded 20
waits 1 "^skewguard: after 1 s: not ok: the simulated clock is 400 s behind $REALM" --timeout 1
