#!/bin/bash
# skewguard test-alert: the real path, and what the other side said.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
begin
good=$(free_port) wordy=$(free_port) grey=$(free_port) silent=$(free_port)
hostile_relay good good "$good"
hostile_relay wordy wordy "$wordy"
hostile_relay grey greylist "$grey"
printf '#!/bin/sh\necho "$SKEWGUARD_TOPIC $SKEWGUARD_LEVEL" >"${0%%/*}/hooked"\n' \
    >"$DIR/hook"
printf '#!/bin/sh\necho out of paper\nexit 3\n' >"$DIR/printer"
chmod +x "$DIR/hook" "$DIR/printer"

# test_alert NAME CODE [TEXT]: what it says on either output.
test_alert() {
    local name=$1 want=$2 got=0
    "$BUILD/bin/skewguard" -c "$DIR/$name/conf" test-alert \
        >"$DIR/$name/said" 2>&1 || got=$?
    [ $got = "$want" ] ||
        mail_fail "$name: exit status $got, not $want: $(<"$DIR/$name/said")"
    [ $# -lt 3 ] || [ "$(sort "$DIR/$name/said")" = "$(sort <<<"$3")" ] ||
        mail_fail "$name says: $(<"$DIR/$name/said")"
}
says() {
    grep -Eq "$2" "$DIR/$1/said" || mail_fail "$1 says: $(<"$DIR/$1/said")"
}
# start NAME PORT LINE
start() {
    mailer_new "$1" "smtp { host = \"127.0.0.1\" port = $2 }" "$3"
    mailer_start "$1"
    within 5 test -e "$DIR/$1/state/spool/mailer.lock" ||
        mail_fail "$1 does not start"
}

# ---- nobody to send it: nothing is left behind ----
mailer_new dead "smtp { host = \"127.0.0.1\" port = $good }"
test_alert dead 3
says dead 'state/spool: No such file or directory; skewguard-mailer makes it'
mkdir -m 700 "$DIR/dead/state/spool"
test_alert dead 3 'skewguard: skewguard-mailer does not run, so nothing is sent; run "systemctl start skewguard-mailer"'
[ "$(n_spooled dead)" = 0 ] || mail_fail "a test is left behind"

# ---- all is well ----
start fine "$good" "alert { mailto = { \"root\", \"ops@x.test\" } hook = { \"$DIR/hook\" } }"
test_alert fine 0 "root: accepted by 127.0.0.1: 250 2.0.0 Ok
ops@x.test: accepted by 127.0.0.1: 250 2.0.0 Ok
hook $DIR/hook: done"
[ "$(<"$DIR/hooked")" = 'test notice' ] || mail_fail "hook: $(<"$DIR/hooked")"
expect_got good '^mail <root>: \[.*\] TEST: nothing is wrong'
expect_drained fine
receipts() { compgen -G "$DIR/$1/state/spool/*.receipt" >/dev/null; }
! receipts fine || mail_fail "a receipt is left behind"

# ---- some of it is not ----
start refused "$wordy" "alert { mailto = { \"root\" } hook = { \"$DIR/hook\", \"$DIR/printer\" } }"
test_alert refused 1 "root: refused by 127.0.0.1: 550 5.1.1 there is 5.1.1 nobody
hook $DIR/hook: done
hook $DIR/printer: exit status 3: out of paper; it will be tried again"
start later "$grey" 'alert { mailto = { "root" } }'
test_alert later 1 'root: put off by 127.0.0.1: 451 4.7.1 greylisted for 287 seconds; it will be tried again'
mailer_signal later USR1
expect_drained later
expect_got grey '^mail <root>: '
start nobody "$good" 'alert { mailto = { } }'
test_alert nobody 1 'skewguard: skewguard-mailer has nobody to tell: set mailto or hook, and reload it'
start down "$silent" 'alert { mailto = { "root" } }'
test_alert down 1
says down '^root: not taken by 127\.0\.0\.1: .*; it will be tried again$'

# ---- it dies meanwhile: withdrawn ----
mailer_signal down STOP
"$BUILD/bin/skewguard" -c "$DIR/down/conf" test-alert >"$DIR/down/said" 2>&1 &
test=$!
has_two() { [ "$(n_spooled down)" = 2 ]; }
within 5 has_two || mail_fail "no test in the spool"
mailer_end down KILL || true
expect_exit 3 wait $test
says down 'skewguard-mailer does not run, so nothing is sent'
[ "$(n_spooled down)" = 1 ] || mail_fail "not withdrawn"

# ---- whose it is ----
if [ "$(id -u)" = 0 ] && setpriv --reuid=65534 --clear-groups true 2>/dev/null; then
    chmod 711 "$DIR" "$DIR/fine"
    chmod 644 "$DIR/fine/conf"
    cp "$BUILD/bin/skewguard" "$BUILD/bin/skewguard-mailer" "$DIR/"
    got=0
    setpriv --reuid=65534 --clear-groups "$DIR/skewguard" \
        -c "$DIR/fine/conf" test-alert >"$DIR/fine/said" 2>&1 || got=$?
    [ $got = 77 ] || mail_fail "exit status $got: $(<"$DIR/fine/said")"
    says fine 'only root and the user that skewguard-mailer runs as may send a test'

    # root's test is the mailer's file, whoever that is
    mailer_new other "smtp { host = \"127.0.0.1\" port = $good }" \
        'alert { mailto = { "other@x.test" } }'
    chmod 711 "$DIR/other"
    chmod 644 "$DIR/other/conf"
    chown 65534 "$DIR/other/state"
    setpriv --reuid=65534 --clear-groups \
        "$DIR/skewguard-mailer" -c "$DIR/other/conf" >"$DIR/other/log" 2>&1 &
    SERVER_PID[mailer-other]=$!
    within 5 test -e "$DIR/other/state/spool/mailer.lock" ||
        mail_fail "other does not start"
    test_alert other 0 'other@x.test: accepted by 127.0.0.1: 250 2.0.0 Ok'
    expect_drained other

    # root follows nobody else's names, nor stays root among them
    mkdir -m 700 "$DIR/victim"
    for kind in link foreign; do
        mailer_new $kind "smtp { host = \"127.0.0.1\" port = $good }"
        chown 65534 "$DIR/$kind/state"
    done
    ln -s "$DIR/victim" "$DIR/link/state/spool"
    mkdir -m 700 "$DIR/foreign/state/spool"
    test_alert link 3 "skewguard: $DIR/link/state/spool: not a folder (a link to one does not count)"
    test_alert foreign 3 "skewguard: $DIR/foreign/state/spool: belongs to user 0, but the folder it lies in to user 65534"
    [ -z "$(find "$DIR/victim" "$DIR/foreign/state/spool" -type f)" ] ||
        mail_fail "root has written there"
fi
