#!/bin/bash
# Minimal mode: a clock ten minutes behind is brought to two NTP servers by a
# loop that waits for their sockets and for nothing else.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
for address in 127.0.0.31 127.0.0.32; do
    port=$(free_port)
    ntp_start "ntp-$address" "$address" "$port" +0
    config_line "ntp \"$address\" { port = $port }"
done
config_line 'ntp "time.example.test" { }'
daemon_start --minimal --simulate offset=+600s,drift=40ppm

settled() {
    status && [ "$(value status clock.disciplined)" = true ] &&
        holds "($(value status clock.offset_s)) ^ 2 < 0.010 ^ 2"
}
expect_line 'time\.example\.test is not asked in minimal mode: names are not' 5
within 20 settled || fail "the clock is not disciplined within 20 s"
[ "$(value status sources)" = 2 ] || fail "not two sources are left"

# Sockets for NTP and for syslog, the lock, and the pipe that libevent makes and
# nobody waits for; no descriptor for events, timers or signals.
for fd in "/proc/$DAEMON/fd/"*; do
    case $(readlink "$fd") in
    anon_inode:*) fail "$fd is $(readlink "$fd")" ;;
    esac
done
# Between two exchanges it waits for time alone: poll(fds, 0, ...).
waits_for_nothing() {
    [ "$(cut -d ' ' -f 3 "/proc/$DAEMON/syscall")" = 0x0 ]
}
if cat "/proc/$DAEMON/syscall" >"$DIR/syscall" 2>/dev/null; then
    case $(uname -m) in
    x86_64) read -r number _ <"$DIR/syscall"
        [[ $number = 7 || $number = 271 ]] ||
            fail "it does not wait in poll(2), but in $(<"$DIR/syscall")" ;;
    esac
    within 5 waits_for_nothing || fail "poll(2) has a descriptor when idle"
fi

kill -s HUP "$DAEMON"
expect_line 'configuration reloaded' 3
before=$SECONDS
kill -s TERM "$DAEMON"
expect_exit 0 wait "$DAEMON"
DAEMON=''
[ $((SECONDS - before)) -le 3 ] || fail "SIGTERM took $((SECONDS - before)) s"
expect_line 'stopping: Terminated' 0

# A libevent that may not use poll(2) has nothing else to offer.
expect_exit 78 env EVENT_NOPOLL=1 "$BUILD/bin/skewguardd" --minimal \
    -c "$DIR/skewguard.conf" 2>"$DIR/err"
grep -q 'libevent may not use poll(2)' "$DIR/err" || fail "$(<"$DIR/err")"
