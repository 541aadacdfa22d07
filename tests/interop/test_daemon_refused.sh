#!/bin/bash
# A key that a KDC refuses counts as a wrong password.  It rests, though the
# configuration is read again and again, and names a KDC that was not asked yet.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/auth.sh"
begin
port=$(free_port)
kdc_start kdc 127.0.0.1 "$port" +0
keytab=$DIR/keytab
cp "$SERVERS_DIR/kdc/host.keytab" "$keytab"
admin() { kdc_admin "$SERVERS_DIR/kdc" kadmin.local -q "$1"; }
admin "cpw -randkey host/client.test" >"$DIR/admin.log" 2>&1

# configure PORT: the KDC is there.
configure() {
    config_new
    sed -i "s|^realm .*|realm \"$REALM\" { keytab = \"$keytab\" }|" \
        "$DIR/skewguard.conf"
    config_kdc kdc 127.0.0.1 "$1"
}

refused="KDC time cannot be authenticated: KRB-ERROR 24 to "
configure "$port"
daemon_start -g
expect_line "$refused" 20
for ((i = 0; i < 3; i++)); do
    forge_start "$port" pass
    configure "$FORGED"
    kill -s HUP "$DAEMON"
    within 10 grep -q login "$DIR/forge" || fail "the new KDC is not asked"
    sleep 3
    server_stop forge
done
daemon_lives || fail "the daemon has ended"
# Two are tried, for two types of encryption.
failed=$(admin "getprinc host/client.test" |
    sed -n "s/^Failed password attempts: //p")
[ "$failed" = 2 ] || fail "the stale key was tried $failed times"
