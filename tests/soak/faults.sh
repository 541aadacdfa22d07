# shellcheck shell=bash
# What can fail around the daemon, and how it is mended.  Source it after
# lib.sh and mail.sh.
#
#   world_begin     all servers, right
#   conf_write      skewguard.conf
#   fault_any       break something that is well, or mend something
#   mend_all        everything is as world_begin left it
#   fault_table     how often what happened
#
# Three hosts make the realm that the clock follows, so that at most one of them
# lies at a time.  Two more realms are watched, one of them by DNS.

declare -A ADDRESS=([a]=127.0.0.11 [b]=127.0.0.12 [c]=127.0.0.13
    [o]=127.0.0.14 [d]=127.0.0.15 [e]=127.0.0.16 [utc]=127.0.0.17)
declare -A REALM_OF=([a]=$REALM [b]=$REALM [c]=$REALM [o]=OTHER.TEST
    [d]=DNS.TEST [e]=DNS.TEST)
declare -A FIRST_OF=() # the first KDC of a realm, whose database the others get
declare -A BROKEN=()   # what is broken: how
declare -A HAPPENED=() # how often
LIAR=''                # whose clock is wrong, of the three

SERVERS=(kdc-a kdc-b kdc-c kdc-o kdc-d kdc-e ntp-a ntp-b ntp-c ntp-utc)
SERVICES=(dns relay hook conf krb5 keytab)
FAULTS=("${SERVERS[@]}" "${SERVICES[@]}" reload test_alert readers)

# server_up NAME OFFSET: kdc-HOST or ntp-HOST.
server_up() {
    local host=${1#*-} realm
    if [[ $1 = ntp-* ]]; then
        ntp_start "$1" "${ADDRESS[$host]}" 123 "$2"
        return
    fi
    realm=${REALM_OF[$host]}
    # shellcheck disable=SC2034 # of servers.sh
    SERVERS_REALM=$realm
    KDC_FIRST=${FIRST_OF[$realm]:-}
    kdc_start "$1" "${ADDRESS[$host]}" 88 "$2"
    FIRST_OF[$realm]=$KDC_FIRST
}

world_begin() {
    local name
    for name in "${SERVERS[@]}"; do server_up "$name" +0; done
    echo 'nameserver 127.0.0.53' >"$DIR/resolv.conf"
    mount --bind "$DIR/resolv.conf" /etc/resolv.conf
    zone_write d.dns.test e.dns.test
    dns_up
    krb5_write
    cp "$SERVERS_DIR/kdc-a/host.keytab" "$DIR/keytab"
}

zone_write() {
    local host
    {
        for host in a b c; do
            echo "$host.example.test A ${ADDRESS[$host]}"
        done
        for host in d e; do echo "$host.dns.test A ${ADDRESS[$host]}"; done
        printf "_kerberos._udp.DNS.TEST SRV 0 0 88 %s\n" "$@"
    } >"$DIR/zone.new"
    mv "$DIR/zone.new" "$DIR/zone"
}
dns_up() {
    rm -f "$DIR/answer"
    "$BUILD/tests/interop/answer_dns" 127.0.0.53 53 "$DIR/zone" \
        >"$DIR/answer" 2>&1 </dev/null &
    # shellcheck disable=SC2034,SC2154 # servers_stop ends it
    SERVER_PID[dns]=$!
    within 5 grep -q ready "$DIR/answer" || fail "no DNS: $(<"$DIR/answer")"
}
relay_up() {
    # shellcheck disable=SC2154 # of lib.sh
    relay relay /usr/bin/python3 "$here/keepd.py" 127.0.0.1 "$SMTP" \
        "$(mktemp -d "$DIR/mails/XXXXXX")"
}

# krb5_write [LINE]: one more in [libdefaults]; it replaces the file.
krb5_write() {
    cat >"$DIR/krb5.new" <<END
[libdefaults]
    default_realm = $REALM
    default_keytab_name = $DIR/keytab
    dns_canonicalize_hostname = false
    ${1:-}
[realms]
    $REALM = {
        kdc = a.example.test
        kdc = b.example.test
        kdc = c.example.test
    }
END
    mv "$DIR/krb5.new" "$DIR/krb5.conf"
}

# conf_write [LINE...]
conf_write() {
    cat >"$DIR/skewguard.new" <<END
runtime_directory = "$DIR/run"
state_directory = "$DIR/state"
status_file = "$DIR/run/status"
max_poll = 16s
kdc_poll = 16s
realm "OTHER.TEST" { kdc = { "${ADDRESS[o]}" } }
realm "DNS.TEST" { }
ntp "utc" { address = "${ADDRESS[utc]}" }
alert { calm = 1s  spread = 0s  mailto = { "root@example.test" } hook = { "$HOOK" } }
smtp { host = "127.0.0.1"  port = $SMTP }
$(printf '%s\n' "$@")
END
    mv "$DIR/skewguard.new" "$DIR/skewguard.conf"
}
reload() {
    kill -s HUP "$DAEMON"
    mailer_signal soak HUP
}

# pick WORD...: one of them, in PICKED.
pick() {
    local words=("$@")
    PICKED=${words[RANDOM % $#]}
}

count() {
    HAPPENED[$1]=$((${HAPPENED[$1]:-0} + 1))
}

# ---- breaking ----

# is_liar_free HOST: it may lie, since nobody of the three does.
is_liar_free() {
    [ "${REALM_OF[$1]:-}" != "$REALM" ] || [ -z "$LIAR" ]
}

break_server() {
    local name=$1 host=${1#*-} ways=(dead hangs)
    if is_liar_free "$host"; then ways+=(lies lies); fi
    pick "${ways[@]}"
    BROKEN[$name]=$PICKED
    count "${name%-*} $PICKED"
    case $PICKED in
    dead) server_stop "$name" ;;
    hangs) server_signal "$name" STOP ;;
    lies)
        if [ "${REALM_OF[$host]:-}" = "$REALM" ]; then LIAR=$name; fi
        pick +70 -75 +200 -210 +290 +400 -400 +100000
        server_offset "$name" "$PICKED"
        ;;
    esac
}

break_conf() {
    pick 'nonsense = 1' 'kdc_poll = 2s' 'ntp "more" { address = "127.0.0.12" }' \
        'realm "MORE.TEST" { kdc = { "127.0.0.11", "127.0.0.12" } }' 'max_poll = 32s'
    conf_write "$PICKED"
    reload
}

break_krb5() {
    pick edited edited broken gone
    case $PICKED in
    edited) krb5_write 'clockskew = 250' ;;
    broken) echo '[libdefaults] }} = {' >"$DIR/krb5.conf" ;;
    gone) rm "$DIR/krb5.conf" ;;
    esac
}

