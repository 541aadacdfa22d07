#!/bin/bash
# A disk that is full: the status cannot be published, which is said once, and
# once more when it can be again.  The old status stays whole meanwhile.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
own_mounts
begin
mount -t tmpfs -o size=64k none "$DIR/run"
port=$(free_port)
kdc_start kdc 127.0.0.36 "$port" +0
config_kdc kdc 127.0.0.36 "$port"
config_line 'kdc_poll = 4s'
daemon_start -g
expect_state ok 20

dd if=/dev/zero of="$DIR/run/filler" bs=1k count=64 2>/dev/null || true
cp "$DIR/run/status" "$DIR/before"
server_offset kdc +123.456
expect_line "status not published: $DIR/run/status: No space left on device" 40
expect_line "$REALM: warn" 20
cmp "$DIR/run/status" "$DIR/before" || fail "the old status is damaged"
[ ! -e "$DIR/run/status.new" ] || fail "half a status is left behind"
sleep 5
[ "$(grep -c 'not published' "$DIR/daemon.log")" = 1 ] || fail "told repeatedly"
daemon_lives || fail "the daemon has ended"

rm "$DIR/run/filler"
server_offset kdc +0
expect_line "$DIR/run/status: written again" 40
expect_state ok 20
