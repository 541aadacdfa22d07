#!/bin/bash
# A krb5.conf that is broken, or names no realm, when the daemon starts: both
# say so, and both are in use as soon as somebody repaired them, or within a
# minute where inotify cannot be had.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
sed -i '/^realm/d' "$DIR/skewguard.conf"
port=$(free_port)
kdc_start kdc 127.0.0.37 "$port" +123.456
good="[libdefaults]
    default_realm = $REALM
[realms]
    $REALM = {
        kdc = 127.0.0.37:$port
    }"

# The second daemon has a place and a krb5.conf of its own.
mkdir "$DIR/run2"
sed "s|$DIR/run|$DIR/run2|" "$DIR/skewguard.conf" >"$DIR/second.conf"
echo '[libdefaults]' >"$DIR/krb5-second.conf"
KRB5_CONFIG=$DIR/krb5-second.conf "$BUILD/bin/skewguardd" \
    -c "$DIR/second.conf" -g >"$DIR/second.log" 2>&1 </dev/null &
SERVER_PID[second]=$!
echo '[libdefaults] }} = {' >"$DIR/krb5.conf"
# The first one has no inotify, if that can be had.
blind=''
if unshare -Ur true 2>/dev/null; then
    blind=yes
    unshare -Ur bash -c 'echo 0 >/proc/sys/user/max_inotify_instances
        exec "$@"' blind "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" -g \
        >"$DIR/daemon.log" 2>&1 </dev/null &
    DAEMON=$!
else
    daemon_start -g
fi

# told CONF REGEX: by skewguard, with that configuration.
told() {
    "$BUILD/bin/skewguard" -c "$DIR/$1" explain >"$DIR/explain" || return 1
    tr -s ' \n' ' ' <"$DIR/explain" | grep -Eq -- "$2"
}
within 10 told skewguard.conf 'notice .*krb5\.conf' ||
    fail "the broken krb5.conf is not told: $(<"$DIR/explain")"
within 10 told second.conf 'notice no realm to watch: ' ||
    fail "that there is no realm is not told: $(<"$DIR/explain")"
expect_exit 3 skewguard status >/dev/null

echo "$good" >"$DIR/krb5-second.conf"
within 3 grep -q 'krb5\.conf is in use now: 1 realm, 3 sources' "$DIR/second.log" ||
    fail "the second one does not see the realm: $(<"$DIR/second.log")"
within 20 told second.conf "realm $REALM: warn" ||
    fail "the second one does not find the realm: $(<"$DIR/explain")"

begin=$SECONDS
if [ -n "$blind" ]; then
    logged_line 'looked at every 10 min only: inotify: ' ||
        fail "that there is no inotify is not said"
fi
echo "$good" >"$DIR/krb5.conf"
expect_line 'krb5\.conf is repaired: 1 realm, 3 sources' 65
echo "in use after $((SECONDS - begin)) s"
expect_state warn 20
[ "$(value status realms.0.realm)" = "$REALM" ] || fail "not $REALM"
! told skewguard.conf 'notice ' || fail "the notice stays: $(<"$DIR/explain")"
