#!/bin/bash
# krb5.conf with everything in it, missing, without a realm, broken: each has
# an outcome that is told, and none ends the daemon.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
sed -i '/^realm/d' "$DIR/skewguard.conf"
port=$(free_port)
kdc_start kdc 127.0.0.33 "$port" +123.456

# krb5_conf LINE...: of [libdefaults]; the realm and its KDC follow.
krb5_conf() {
    printf '%s\n' '[libdefaults]' "$@" '[realms]' "$REALM = {" \
        "    kdc = 127.0.0.33:$port" '}' >"$DIR/krb5.conf"
}

krb5_conf "default_realm = $REALM"
check 1
[ "$(value check realms.0.realm)" = "$REALM" ] || fail "not $REALM"

krb5_conf "default_realm = $REALM" 'clockskew = 130'
check 2
holds "$(value check realms.0.clockskew_s) == 130" || fail "clockskew not 130"

krb5_conf "default_realm = $REALM" 'clockskew = 5m'
daemon_start -g
expect_line 'clockskew.*5m' 10

# told REGEX: after a reload the daemon says so, lives, and check gives 3.
told() {
    : >"$DIR/daemon.log"
    kill -s HUP "$DAEMON"
    expect_line "$1" 10
    daemon_lives || fail "the daemon has ended"
    check 3
}

krb5_conf
told '[Rr]ealm'
krb5_conf 'default_realm = ATHENA.MIT.EDU' 'dns_lookup_kdc = false'
told '[Rr]ealm'
rm "$DIR/krb5.conf"
told '[Rr]ealm'
krb5_conf "default_realm = $REALM" '}}} ] = {'
told 'krb5\.conf|[Pp]rofile|[Cc]onfiguration'

# At the start as well.
stop_process "$DAEMON"
: >"$DIR/daemon.log"
daemon_start -g
expect_line 'krb5\.conf|[Pp]rofile|[Cc]onfiguration' 10
daemon_lives || fail "the daemon does not start"
krb5_conf "default_realm = $REALM"
kill -s HUP "$DAEMON"
expect_state warn 20
