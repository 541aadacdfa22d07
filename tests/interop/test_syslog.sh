#!/bin/bash
# The system log gets what a person should know, in the right priority; stderr
# gets everything, unless it is the journal, which would then get it twice.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
own_mounts
begin

# A /dev of our own, where nobody listens to log.
mkdir "$DIR/dev"
for name in null zero random urandom; do
    touch "$DIR/dev/$name"
    mount --bind "/dev/$name" "$DIR/dev/$name"
done
ln -s /proc/self/fd "$DIR/dev/fd"
mount --rbind "$DIR/dev" /dev
listener log /dev/log

port=$(free_port)
kdc_start kdc 127.0.0.35 "$port" +0
config_kdc kdc 127.0.0.35 "$port"
config_line 'kdc_poll = 4s'
daemon_start -g
# syslog PRIORITY REGEX: facility daemon is 3 * 8.
syslog() {
    grep -Eq "<$((24 + $1))>.* skewguardd\\[$DAEMON\\]: $2" "$DIR/log"
}
expect_syslog() {
    within 20 syslog "$@" || fail "not in the system log: $*: $(<"$DIR/log")"
}
expect_syslog 5 'guard mode: guard mode was asked for$'
expect_syslog 5 "$REALM: ok \\(was unknown\\): .*KDC kdc, .* limit of 300 s"
expect_line "^skewguardd: $REALM: ok" 1
expect_line "^skewguardd: $REALM: limit 300 s" 1
! grep -q ': limit 300 s' "$DIR/log" || fail "the system log gets chatter"
server_offset kdc +123.456
expect_syslog 4 "$REALM: warn \\(was ok\\): this host is 123\\."
server_offset kdc +400
expect_syslog 2 "$REALM: exceeded \\(was warn\\): this host is 400\\."
lines=$(wc -l <"$DIR/log")
sleep 10
[ "$(grep -c exceeded "$DIR/log")" = 1 ] ||
    fail "the same state is told again: $(tail -n +"$lines" "$DIR/log")"
kill -s TERM "$DAEMON"
expect_exit 0 wait "$DAEMON"
expect_syslog 5 'stopping: Terminated'

# JOURNAL_STREAM counts only where it names our stderr.
export JOURNAL_STREAM=1:2
: >"$DIR/daemon.log"
daemon_start -g
expect_syslog 5 'guard mode: '
expect_line 'guard mode: ' 5
stop_process "$DAEMON"
: >"$DIR/daemon.log"
JOURNAL_STREAM=$(stat -c %d:%i "$DIR/daemon.log")
daemon_start -g
expect_syslog 5 'guard mode: '
expect_syslog 6 "$REALM: limit 300 s"
[ ! -s "$DIR/daemon.log" ] || fail "the journal gets everything twice"
