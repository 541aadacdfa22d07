#!/bin/bash
# Beside one good KDC: one that is silent, one that refuses.  Then the good
# one dies.  The daemon lives, and says of each what is the matter.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
config_line 'kdc_poll = 4s'
port=$(free_port)
kdc_start good 127.0.0.25 "$port" +0
kdc_start silent 127.0.0.26 "$port" +0
server_signal silent STOP
config_kdc good 127.0.0.25 "$port"
config_kdc silent 127.0.0.26 "$port"
config_kdc refusing 127.0.0.27 "$port"
daemon_start -g
expect_state ok 30

# says NAME REGEX: the reason given for the KDC NAME.
says() {
    local i source
    status || return 1
    for ((i = 0; i < $(value status sources); i++)); do
        source="$(value status "sources.$i.kind") $(
            value status "sources.$i.name")"
        [ "$source" = "kdc $1" ] || continue
        [[ $(value status "sources.$i.reason") =~ $2 ]]
        return
    done
    return 1
}
within 20 says silent 'no reply' || fail "silent is not said to give no reply"
within 20 says refusing 'refused' || fail "refusing is not said to refuse"

server_stop good
# What it said is believed until eight questions in a row, 4 s apart, failed.
within 60 says good 'refused' || fail "the dead KDC is not said to refuse"
daemon_lives || fail "the daemon has ended"
