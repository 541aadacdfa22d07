#!/bin/bash
# A configuration that is wrong: refused at start, and on SIGHUP the old one
# stays.  Either way with file, line and value.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
port=$(free_port)
kdc_start kdc 127.0.0.28 "$port" +0
config_new
config_kdc kdc 127.0.0.28 "$port"
expect_exit 0 "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" -t >"$DIR/effective"
grep -q '127.0.0.28' "$DIR/effective" || fail "-t does not print the KDC"
daemon_start -g
expect_state ok 20

# refused LINE: whatever is wrong in line 5 of the configuration is told.
refused() {
    cp "$DIR/skewguard.conf" "$DIR/good.conf"
    sed -i "5i $1" "$DIR/skewguard.conf"
    : >"$DIR/daemon.log"
    kill -s HUP "$DAEMON"
    expect_line "skewguard\\.conf:5: .*$2" 5
    daemon_lives || fail "the daemon has ended"
    ! "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" -t >"$DIR/t" 2>&1 ||
        fail "-t accepts: $1"
    grep -Eq "skewguard\\.conf:5: .*$2" "$DIR/t" || fail "-t does not say: $2"
    mv "$DIR/good.conf" "$DIR/skewguard.conf"
}
refused 'nonsense = 1' nonsense
refused 'kdc_poll = 2s' 2s
refused 'kdc_poll = 64' 64
refused 'mode = perhaps' perhaps
state_is ok || fail "the old configuration is not kept"

other=$(free_port)
kdc_start other 127.0.0.29 "$other" +123.456
config_new
config_kdc other 127.0.0.29 "$other"
kill -s HUP "$DAEMON"
expect_state warn 20
