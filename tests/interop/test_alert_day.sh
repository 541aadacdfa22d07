#!/bin/bash
# A day in the life: a KDC's clock goes wrong by more and more and is put right
# again, the relay is down for half of it, daemon and mailer are killed once
# each.  Every alert arrives, once, in order, and says what golden/alert-day.txt
# says.
#
#   test_alert_day.sh [--write]   write that file instead
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
begin

GOLDEN=$here/golden/alert-day.txt
smtp=$(free_port)
port=$(free_port)
kdc_start kdc 127.0.0.24 "$port" +0
config_kdc kdc 127.0.0.24 "$port"
config_line 'kdc_poll = 4s'
config_line 'alert { calm = 6s  spread = 0s  mailto = { "root@example.test" } }'
config_line "smtp { host = \"127.0.0.1\"  port = $smtp }"
mkdir "$DIR/day" "$DIR/mails"
ln -s "$DIR/skewguard.conf" "$DIR/day/conf"
ln -s "$DIR/state" "$DIR/day/state"

relay_up() {
    relay keepd /usr/bin/python3 "$here/keepd.py" 127.0.0.1 "$smtp" \
        "$DIR/mails"
}
n_mails() { find "$DIR/mails" -type f | wc -l; }
has_mails() { [ "$(n_mails)" = "$1" ]; }
expect_n_mails() {
    within "$2" has_mails "$1" ||
        mail_fail "$(n_mails) mails within $2 s, not $1"
}
waits() { [ "$(n_spooled day)" = "$1" ]; }
# alerted WORD: the alert was told in the log, which is after it was confirmed.
alerted() {
    expect_line "^skewguardd: $REALM: $1" 30
}

# The word for the motd is there as long as there is something to be said.
motd_says() { grep -Eq "$1" "$DIR/run/motd" 2>/dev/null; }
has_no_motd() { [ ! -e "$DIR/run/motd" ]; }

mailer_start day
daemon_start -g
expect_state ok 20
has_no_motd || fail "a word at login though all is well"

# ---- warn and critical: the relay is down, the mailer is killed ----
server_offset kdc +70.5
alerted 'warn, realm-wide: KDC kdc'
expect_told day 'mail to root@example.test: .*; next try in'
server_offset kdc +200.5
alerted 'critical \(was warn\), realm-wide: KDC kdc'
within 5 waits 2 || mail_fail "$(n_spooled day) alerts wait, not 2"
mailer_end day KILL || true
relay_up
mailer_start day
expect_n_mails 1 20

# ---- exceeded: the daemon is killed as soon as it has told ----
server_offset kdc +310.5
alerted 'exceeded \(was critical\), realm-wide: KDC kdc'
kill -s KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null || true
daemon_start -g
expect_n_mails 2 20
expect_line "$REALM: exceeded \\(was unknown\\)" 20
within 5 motd_says '^This host.* 310\.5 s behind .*[Rr]efused now.*Z\)$' ||
    fail "the motd does not say it: $(cat "$DIR/run/motd" 2>&1)"

# ---- and back ----
server_offset kdc +0
alerted 'recovered after'
within 5 has_no_motd || fail "a word at login though all is well again"
expect_n_mails 3 20
expect_drained day
sleep 8
has_mails 3 || mail_fail "something is told again"
for word in 'warn, realm' 'critical (was warn), realm' \
    'exceeded (was critical), realm' 'recovered after'; do
    [ "$(grep -cF "skewguardd: $REALM: $word" "$DIR/daemon.log")" = 1 ] ||
        fail "not once in the log: $word"
done

# shellcheck disable=SC2046 # numbers
/usr/bin/python3 "$here/plain_mails.py" $(printf "$DIR/mails/%s " 1 2 3) \
    >"$DIR/plain.txt"
if [ "${1:-}" = --write ]; then
    mkdir -p "${GOLDEN%/*}"
    cp "$DIR/plain.txt" "$GOLDEN"
fi
diff -u "$GOLDEN" "$DIR/plain.txt" || fail "other words than in $GOLDEN"
echo "4 alerts in 3 mails, once, in order"
