#!/bin/bash
# skewguard check tells how far a KDC's clock is, by UDP and by TCP, with the
# right exit status for a limit of 300 s.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin

# try OFFSET CODE STATE
try() {
    local transport lower upper
    port=$(free_port)
    kdc_start "kdc$1" 127.0.0.21 "$port" "$1"
    for transport in udp tcp; do
        config_new
        config_kdc kdc 127.0.0.21 "$port" $transport
        check "$2"
        [ "$(value check realms.0.state)" = "$3" ] ||
            fail "$1 by $transport: not $3"
        [ "$(value check realms.0.kdcs.0.transport)" = $transport ] ||
            fail "not asked by $transport"
        lower=$(value check realms.0.kdcs.0.offset_lower_s)
        upper=$(value check realms.0.kdcs.0.offset_upper_s)
        echo "$1 s by $transport: [$lower, $upper]"
        holds "$lower <= $1 && $1 <= $upper" ||
            fail "$1 by $transport is not in [$lower, $upper]"
        holds "$upper - $lower <= 1.01" || fail "[$lower, $upper] is too wide"
    done
    server_stop "kdc$1"
}

try +0 0 ok
try +123.456 1 warn
try -400 2 exceeded
try +3600 2 exceeded
