#!/bin/bash
# A daemon that was killed leaves a status behind that still tells the skew,
# and readers say that nobody keeps it.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
port=$(free_port)
kdc_start kdc 127.0.0.30 "$port" +123.456
config_kdc kdc 127.0.0.30 "$port"
daemon_start -g
expect_state warn 20
kill -s KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null || true
DAEMON=''

skewguard status >"$DIR/status" || true
grep -Eq '123\.[0-9]' "$DIR/status" || fail "no skew: $(cat "$DIR/status")"
grep -Eiq 'not running|gone|dead|died|stopped' "$DIR/status" ||
    fail "not said that the daemon is gone: $(cat "$DIR/status")"
status || fail "no JSON without a daemon"
holds "($(value status realms.0.offset_s) - 123.456) ^ 2 < 1" ||
    fail "offset $(value status realms.0.offset_s), not 123.456"

daemon_start -g
expect_state warn 20
