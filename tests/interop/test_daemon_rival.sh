#!/bin/bash
# Somebody else changes the clock's frequency: the daemon leaves the clock to
# him, says so, goes on guarding, and steers again when told to.  And a clock
# that may not be set for a while.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
start_pair +0
did="somebody unknown changed the clock's frequency from [-+][0-9.]+ to [-+][0-9.]+ ppm"

mode_is() { status && [ "$(value status mode)" = "$1" ]; }

# The next correction after the 15th second finds the rival, at the latest the
# next tick, a minute later.
daemon_start --simulate offset=+5s,rival=+50ppm@15s
expect_state ok 20
mode_is discipline || fail "mode $(value status mode)"
expect_line "^skewguardd: clock: $did; only guarding it until SIGHUP or a restart$" 90
! logged_line 'refused' || fail "the rival is told as a refusal, too"
within 5 mode_is guard || fail "mode $(value status mode)"
[ "$(value status clock.disciplined)" = false ] || fail "still disciplined"
skewguard status | tr -s ' \n' ' ' >"$DIR/status"
grep -Eq "guarded, not steered \\($did\\)" "$DIR/status" ||
    fail "status does not say who steers: $(<"$DIR/status")"
state_is ok || fail "it does not go on guarding"
[ "$(grep -c 'somebody unknown' "$DIR/daemon.log")" = 1 ] ||
    fail "said more than once"

kill -s HUP "$DAEMON"
expect_line 'discipline mode: the clock is simulated' 5
within 5 mode_is discipline || fail "mode $(value status mode)"
expect_line 'clock: disciplined' 40
expect_state ok 5
stop_process "$DAEMON"

# A refusal is told once and ends nothing; then the clock is put right.
: >"$DIR/daemon.log"
rm -f "$DIR/run/status"
daemon_start --simulate offset=+100s,refuse=12s@0s
expect_line '^skewguardd: clock: refused: simulated clock: may not be set for another [0-9]+ s$' 20
within 40 logged_line 'step by \+(99|100)\.[0-9]+ s: 2 hosts agree' ||
    fail "not put right after the refusal"
[ "$(grep -c 'clock: refused' "$DIR/daemon.log")" = 1 ] ||
    fail "the refusal is told more than once"
expect_state ok 10
