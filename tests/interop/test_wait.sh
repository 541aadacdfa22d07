#!/bin/bash
# "skewguard wait" lets nobody through before the clock is good: not while no
# daemon runs, not before the step, not beyond what was asked for; and it does
# so at once when it is.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin

# waits CODE SECONDS REGEX ARG...: ends so, in that time at most, and says so.
waits() {
    local code=$1 most=$2 regex=$3 begin_ms took
    shift 3
    begin_ms=$(date +%s%3N)
    expect_exit "$code" skewguard wait "$@" >"$DIR/said" 2>&1
    took=$(($(date +%s%3N) - begin_ms))
    [ "$took" -le $((most * 1000)) ] || fail "wait $* took $took ms"
    [[ $(<"$DIR/said") =~ $regex ]] || fail "wait $* said: $(<"$DIR/said")"
}

waits 64 1 'value "x" is not a number with a unit, allowed is a duration from 1ms to 86400s' --within x
waits 64 1 'value "0s" is out of range' --within 0
waits 64 1 'value "90000s" is out of range, allowed is a duration from 0s to 86400s' --timeout 90000
waits 64 1 '"much" is too much' much
waits 1 3 '^skewguard: after 1 s: skewguardd does not run$' --timeout 1
waits 1 1 'does not run' --timeout 0

# From before the daemon starts until it has stepped.
start_pair
skewguard wait --within 100ms --timeout 30 >"$DIR/said" 2>&1 &
waiter=$!
daemon_start --simulate offset=+100s
wait $waiter || fail "not waited for: $(<"$DIR/said")"
[[ $(<"$DIR/said") =~ ^'the simulated clock is '.*$REALM ]] ||
    fail "said: $(<"$DIR/said")"
logged_line 'clock: step by \+(99|100)\.' || fail "nobody stepped it"
waits 0 1 "$REALM" --within 100ms --timeout 0
waits 1 3 '^skewguard: after 1 s: too far, or not certain: ' --within 1ms --timeout 1s
stop_process "$DAEMON"
waits 1 1 'does not run' --timeout 0

# A clock that stays wrong.
rm -r "$DIR/run" "$DIR/state"
daemon_start -g --simulate offset=+400s
expect_state exceeded 10
waits 1 3 "^skewguard: after 1 s: not ok: the simulated clock is 400 s behind $REALM" --timeout 1
