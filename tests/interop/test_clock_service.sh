#!/bin/bash
# The daemon beside a clock service that comes, goes, is started again, hangs,
# refuses and serves somebody else.  It is a fake: no clock is moved.
# shellcheck disable=SC2119 # the daemon needs no options
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
socket=$DIR/clockd/socket
service=''

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# service_start HOW: in one go, whatever was there before.
service_start() {
    "$BUILD/tests/interop/fake_clockd" "$socket" "$1" \
        >>"$DIR/asked" 2>&1 </dev/null &
    service=$!
    SERVER_PID[fake]=$service
}
service_kill() {
    kill -s KILL "$service"
    wait "$service" 2>/dev/null || true
    unset 'SERVER_PID[fake]'
}

mode_is() { status && [ "$(value status mode)" = "$1" ]; }
expect_mode() { within "$2" mode_is "$1" || fail "not in mode $1 within $2 s"; }
lines() { grep -Ec -- "$1" "$DIR/daemon.log" || true; }

# line_after REGEX MS: until there is one more such line; how long it took is
# in $took.
line_after() {
    local before begun
    before=$(lines "$1") begun=$(now_ms)
    "${@:3}"
    until [ "$(lines "$1")" -gt "$before" ]; do
        took=$(($(now_ms) - begun))
        [ "$took" -le "$2" ] || fail "no line like '$1' within $2 ms"
        sleep 0.02
    done
    took=$(($(now_ms) - begun))
}

# reloads: how long the daemon took to hear a signal, in ms, at worst of N.
reloads() {
    local i
    worst=0
    for ((i = 0; i < $1; i++)); do
        line_after 'configuration reloaded' 10000 kill -s HUP "$DAEMON"
        [ "$took" -le "$worst" ] || worst=$took
        sleep 0.3
    done
}

start_pair +0
config_line "clock_socket = \"$socket\""
# whatever this host has for a time daemon
config_line 'mode = discipline'
daemon_start
expect_state ok 20
mode_is guard || fail "mode $(value status mode) without a service"

# It comes, with the folder it is in.
appears() { mkdir "$DIR/clockd"; service_start obey; }
line_after 'clock: disciplined again, its service is there$' 4000 appears
echo "came: noticed after $took ms"
expect_mode discipline 5
within 90 grep -Eq '^slew .* synced$' "$DIR/asked" || fail "nothing was asked of it"

# It is started again, which nobody need know.
service_kill
sleep 1.5
: >"$DIR/asked"
service_start obey
within 5 grep -q '^read$' "$DIR/asked" || fail "not asked again"
sleep 1
mode_is discipline || fail "a restart was taken for an end"
[ "$(lines 'guard mode:|not disciplined')" = 1 ] || fail "a restart was told"
[ "$(lines 'clock service: back')" -le 1 ] || fail "a restart was told twice"

# It hangs: the daemon does not.
kill -s STOP "$service"
reloads 10
echo "hanging: a signal was heard after at most $worst ms"
[ "$worst" -le 2500 ] || fail "a hanging service holds up the daemon"
line_after 'clock service: back after [0-9.]+ s$' 10000 kill -s CONT "$service"
mode_is discipline || fail "mode $(value status mode) after a hanging service"

# It goes, and takes its socket with it: ten seconds later it has gone.
goes() { service_kill; rm "$socket"; }
line_after 'clock: not disciplined any more, only guarded' 16000 goes
echo "gone: noticed after $took ms"
[ "$took" -ge 9000 ] || fail "given up after $took ms"
expect_line 'guard mode: not there any more: clock service: .*socket: No such file or directory$' 2
mode_is guard || fail "mode $(value status mode)"

# It is killed, and nobody starts it again: its socket stays, and says nothing.
# What changes so often has no line of its own any more, but the mode has.
disciplined='discipline mode: the clock may be set by the clock service'
line_after "$disciplined" 4000 \
    service_start obey
within 90 grep -Eq '^slew .* synced$' "$DIR/asked" || fail "nothing was asked of it"
: >"$DIR/daemon.log"
line_after 'guard mode: not there any more: .*Connection refused$' 30000 service_kill
told=$(grep -nE 'clock service: .*; guard mode in 10 s if it stays away$' \
    "$DIR/daemon.log" || true)
[[ $told = 1:*Connection\ refused* ]] || fail "not the first to be said: $told"
echo "killed: given up after $took ms"

# It is there, but somebody else's.
service_start busy
sleep 3
mode_is guard || fail "it disciplines by a service that is busy"
service_kill
line_after "$disciplined" 4000 \
    service_start obey
stop_process "$DAEMON"
service_kill

# It refuses: in its own words, once, and as an alert.
servers_stop
config_new
config_line "clock_socket = \"$socket\""
config_line 'mode = discipline'
start_pair +400
service_start 'a step of 400 s is too much for us'
: >"$DIR/daemon.log"
daemon_start
expect_line 'clock: refused: a step of 400 s is too much for us$' 30
within 5 grep -Eq '^step \+(399|400)\.[0-9]+ starting strong$' "$DIR/asked" ||
    fail "asked otherwise: $(grep step "$DIR/asked")"
sleep 5
[ "$(lines 'clock: refused')" = 1 ] || fail "refusal told more than once"
expect_state exceeded 5