break_dns() {
    pick dead hangs empty elsewhere
    BROKEN[dns]=$PICKED
    case $PICKED in
    dead) server_stop dns ;;
    hangs) server_signal dns STOP ;;
    empty) : >"$DIR/zone" ;;
    elsewhere) echo 'nameserver 127.0.0.54' >"$DIR/resolv.conf" ;;
    esac
    count "dns $PICKED"
}

break_service() {
    BROKEN[$1]=broken
    case $1 in
    dns) break_dns; return ;;
    relay) server_stop relay ;;
    hook) touch "$DIR/hook.broken" ;;
    keytab) echo key >"$DIR/keytab" ;;
    *) "break_$1" ;;
    esac
    count "$1 broken"
}

# ---- mending ----

mend_server() {
    case ${BROKEN[$1]} in
    dead) server_up "$1" +0 ;;
    hangs) server_signal "$1" CONT ;;
    lies) server_offset "$1" +0 ;;
    esac
    [ "$LIAR" != "$1" ] || LIAR=''
}

mend_dns() {
    case ${BROKEN[dns]} in
    dead) dns_up ;;
    hangs) server_signal dns CONT ;;
    empty) zone_write d.dns.test e.dns.test ;;
    elsewhere) echo 'nameserver 127.0.0.53' >"$DIR/resolv.conf" ;;
    esac
}

mend() {
    case $1 in
    dns) mend_dns ;;
    relay) relay_up ;;
    hook) rm "$DIR/hook.broken" ;;
    conf) conf_write && reload ;;
    krb5) krb5_write ;;
    keytab) cp "$SERVERS_DIR/kdc-a/host.keytab" "$DIR/keytab" ;;
    *) mend_server "$1" ;;
    esac
    unset "BROKEN[$1]"
    count mended
}

mend_all() {
    local name
    for name in "${!BROKEN[@]}"; do mend "$name"; done
    # takes the clock back from the rival
    reload
}

# ---- what happens at once ----

# Many readers at a time.
happen_readers() {
    local i pids=()
    for ((i = 0; i < 20; i++)); do
        skewguard explain >/dev/null 2>&1 &
        pids+=($!)
        skewguard sources -v >/dev/null 2>&1 &
        pids+=($!)
    done
    wait "${pids[@]}" || true
}

# It waits for the mail and the hook, which may be broken; we do not.  With a
# configuration that is never broken, or nothing is sent.
happen_test_alert() {
    "$BUILD/bin/skewguard" -c "$DIR/test.conf" test-alert >/dev/null 2>&1 \
        </dev/null &
    echo >>"$DIR/test-alerts"
}

fault_any() {
    pick "${FAULTS[@]}"
    case $PICKED in
    reload) reload; count reload ;;
    readers | test_alert) count "$PICKED"; "happen_$PICKED" ;;
    *)
        if [ -n "${BROKEN[$PICKED]:-}" ]; then
            mend "$PICKED"
        elif [[ " ${SERVICES[*]} " = *" $PICKED "* ]]; then
            break_service "$PICKED"
        else
            break_server "$PICKED"
        fi
        ;;
    esac
}

fault_table() {
    local name
    echo "what happened:"
    for name in "${!HAPPENED[@]}"; do
        printf '  %-16s %4d\n' "$name" "${HAPPENED[$name]}"
    done | sort
}
