#!/bin/bash
# What systemd is told: READY=1 when there is a status, STATUS= in words,
# the watchdog's sign of life in time, a reload and the end, by a daemon that
# never waits for it.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
port=$(free_port)
kdc_start kdc 127.0.0.34 "$port" +0
config_kdc kdc 127.0.0.34 "$port"
config_line 'kdc_poll = 4s'
listener notify "$DIR/notify.socket"

# start WATCHDOG_PID: as systemd does; "self" is the daemon's own pid.
start() {
    : >"$DIR/daemon.log"
    # shellcheck disable=SC2016
    NOTIFY_SOCKET=$DIR/notify.socket WATCHDOG_USEC=1000000 WATCHDOG_PID=$1 \
        bash -c '[ "$WATCHDOG_PID" != self ] || WATCHDOG_PID=$$; exec "$@"' \
        start "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" -g \
        >>"$DIR/daemon.log" 2>&1 </dev/null &
    DAEMON=$!
}
told() { grep -Eq -- "$1" "$DIR/notify"; }
expect_told() {
    within 20 told "$1" || fail "systemd is not told $1: $(<"$DIR/notify")"
}

start self
expect_told '^[0-9.]+ READY=1\|STATUS=guard: (unknown|ok), EXAMPLE\.TEST$'
[ -s "$DIR/run/status" ] || within 1 [ -s "$DIR/run/status" ] ||
    fail "ready, but there is no status"
server_offset kdc +123.456
expect_told '^[0-9.]+ STATUS=guard: warn, EXAMPLE\.TEST$'
server_offset kdc +0
sleep 3
[ "$(grep -c READY=1 "$DIR/notify")" = 1 ] || fail "READY=1 more than once"
awk '$2 == "WATCHDOG=1" { n++; if (last && $1 - last > 0.9) late = $1 - last
        last = $1 }
    END { print n " signs of life"; if (late) print late " s apart"
        exit n < 4 || late }' "$DIR/notify" || fail "the watchdog would bite"

kill -s HUP "$DAEMON"
expect_told '^[0-9.]+ RELOADING=1\|MONOTONIC_USEC=[0-9]+$'
within 5 awk '/RELOADING=1/ { split($2, part, "="); at = part[3] / 1e6
        if (at > $1 || at < $1 - 1) exit 1
        reloading = 1 }
    reloading && $2 == "READY=1" { ready = 1 }
    END { exit !ready }' "$DIR/notify" ||
    fail "after RELOADING=1, with the time of then, no READY=1"

kill -s TERM "$DAEMON"
expect_exit 0 wait "$DAEMON"
expect_told '^[0-9.]+ STOPPING=1$'
DAEMON=''

# A watchdog that is another process's is none of ours.
before=$(grep -c WATCHDOG "$DIR/notify")
start 1
expect_state ok 20
sleep 1.5
[ "$(grep -c WATCHDOG "$DIR/notify")" = "$before" ] ||
    fail "somebody else's watchdog is fed"
stop_process "$DAEMON"

# One that hangs holds nobody up, and hears of it later: signs of life alone
# fill its socket within 6 s.
start self
expect_state ok 20
server_signal notify STOP
sleep 8
server_offset kdc +123.456
expect_state warn 20
server_offset kdc +0
expect_state ok 20
before=$(wc -l <"$DIR/notify")
server_signal notify CONT
order() { tail -n +$((before + 1)) "$DIR/notify" | grep -o 'STATUS=guard: [a-z]*' |
    xargs | grep -q 'STATUS=guard: warn STATUS=guard: ok'; }
within 20 order || fail "not told, or in another order: $(<"$DIR/notify")"
