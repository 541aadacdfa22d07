#!/bin/bash
# A folder that krb5.conf includes, or krb5.conf itself, may not be read by the
# daemon's user, or is no file: it says so, and goes on as soon as it may.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
mkdir "$DIR/conf.d"
cat >"$DIR/krb5.conf" <<END
includedir $DIR/conf.d
[libdefaults]
    default_realm = $REALM
    dns_lookup_kdc = false
[realms]
    $REALM = {
        kdc = 127.0.0.38:$(free_port)
    }
END
sed -i '/^realm/d' "$DIR/skewguard.conf"
chmod 755 "$DIR"
chmod 000 "$DIR/conf.d"

# Root may read everything.
as=()
if [ "$(id -u)" = 0 ]; then
    chown 65534 "$DIR/run" "$DIR/state"
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
cp "$BUILD/bin/skewguardd" "$DIR" # the build folder may be ours alone
: >"$DIR/daemon.log"
"${as[@]}" "$DIR/skewguardd" -g -c "$DIR/skewguard.conf" \
    >>"$DIR/daemon.log" 2>&1 </dev/null &
DAEMON=$!
expect_line "$DIR/krb5\\.conf: Included profile directory could not be read" 5
daemon_lives || fail "the daemon has ended"
chmod 755 "$DIR/conf.d"
expect_line 'krb5\.conf is repaired: 1 realm, 3 sources' 3

: >"$DIR/daemon.log"
chmod 000 "$DIR/krb5.conf"
expect_line 'Permission denied; what was in use before stays' 3
daemon_lives || fail "the daemon has ended"
chmod 644 "$DIR/krb5.conf"
expect_line 'krb5\.conf is repaired: 1 realm, 3 sources' 3

# libkrb5 would wait for somebody to write into it, and the daemon with it.
: >"$DIR/daemon.log"
mv "$DIR/krb5.conf" "$DIR/krb5.conf.good"
mkfifo -m 644 "$DIR/krb5.conf"
expect_line 'krb5\.conf: is no regular file, allowed is nothing else; what was in use before stays' 3
daemon_lives || fail "the daemon has ended"
expect_exit 3 timeout 20 "$BUILD/bin/skewguard" -c "$DIR/skewguard.conf" check \
    >/dev/null 2>"$DIR/check.err"
grep -q 'krb5\.conf: is no regular file' "$DIR/check.err" ||
    fail "check does not say why: $(<"$DIR/check.err")"
mv "$DIR/krb5.conf.good" "$DIR/krb5.conf"
expect_line 'krb5\.conf is repaired: 1 realm, 3 sources' 3
