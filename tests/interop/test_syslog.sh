#!/bin/bash
# The system log gets what a person should know, in the right priority; stderr
# gets everything.  Where that is the journal, the journal gets it once.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/syslog.sh"
own_mounts
begin
own_devices
listener log /dev/log

port=$(free_port)
kdc_start kdc 127.0.0.35 "$port" +0
config_kdc kdc 127.0.0.35 "$port"
config_line 'kdc_poll = 4s'
daemon_start -g
# syslog PRIORITY REGEX: facility daemon is 3 * 8.
syslog() {
    grep -Eq "<$((24 + $1))>[A-Z][a-z]{2} [ 1-3][0-9] [0-9:]{8} \
skewguardd\\[$DAEMON\\]: $2" "$DIR/log"
}
expect_syslog() {
    within 20 syslog "$@" || fail "not in the system log: $*: $(<"$DIR/log")"
}
expect_syslog 5 'guard mode: guard mode was asked for$'
expect_syslog 5 "$REALM: ok \\(was unknown\\): .*KDC kdc, .* limit of 300 s"
expect_line "^skewguardd: $REALM: ok" 1
expect_line "^skewguardd: $REALM: limit 300 s" 1
! grep -q ': limit 300 s' "$DIR/log" || fail "the system log gets chatter"
# Many hosts tell that a KDC is wrong: each is one severity lower.
server_offset kdc +123.456
expect_syslog 5 "$REALM: warn, realm-wide: KDC kdc is 123\.[0-9] s .*ahead of this host,"
expect_line "^skewguardd: $REALM: warn \\(was ok\\): " 1
! grep -q ': warn (was ok):' "$DIR/log" || fail "what is not confirmed is no alert"
server_offset kdc +400
expect_syslog 3 "$REALM: exceeded \\(was warn\\), realm-wide: KDC kdc is [34][0-9.]+ s .*ahead of this host,"
sleep 10
[ "$(grep -c exceeded "$DIR/log")" = 1 ] ||
    fail "the same state is told again: $(<"$DIR/log")"
kill -s TERM "$DAEMON"
expect_exit 0 wait "$DAEMON"
expect_syslog 5 'stopping: Terminated'

# Our own clock is wrong: nobody else tells.
server_offset kdc +0
rm -r "$DIR/state" "$DIR/run/status"
daemon_start -g --simulate offset=+0s,drift=0ppm,step=-400s@12s
expect_syslog 5 "$REALM: ok"
expect_syslog 4 'clock: somebody else stepped it by -400\.0000'
expect_syslog 2 "$REALM: exceeded: the simulated clock is [34][0-9.]+ s .*behind KDC kdc, .*: somebody here stepped it"
stop_process "$DAEMON"

# JOURNAL_STREAM counts only where it names our stderr.
export JOURNAL_STREAM=1:2
: >"$DIR/daemon.log"
daemon_start -g
expect_syslog 5 'guard mode: '
expect_line 'guard mode: ' 5
stop_process "$DAEMON"
mount -t tmpfs none /run
mkdir -p /run/systemd/journal
listener journal /run/systemd/journal/socket
: >"$DIR/daemon.log"
JOURNAL_STREAM=$(stat -c %d:%i "$DIR/daemon.log")
before=$(wc -l <"$DIR/log")
daemon_start -g
journal() {
    grep -Eq "MESSAGE=$2.*\\|PRIORITY=$1\\|SYSLOG_FACILITY=3\\|\
SYSLOG_IDENTIFIER=skewguardd\\|" "$DIR/journal"
}
expect_journal() {
    within 20 journal "$@" || fail "not in the journal: $*: $(<"$DIR/journal")"
}
expect_journal 5 'guard mode: '
expect_journal 6 "$REALM: limit 300 s"
[ ! -s "$DIR/daemon.log" ] || fail "the journal gets everything twice"
[ "$(wc -l <"$DIR/log")" = "$before" ] || fail "the system log gets it as well"
stop_process "$DAEMON"

# Who cannot reach it says all to stderr, which is the journal.
server_stop journal
rm /run/systemd/journal/socket
daemon_start -g
expect_line '^skewguardd: guard mode: ' 5
