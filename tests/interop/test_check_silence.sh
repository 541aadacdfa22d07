#!/bin/bash
# KDCs that do not answer: "cannot measure" is another thing than "wrong", and
# the reason is told apart.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin

# expect_silence REGEX: check says unknown, with the reason.
expect_silence() {
    local error
    check 3
    [ "$(value check realms.0.state)" = unknown ] || fail "not unknown"
    [ "$(value check realms.0.kdcs.0.trust)" = silent ] || fail "not silent"
    [ "$(value check realms.0.kdcs.0.offset_s)" = null ] || fail "an offset"
    error=$(value check realms.0.kdcs.0.error)
    [[ $error =~ $1 ]] || fail "'$error' does not say $1"
}

port=$(free_port)
for transport in udp tcp; do
    config_new
    config_kdc kdc 127.0.0.23 "$port" $transport
    expect_silence 'refused'
done

kdc_start kdc 127.0.0.23 "$port" +0
server_signal kdc STOP
for transport in udp tcp; do
    config_new
    config_kdc kdc 127.0.0.23 "$port" $transport
    expect_silence 'no reply'
done

server_signal kdc CONT
check 0
