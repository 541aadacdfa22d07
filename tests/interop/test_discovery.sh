#!/bin/bash
# KDCs that only DNS knows: found by SRV and by URI, the same that libkrb5 finds
# in the same DNS; with DNS silent or gone, and come back.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
own_mounts -n
begin
ip link set lo up
printf '[libdefaults]\n    default_realm = %s\n' "$REALM" >"$DIR/krb5.conf"
sed -i '/^realm/d' "$DIR/skewguard.conf"
echo 'nameserver 127.0.0.53' >"$DIR/resolv.conf"
mount --bind "$DIR/resolv.conf" /etc/resolv.conf
port=$(free_port)
kdc_start kdc-a 127.0.0.11 "$port" +0
kdc_start kdc-b 127.0.0.12 "$port" +123.456

# dns_start ADDRESS
dns_start() {
    rm -f "$DIR/answer"
    "$BUILD/tests/interop/answer_dns" "$1" 53 "$DIR/zone" \
        >"$DIR/answer" 2>&1 </dev/null &
    SERVER_PID[dns]=$!
    within 5 grep -q ready "$DIR/answer" || fail "no DNS: $(<"$DIR/answer")"
}

# zone LINE...: of _kerberos names; the hosts have addresses.
zone() {
    printf '%s\n' 'a.example.test A 127.0.0.11' 'b.example.test A 127.0.0.12' \
        "$@" >"$DIR/zone"
}

# found_by_libkrb5: the hosts that kinit gets from DNS, sorted.
found_by_libkrb5() {
    KRB5_TRACE=$DIR/trace KRB5CCNAME=$DIR/cache LD_LIBRARY_PATH=$SERVERS_PATH \
        "$SERVERS_ROOT/usr/bin/kinit" "alice@$REALM" <<<wrong \
        >"$DIR/kinit" 2>&1 || true
    sed -n 's/.*SRV answer: .* "\(.*\)\."$/\1/p
        s/.*URI answer: .* "krb5srv:[^:]*:[^:]*:\([^:]*\).*"$/\1/p' \
        "$DIR/trace" | sort -u
    rm "$DIR/trace"
}

# found_by_us: the hosts that check has asked.
found_by_us() {
    local i=0 host
    while host=$("$BUILD/tests/interop/jget" "realms.0.kdcs.$i.host" \
        <"$DIR/check.json" 2>/dev/null); do
        echo "${host%.}"
        i=$((i + 1))
    done | sort -u
}

# same WHAT HOST...: check and libkrb5 know exactly these.
same() {
    local what=$1 ours theirs
    shift
    ours=$(found_by_us)
    theirs=$(found_by_libkrb5)
    echo "$what: skewguard: ${ours//$'\n'/ }; libkrb5: ${theirs//$'\n'/ }"
    [ "$ours" = "$theirs" ] || fail "$what: not the same KDCs"
    [ "$ours" = "$(printf '%s\n' "$@")" ] || fail "$what: not $*"
}
srv=("_kerberos._udp.$REALM SRV 10 0 $port b.example.test"
    "_kerberos._udp.$REALM SRV 0 0 $port a.example.test"
    "_kerberos._tcp.$REALM SRV 0 0 $port a.example.test")

zone "${srv[@]}"
dns_start 127.0.0.53
check 1
same SRV a.example.test b.example.test

# URI comes first.
zone "${srv[@]}" "_kerberos.$REALM URI 0 0 krb5srv:m:udp:b.example.test:$port"
check 1
same URI b.example.test

# The daemon, too, and it says so once.
daemon_start -g
expect_line "$REALM: 1 KDC by DNS URI: b\\.example\\.test" 5
expect_state warn 20
[ "$(grep -c 'by DNS' "$DIR/daemon.log")" = 1 ] || fail "said more than once"

# -q waits for DNS, minimal mode does without and says so.
expect_exit 0 "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" -t >"$DIR/test"
grep -q "DNS is asked for KDCs of $REALM" "$DIR/test" || fail "-t does not tell"
expect_exit 0 "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" -t --minimal \
    >"$DIR/test"
grep -q "$REALM: DNS is not asked in minimal mode" "$DIR/test" ||
    fail "minimal mode does not tell"

# Other KDCs: on reload they are asked instead.
zone "${srv[@]}"
kill -s HUP "$DAEMON"
expect_line "$REALM: 2 KDCs by DNS SRV: a\\.example\\.test, b\\.example" 5

# The DNS server goes: what was found stays.
server_stop dns
kill -s HUP "$DAEMON"
expect_line "$REALM: DNS: .*; the KDCs found before stay; next try in [0-9]+ s" 15
expect_state warn 5
stop_process "$DAEMON"
: >"$DIR/daemon.log"

dns_start 127.0.0.53
zone "_kerberos._udp.$REALM SRV 0 0 $port a.example.test"
expect_exit 0 "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" -q \
    --simulate offset=+5s 2>"$DIR/once"
grep -q 'step by +5\.' "$DIR/once" || fail "-q did: $(<"$DIR/once")"
server_stop dns

# 20 KDCs, from the start of the program; it waits up to 0.5 s before it asks.
many=()
for i in {1..20}; do
    many+=("_kerberos._udp.$REALM SRV 0 0 88 k$i.example.test"
        "k$i.example.test A 127.0.1.$i")
done
zone "${many[@]}"
dns_start 127.0.0.53
begin_ms=$(date +%s%3N)
daemon_start -g
until logged_line "$REALM: 20 KDCs by DNS SRV: k1\\.example"; do
    [ $(($(date +%s%3N) - begin_ms)) -lt 5000 ] || fail "20 KDCs are not found"
    sleep 0.02
done
took_ms=$(($(date +%s%3N) - begin_ms))
echo "20 KDCs are found after $took_ms ms"
[ $took_ms -lt 1500 ] || fail "20 KDCs are found after $took_ms ms only"
stop_process "$DAEMON"
server_stop dns

# Silence: check says it and ends, the daemon lives and finds them when
# resolv.conf names a server that answers.
"$BUILD/tests/interop/hostile_ntp" silent 127.0.0.53 53 \
    >"$DIR/silent" 2>&1 </dev/null &
SERVER_PID[silent]=$!
zone "${srv[@]}"
dns_start 127.0.0.54
begin_s=$SECONDS
expect_exit 3 skewguard check 2>"$DIR/silence"
echo "silence ends after $((SECONDS - begin_s)) s"
[ $((SECONDS - begin_s)) -le 9 ] || fail "check waits too long"
grep -q 'names a KDC; DNS: no answer within 7 s' "$DIR/silence" ||
    fail "silence is told as: $(<"$DIR/silence")"
: >"$DIR/daemon.log"
daemon_start -g
expect_line "$REALM: DNS: no answer within 7 s; next try in [0-9]+ s" 10
echo 'nameserver 127.0.0.54' >"$DIR/resolv.conf"
expect_line "$REALM: 2 KDCs by DNS SRV" 3
expect_state warn 20
