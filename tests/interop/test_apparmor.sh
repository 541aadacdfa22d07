#!/bin/bash
# What the programs open, start and connect to in real runs is what their
# AppArmor profiles allow.  No kernel enforces it here.
# shellcheck disable=SC2119 # the daemon needs no options
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
for tool in apparmor_parser strace; do
    command -v $tool >/dev/null || skip "no $tool"
done
strace -o /dev/null true 2>/dev/null || skip "nobody may be traced here"
/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || skip "no python3-aiosmtpd"
begin
traced() {
    TRACE=(strace -D -ff -y -qq -s 300 -e "trace=%file,%network,%process,mmap,\
fcntl,flock,fchmod,fchown,ftruncate,clock_adjtime" -o "$DIR/trace-$1")
}
# allowed PROGRAM PATH=PLACE...
allowed() {
    "$ROOT/tests/style/apparmor" "$ROOT" "$BUILD" "$1" "$DIR/trace-$1" \
        "$(readlink -f "$BUILD/bin")=/usr/sbin" "${@:2}" ||
        fail "the profile of $1 does not allow what it does"
}

# ---- the guard: a clock that is wrong, a keytab, other processes ----
start_pair +200
sed -i "s,^realm .*,realm \"$REALM\" { keytab = \"$DIR/keytab\" }," \
    "$DIR/skewguard.conf"
cp "$SERVERS_DIR/kdc-das-m/host.keytab" "$DIR/keytab"
config_line 'alert { mailto = { "root" } }'
traced skewguardd
"${TRACE[@]}" "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" \
    >>"$DIR/daemon.log" 2>&1 </dev/null &
DAEMON=$!
within 30 test -s "$DIR/run/motd" || fail "no word at login"
within 30 compgen -G "$DIR/state/spool/*.alert" >"$DIR/spooled" ||
    fail "no alert"
kill -s HUP "$DAEMON"
expect_line 'configuration reloaded' 10
kill -s TERM "$DAEMON"
expect_exit 0 wait "$DAEMON"
DAEMON=''
allowed skewguardd "$DIR/run=/run/skewguard" "$DIR/state=/var/lib/skewguard" \
    "$DIR/skewguard.conf=/etc/skewguard/skewguard.conf" \
    "$DIR/krb5.conf=/etc/krb5.conf" "$DIR/keytab=/etc/krb5.keytab"

# ---- the mailer: a relay with TLS and a password, sendmail, a hook ----
umask 077
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=relay \
    -addext 'subjectAltName = IP:127.0.0.1' -keyout "$DIR/key.pem" \
    -out "$DIR/ca.pem" 2>"$DIR/openssl.log" || fail "no certificate"
echo secret >"$DIR/password"
for name in hook sendmail; do
    printf '%s\n' '#!/bin/sh' "cat >'$DIR/$name.out'" >"$DIR/$name"
    chmod 700 "$DIR/$name"
done
port=$(free_port)
smtpd relay "$port" --starttls "$DIR/ca.pem" "$DIR/key.pem" --auth robot secret
mailer_new relay "smtp { host = \"127.0.0.1\" port = $port tls = required
ca_file = \"$DIR/ca.pem\" user = \"robot\" password_file = \"$DIR/password\" }" \
    "alert { hook = { \"$DIR/hook\" } }"
mailer_new local "alert { sendmail = \"$DIR/sendmail\" }"
for name in relay local; do
    traced skewguard-mailer
    MAILER_WITH=("${TRACE[@]}")
    mailer_start $name
    within 5 test -e "$DIR/$name/state/spool/mailer.lock" || mail_fail "no start"
    put $name $CAUSE 1 raised
    expect_told $name "mail to root: alert $CAUSE-1 accepted"
    [ $name = local ] || expect_told $name "hook .* done"
    expect_drained $name
    mailer_end $name TERM || mail_fail "no good end"
    allowed skewguard-mailer "$DIR/$name/state=/var/lib/skewguard" \
        "$DIR/$name/run=/run/skewguard" \
        "$DIR/$name/conf=/etc/skewguard/skewguard.conf" \
        "$DIR/sendmail=/usr/sbin/sendmail" "$DIR/hook=/etc/skewguard/hook" \
        "$DIR/ca.pem=/etc/skewguard/ca.pem" \
        "$DIR/password=/etc/skewguard/password"
    rm "$DIR"/trace-skewguard-mailer.*
done

# ---- the clock service: told that it may set the clock, which it may not ----
traced skewguard-clockd
# What asks for the permission is the second call of its kind.
"${TRACE[@]}" -e inject=clock_adjtime:retval=0:when=2 \
    "$BUILD/bin/skewguard-clockd" --user root --runtime "$DIR/clockd" \
    --state "$DIR/clockd-state" >"$DIR/clockd.log" 2>&1 </dev/null &
SERVER_PID[clockd]=$!
within 10 test -S "$DIR/clockd/socket" || fail "$(<"$DIR/clockd.log")"
"$BUILD/tests/interop/ask_clockd" "$DIR/clockd/socket" 1 >"$DIR/asked"
grep -q '^slew: .* was refused: Operation not permitted' "$DIR/asked" ||
    fail "$(<"$DIR/asked")"
kill -s TERM "${SERVER_PID[clockd]}"
expect_exit 0 wait "${SERVER_PID[clockd]}"
unset 'SERVER_PID[clockd]'
[ -s "$DIR/clockd-state/account" ] || fail "no account"
allowed skewguard-clockd "$DIR/clockd=/run/skewguard-clockd" \
    "$DIR/clockd-state=/var/lib/skewguard-clockd"
