# shellcheck shell=bash
# The network of a guest, and das-m and das-s in it, each a KDC and an NTP
# server in a network namespace.  lib.sh sources it.

# namespace NAME: a network and a host name, plugged into the bridge.
namespace() {
    local name=$1
    touch "$DIR/net-$name" "$DIR/uts-$name"
    unshare --net="$DIR/net-$name" --uts="$DIR/uts-$name" hostname "$name.test"
    ip link add "port-$name" type veth peer name eth0 netns "$DIR/net-$name" ||
        return
    ip link set "port-$name" master br0 up
    on "$name" ip link set lo up
    on "$name" ip addr add "${ADDRESS[$name]}/24" dev eth0
    on "$name" ip link set eth0 up
}

# on NAME COMMAND...: as that host.
on() {
    local name=$1
    shift
    nsenter --net="$DIR/net-$name" --uts="$DIR/uts-$name" "$@"
}

network_up() {
    local name
    ip link set lo up
    ip link add br0 type bridge forward_delay 0 &&
        ip link set br0 up && ip addr add 10.77.0.1/24 dev br0 &&
        ip tuntap add dev tap0 mode tap && ip link set tap0 master br0 up ||
        return
    for name in "${!ADDRESS[@]}"; do
        namespace "$name" || return
    done
}

# vm_krb5_conf: the only thing that is configured in the guest.
vm_krb5_conf() {
    cat <<END
[libdefaults]
    default_realm = $REALM
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    $REALM = {
        kdc = das-m.test
        kdc = das-s.test
    }
[domain_realm]
    .test = $REALM
END
}

# server_on NAME HOST PROGRAM...: with the clock of its own that servers have.
server_on() {
    local name=$1 host=$2
    shift 2
    server_run "$name" "${SERVER_OFFSET[$host]:-+0}" \
        nsenter --net="$DIR/net-$host" --uts="$DIR/uts-$host" "$@"
}

declare -A SERVER_OFFSET=()

kdc_on() {
    FAKETIME_NO_CACHE=1 server_on "$1" "$1" "$SERVERS_ROOT/usr/sbin/krb5kdc" \
        -n -r "$REALM" -P "$SERVERS_DIR/$1/pid"
    server_wait "$1" tcp_answers "${ADDRESS[$1]}" 88
}

ntp_on() {
    local dir=$SERVERS_DIR/ntp-$1
    mkdir -p "$dir"
    printf '%s\n' allow 'local stratum 10' 'cmdport 0' 'bindcmdaddress /' \
        'pidfile pid' >"$dir/chrony.conf"
    server_on "ntp-$1" "$1" "$SERVERS_ROOT/usr/sbin/chronyd" -x -d -U -u root \
        -f "$dir/chrony.conf"
    server_wait "ntp-$1" ntp_time "${ADDRESS[$1]}" 123 >/dev/null
}

# The realm is made on das-m, and brought to das-s by kprop.
realm_up() {
    local m=$SERVERS_DIR/das-m s=$SERVERS_DIR/das-s
    mkdir -p "$m" "$s"
    ln -s das-s "$SERVERS_DIR/kpropd"
    kdc_configure "$m" 88
    kdc_configure "$s" 88
    sed -i "/\[realms\]/,/database_module/ {
        /database_module/a kdc = das-m.test\nkdc = das-s.test
    }; \$a [domain_realm]\n.test = $REALM" "$m/krb5.conf" "$s/krb5.conf"
    kdc_create_realm "$m"
    kdc_admin "$m" kadmin.local >>"$m/create.log" 2>&1 <<END
addprinc -randkey host/das-m.test
addprinc -randkey host/das-s.test
ktadd -k $m/kprop.keytab host/das-m.test
ktadd -k $s/kprop.keytab host/das-s.test
END
    kdc_admin "$m" kdb5_util dump "$m/dump"
    cp "$m/stash" "$s/"
    echo "host/das-m.test@$REALM" >"$s/kpropd.acl"
    kdc_on das-m
    server_on kpropd das-s "$SERVERS_ROOT/usr/sbin/kpropd" -S -d \
        -r "$REALM" -a "$s/kpropd.acl" -s "$s/kprop.keytab" \
        -f "$s/from-das-m" -F "$s/principal" \
        -p "$SERVERS_ROOT/usr/sbin/kdb5_util"
    within 10 kprop_runs || fail "no kprop: $(cat "$m/kprop.log" "$SERVERS_DIR/kpropd/log")"
    kdc_on das-s
}

kprop_runs() {
    local m=$SERVERS_DIR/das-m
    on das-m env LD_LIBRARY_PATH="$SERVERS_PATH" KRB5_CONFIG="$m/krb5.conf" \
        KRB5_KDC_PROFILE="$m/kdc.conf" "$SERVERS_ROOT/usr/sbin/kprop" \
        -r "$REALM" -f "$m/dump" -s "$m/kprop.keytab" das-s.test \
        >"$m/kprop.log" 2>&1
}
