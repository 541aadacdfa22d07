#!/bin/bash
# krb5.conf changes under the running daemon: edited, replaced, broken and
# repaired, in a file that it includes, which comes and goes.  Each is followed
# within 3 s without a signal, and what was measured stays.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
sed -i '/^realm/d' "$DIR/skewguard.conf"
port=$(free_port)
kdc_start kdc-a 127.0.0.35 "$port" +0
kdc_start kdc-b 127.0.0.36 "$port" +123.456
mkdir "$DIR/conf.d"

# krb5_conf ADDRESS...: with those KDCs, to stdout.
krb5_conf() {
    echo "includedir $DIR/conf.d"
    printf '%s\n' '[libdefaults]' "default_realm = $REALM" \
        'dns_lookup_kdc = false' "default_keytab_name = $DIR/host.keytab" \
        '[realms]' "$REALM = {"
    printf "kdc = %s:$port\n" "$@"
    echo '}'
}

# followed REGEX: a line of the log that was not there before.
followed() {
    expect_line "$1" 3
    : >"$DIR/daemon.log"
}
answers() {
    status && [ "$(value status sources.0.name)" = 127.0.0.35 ] &&
        holds "$(value status sources.0.reach) >= 1"
}
krb5_conf 127.0.0.35 >"$DIR/krb5.conf"
daemon_start -g
expect_state ok 20
within 5 answers || fail "the first KDC does not answer"
: >"$DIR/daemon.log"

krb5_conf 127.0.0.35 127.0.0.36 >"$DIR/krb5.conf"
followed 'krb5\.conf changed: 1 realm, 6 sources'
answers || fail "the history of the first KDC is lost"
expect_state warn 20

# The same again: nobody notices.
: >"$DIR/daemon.log"
krb5_conf 127.0.0.35 127.0.0.36 >"$DIR/new"
mv "$DIR/new" "$DIR/krb5.conf"
sleep 2.5
! logged_line 'krb5\.conf' || fail "nothing changed, and it says something"

krb5_conf 127.0.0.36 >"$DIR/new"
mv "$DIR/new" "$DIR/krb5.conf"
followed 'krb5\.conf changed: 1 realm, 3 sources'

echo '[libdefaults] }} = {' >"$DIR/krb5.conf"
followed 'krb5\.conf: Improper format.*; what was in use before stays'
state_is warn || fail "the old plan does not stay"
skewguard explain | grep -q 'notice .*krb5' || fail "explain does not tell"
echo '[libdefaults] }} = { again' >"$DIR/krb5.conf"
sleep 2.5
[ ! -s "$DIR/daemon.log" ] || fail "broken, and said twice"
krb5_conf 127.0.0.36 >"$DIR/krb5.conf"
followed 'krb5\.conf is repaired: 1 realm, 3 sources'
state_is warn || fail "the state is lost"
! skewguard explain | grep -q 'notice ' || fail "the notice stays"

# A file in the includedir, which takes it over and goes again.
printf '%s\n' '[libdefaults]' 'clockskew = 130' >"$DIR/conf.d/site.conf"
followed 'krb5\.conf changed: 1 realm, 3 sources'
expect_state critical 10
printf '%s\n' '[libdefaults]' 'clockskew = 140' >"$DIR/conf.d/site.conf"
followed 'krb5\.conf changed'
rm "$DIR/conf.d/site.conf"
followed 'krb5\.conf changed'
expect_state warn 10

# The folder itself vanishes, which libkrb5 does not forgive, and comes back.
mv "$DIR/conf.d" "$DIR/conf.old"
followed 'krb5\.conf: .*; what was in use before stays'
state_is warn || fail "the old plan does not stay"
mv "$DIR/conf.old" "$DIR/conf.d"
followed 'krb5\.conf is repaired'

# All of it vanishes, and comes back.
mv "$DIR/krb5.conf" "$DIR/krb5.gone"
followed 'no default_realm'
daemon_lives || fail "the daemon has ended"
mv "$DIR/krb5.gone" "$DIR/krb5.conf"
followed 'krb5\.conf is in use now: 1 realm, 3 sources'
expect_state warn 20

# A new keytab is noticed, and is no new plan.
echo key >"$DIR/host.keytab"
expect_line 'a keytab changed: KDCs are asked with it again' 3
followed "cannot be authenticated: $DIR/host\.keytab: Unsupported key table"
