#!/bin/bash
# The whole of it: a clock ten minutes behind is brought to the realm, and
# everything that reports about it agrees.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
start_pair +0
daemon_start --simulate offset=+600s,drift=40ppm

settled() {
    state_is ok && [ "$(value status clock.disciplined)" = true ] &&
        holds "($(value status clock.offset_s)) ^ 2 < 0.010 ^ 2"
}
within 60 settled || fail "the clock is not disciplined within 60 s"
echo "ok after $SECONDS s, offset $(value status clock.offset_s) s"

expect_exit 0 skewguard status >"$DIR/status"
grep -q "$REALM" "$DIR/status" || fail "status does not name the realm"
skewguard sources -v >"$DIR/sources"
for name in das-m das-s; do
    [ "$(grep -c "$name" "$DIR/sources")" -ge 2 ] ||
        fail "sources lacks the KDC or the NTP server of $name"
done
skewguard explain >"$DIR/explain"
grep -q das-m "$DIR/explain" || fail "explain does not mention das-m"

kill -s TERM "$DAEMON"
expect_exit 0 wait "$DAEMON"
DAEMON=''
