#!/bin/bash
# skewguard check against every kind of KDC, by UDP and by TCP, without and
# with a keytab (so in the name of a host that the KDC does not know, or knows):
# the interval holds the truth and is no wider than 1.01 s, state and exit
# status fit; with a keytab the KDC proves it.
#
# What people see of it, with a keytab and at -400 s, is left in
# $BUILD/tests/interop/check-KIND.txt.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/kinds.sh"
begin_kinds
kinds=(mit heimdal samba)
declare -A port

for kind in "${kinds[@]}"; do
    port[$kind]=$(free_port)
    KDC_KIND=$kind kdc_start "$kind" 127.0.0.41 "${port[$kind]}" +0
done

# look KIND TRANSPORT KEYTAB OFFSET CODE STATE: in a folder of its own, so that
# all can look at once.
look() {
    local what="$1 by $2 with $3 at $4 s" lower upper kdc=realms.0.kdcs.0
    export KRB5_KTNAME=FILE:$SERVERS_DIR/$1/$3
    DIR=$DIR/$1-$2-$3
    mkdir -p "$DIR"
    config_new
    config_kdc "$1" 127.0.0.41 "${port[$1]}" "$2"
    check "$5"
    [ "$(value check realms.0.state)" = "$6" ] || fail "$what: not $6"
    [ "$(value check $kdc.transport)" = "$2" ] || fail "$what: not by $2"
    lower=$(value check $kdc.offset_lower_s)
    upper=$(value check $kdc.offset_upper_s)
    echo "$what: [$lower, $upper]"
    holds "$lower <= $4 && $4 <= $upper" || fail "$what: outside"
    holds "$upper - $lower <= 1.01" || fail "$what: too wide"
    proven "$@"
    [ "$2,$3,$4" != tcp,host.keytab,-400 ] ||
        expect_exit "$5" skewguard check >"$BUILD/tests/interop/check-$1.txt"
}

# proven KIND TRANSPORT KEYTAB OFFSET...: does the KDC prove the offset where
# there is a key?
proven() {
    local what="$1 by $2 with $3 at $4 s" want=authenticated
    [ "$3" = host.keytab ] || want=plain
    [ "$(value check $kdc.trust)" = $want ] || fail "$what: not $want"
    if [ $want = plain ]; then
        [ "$(value check $kdc.auth_lower_s)" = null ] || fail "$what: proven"
        return
    fi
    lower=$(value check $kdc.auth_lower_s)
    upper=$(value check $kdc.auth_upper_s)
    holds "$lower <= $4 && $4 <= $upper" || fail "$what: proven outside"
    holds "$upper - $lower <= 1.1" || fail "$what: proven too widely"
}

# look_at_all OFFSET CODE STATE
look_at_all() {
    local kind transport keytab look looks=()
    for kind in "${kinds[@]}"; do
        server_offset "$kind" "$1"
        for transport in udp tcp; do
            for keytab in no.keytab host.keytab; do
                look "$kind" "$transport" "$keytab" "$@" &
                looks+=($!)
            done
        done
    done
    for look in "${looks[@]}"; do
        wait "$look" || fail "at $1 s, see above"
    done
}

look_at_all +0 0 ok
look_at_all +123.456 1 warn
look_at_all -400 2 exceeded
look_at_all +3600 2 exceeded

pids=("${SERVER_PID[@]}")
servers_stop
for pid in "${pids[@]}"; do
    ! kill -0 "$pid" 2>/dev/null || fail "process $pid is still there"
done
