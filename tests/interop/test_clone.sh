#!/bin/bash
# A host whose state directory is another one's, as if cloned from it while that
# had an alert and a clock with another frequency: its clock is right all the
# time, the frequency is learned anew, and it tells the other one's recovery.
# Without the state directory it does not even that, as docs/OPERATION.md says.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
start_pair +0
config_line 'alert { calm = 5s  spread = 0s }'
WRONG_PPM=60

stop() {
    kill -s TERM "$DAEMON"
    expect_exit 0 wait "$DAEMON"
    DAEMON=''
}
servers_are() {
    local name
    for name in kdc-das-m kdc-das-s ntp-das-m ntp-das-s; do
        server_offset "$name" "$1"
    done
}
# Each looks at its clock's file anew only after a while.
are_right() {
    local address port time
    skewguard check >"$DIR/checked" || return
    while read -r address port; do
        time=$(ntp_time "$address" "$port") || return
        holds "($time - $EPOCHREALTIME) ^ 2 < 1" || return
    done < <(sed -n 's/^ntp.*address = "\(.*\)" port = \([0-9]*\).*/\1 \2/p' \
        "$DIR/skewguard.conf")
}

# The first host, which is 400 s behind and only guards.
servers_are +400
daemon_start -g
expect_line "^skewguardd: $REALM: exceeded" 30
has_spooled() { compgen -G "$DIR/state/spool/*.alert" >/dev/null; }
within 10 has_spooled || fail "no alert waits for the mailer"
stop
servers_are +0
within 30 are_right || fail "the servers are not right: $(cat "$DIR/checked")"
printf 'skewguard-frequency 1\nfrequency_ppm=%s\nfrequency_sd_ppm=0.01\nsaved_ns=%s\n' \
    -$((WRONG_PPM / 2)) "$(date +%s%N)" >"$DIR/state/frequency.simulated"
echo "state of $(du -bs "$DIR/state" | cut -f 1) bytes"

# clone: another host, whose clock is right and needs the opposite frequency.
clone() {
    : >"$DIR/daemon.log"
    rm -f "$DIR/run/status"
    daemon_start --simulate offset=+0s,drift=-$((WRONG_PPM / 2))ppm
    expect_state ok 20
}
is_learned() {
    status || fail 'no status'
    holds "($(value status clock.offset_s)) ^ 2 < 0.01 ^ 2" ||
        fail "off by $(value status clock.offset_s) s"
    holds "($(value status clock.frequency_ppm) - $WRONG_PPM / 2) ^ 2 < 1"
}

clone
within 60 is_learned || fail "frequency $(value status clock.frequency_ppm)"
expect_line "^skewguardd: $REALM: recovered" 30
! logged_line 'clock: step by' || fail 'it stepped its clock'
stop

rm -rf "${DIR:?}/state"
clone
sleep 10 # twice "calm"
! logged_line recovered || fail 'it tells what it never had'
! has_spooled || fail 'it has alerts of another host'
within 60 is_learned || fail "frequency $(value status clock.frequency_ppm)"
