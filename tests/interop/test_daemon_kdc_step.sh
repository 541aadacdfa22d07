#!/bin/bash
# A KDC whose clock jumps while the daemon runs is noticed and told, and
# nothing else is needed for that than KDCs.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
config_line 'kdc_poll = 4s'
port=$(free_port)
kdc_start kdc 127.0.0.24 "$port" +0
config_kdc kdc 127.0.0.24 "$port"
daemon_start -g
expect_state ok 20

server_offset kdc +400
begin=$SECONDS
expect_state exceeded 20
echo "noticed after $((SECONDS - begin)) s"
expect_line "$REALM.*(exceeded|of 300 s)" 5
expect_exit 2 skewguard status >/dev/null
holds "($(value status realms.0.offset_s) - 400) ^ 2 < 1" ||
    fail "offset $(value status realms.0.offset_s), not 400"

server_offset kdc +0
expect_state ok 60
