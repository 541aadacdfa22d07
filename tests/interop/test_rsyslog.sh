#!/bin/bash
# A real rsyslogd gets each alert once, in a line of its own, with its severity,
# whatever is written into names.  One that is started again misses nothing; one
# that hangs holds nobody up, and is told how much it missed.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/syslog.sh"
. "$here/../../scripts/kinds.sh"
. "$here/../../scripts/machine.sh"
own_mounts
begin
machine_prepare || skip "rsyslogd cannot be had"
own_devices
machine_enter
mount --rbind /dev /mnt/dev

# It is to show what it gets, not to clean up behind us.
cat >/mnt/etc/rsyslog.conf <<'END'
global(parser.escapeControlCharactersOnReceive="off")
module(load="imuxsock")
template(name="all" type="string" string="%pri-text% %syslogtag%%msg%\n")
action(type="omfile" file="/test/messages" template="all")
END
MESSAGES=/mnt/test/messages
rsyslog_start() {
    rm -f /dev/log
    "${INSIDE[@]}" rsyslogd -n -i /test/pid -f /etc/rsyslog.conf \
        >"$DIR/rsyslog.out" 2>&1 </dev/null &
    SERVER_PID[rsyslogd]=$!
    within 10 test -S /dev/log || fail "no rsyslogd: $(<"$DIR/rsyslog.out")"
}

# count PRIORITY REGEX: its lines of this daemon.
count() {
    grep -Ec "^daemon\.$1 skewguardd\[$DAEMON\]: $2" "$MESSAGES" || true
}
has_once() { [ "$(count "$@")" = 1 ]; }
expect_once() {
    within 20 has_once "$@" ||
        fail "$(count "$@") lines, not one: $*: $(cat -v "$MESSAGES")"
}

# reload N TEXT: ask for it so often, each time until TEXT was said.
reload() {
    local i before
    for ((i = 0; i < $1; i++)); do
        before=$(grep -c "$2" "$DIR/daemon.log") || true
        kill -s HUP "$DAEMON"
        within 10 more_said "$before" "$2" || fail "the daemon hangs at line $i"
    done
}
more_said() { [ "$(grep -c "$2" "$DIR/daemon.log")" -gt "$1" ]; }

rsyslog_start
port=$(free_port)
kdc_start kdc 127.0.0.37 "$port" +0
config_line 'kdc_poll = 4s'
# Whoever may write into this file is trusted, and may have copied anything.
{
    printf '%s\n' '[libdefaults]' "    default_realm = \"A\\nskewguardd[1]: forged\"" \
        '    dns_lookup_kdc = false' '[realms]' "    $REALM = {" \
        '        kdc = "b\n<26>Jan  1 skewguardd[1]: forged"'
    printf '        kdc = c\033[2J\302\233\377.test\n'
    printf '        kdc = 127.0.0.37:%s\n    }\n' "$port"
} >"$DIR/krb5.conf"
daemon_start -g
expect_once notice "$REALM: ok \(was unknown\): "
expect_once warning 'krb5\.conf is not used: .* default_realm "A\?skewguardd\[1\]: forged" is no realm'
expect_once warning 'krb5\.conf: .* "b\?<26>Jan  1 skewguardd\[1\]: forged" is no host'
expect_once warning 'krb5\.conf: .* "c\?\[2J\?\?\?\.test" is no host'

server_offset kdc +123.456
expect_once notice "$REALM: warn, realm-wide: KDC 127\.0\.0\.37 is 123\.[0-9] s "

# It is away, as in an update.
server_stop rsyslogd
server_offset kdc +400
expect_line "^skewguardd: $REALM: exceeded \(was warn\), realm-wide" 20
server_offset kdc +0
expect_state ok 20
rsyslog_start
expect_once err "$REALM: exceeded \(was warn\), realm-wide: KDC 127\.0\.0\.37 is [34][0-9.]+ s "
expect_once notice "$REALM: ok \(was exceeded\): "

# It hangs: more lines than its socket holds, fewer than we keep.
server_signal rsyslogd STOP
reload 40 'configuration reloaded$'
server_offset kdc +123.456
expect_state warn 20
server_signal rsyslogd CONT
got() { [ "$(count notice 'configuration reloaded$')" = "$1" ]; }
within 70 got 40 || fail "$(count notice 'configuration reloaded') of 40 lines"

# More than that.
server_signal rsyslogd STOP
cp "$DIR/skewguard.conf" "$DIR/skewguard.conf.good"
config_line "$(printf 'x%.0s' {1..180}) = 1"
sent=200
reload $sent 'not reloaded, the old'
mv "$DIR/skewguard.conf.good" "$DIR/skewguard.conf"
server_signal rsyslogd CONT
reload 1 'configuration reloaded$'
gap=": log: [0-9]+ lines lost: the system's log did not take them\$"
within 70 grep -Eq "$gap" "$MESSAGES" || fail "the gap is not told"
got=$(count err 'not reloaded, the old')
lost=$(grep -Eo "$gap" "$MESSAGES" | tr -dc 0-9)
[ $((got + lost)) = $sent ] || fail "$got lines of $sent arrived, $lost are told to be lost"
# It stands between what was kept and what came later.
sed -n "/not reloaded/,\$p" "$MESSAGES" | sed -E 's/.*(not reloaded|lines lost|configuration reloaded).*/\1/' |
    uniq | paste -sd , | grep -qE '^not reloaded,lines lost,configuration reloaded' ||
    fail "the gap is not where it was: $(tail -n 5 "$MESSAGES")"
echo "$got of $sent lines arrived, $lost were told to be lost"

# Nothing else arrived: one line each, and none of anybody else.
lines=$(grep -Evc "^daemon\.[a-z]+ skewguardd\[$DAEMON\]: [ -~]+$|^syslog\.info rsyslogd: [ -~]+$" "$MESSAGES") ||
    true
[ "$lines" = 0 ] || fail "$lines forged lines: $(cat -v "$MESSAGES")"
