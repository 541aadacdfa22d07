# shellcheck shell=bash
# What every test in a virtual machine begins with.  Source it first.
#
#   vm_begin                das-m and das-s, each a KDC and an NTP server in a
#                           network namespace, and a guest, booted, with no
#                           skewguard; or a skip
#   clock_is OFFSET         the guest's clock, in seconds off ours
#   guest SCRIPT            run it in there; its output and exit status
#   guest_offset            print how far the guest's clock is from ours
#   row PROMISED SEEN       a line of the table (tests/vm/table)
#
# The network is the test's own: a bridge at 10.77.0.1, das-m at .11, das-s at
# .12, the guest at .2.  The guest is seen from outside only: its clock against
# ours over a line of its own, what sshd does by an ssh from here.

. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../interop/lib.sh"
. "$ROOT/scripts/kinds.sh"
. "$ROOT/scripts/vm.sh"

SCENARIO=${0##*/test_} SCENARIO=${SCENARIO%.sh}
RESULTS=$BUILD/tests/vm
declare -A ADDRESS=([das-m]=10.77.0.11 [das-s]=10.77.0.12)
RIGHT_S=0.05 # what is a right clock, next to busy neighbours

# ---- network and servers ----

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

# ---- the guest ----

guest_send() { echo "$*" >"$GUEST/agent.in"; }

# guest SCRIPT: as root in there; 124 if it does not answer.
guest() {
    local status output
    guest_send run "$(base64 -w 0 <<<"$1")"
    read -r -t 310 -u "$AGENT" status output || return 124
    base64 -d <<<"$output"
    return "$status"
}
guest_quietly() { guest "$1" >"$DIR/guest.out"; }

# guest_must SCRIPT: the same, and it has to succeed.
guest_must() {
    guest_quietly "$1" || fail "in the guest: $1: $(cat "$DIR/guest.out")"
}

# guest_exchange: offset and round trip of one question, in seconds.
guest_exchange() {
    local begin end answer
    begin=$EPOCHREALTIME
    guest_send clock
    read -r -t 60 -u "$AGENT" answer || return
    end=$EPOCHREALTIME
    awk -v a="$begin" -v b="$end" -v g="$answer" 'BEGIN {
        # not as one number: a double holds no microseconds of 1e9 and a half
        split(a, x, "."); split(b, y, "."); split(g, z, ".")
        trip = y[1] - x[1] + (y[2] - x[2]) / 1e6
        printf "%.6f %.6f\n", z[1] - x[1] + (z[2] - x[2]) / 1e6 - trip / 2, trip
    }'
}

# guest_offset: from the quickest of nine exchanges.
guest_offset() {
    local i
    for ((i = 0; i < 9; i++)); do
        guest_exchange || return
    done | sort -g -k 2 | awk 'NR == 1 { print $1 }'
}

# guest_within OFFSET SECONDS: whether it is so near to it.
guest_within() {
    LAST_OFFSET=$(guest_offset)
    holds "($LAST_OFFSET - ($1)) ^ 2 < ($2) ^ 2"
}
guest_is_right() { guest_within "$WORLD_S" $RIGHT_S; }
WORLD_S=0 # what the servers' clocks are ahead of ours

# expect_right SECONDS: and how long it took in TOOK_S.
expect_right() {
    local begin=$EPOCHREALTIME
    within "$1" guest_is_right || vm_fail "after $1 s the guest is $LAST_OFFSET s off"
    TOOK_S=$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $begin }")
}

# clock_is OFFSET: as if somebody had set the guest's clock so.
clock_is() {
    local now
    now=$EPOCHREALTIME
    guest_must "date -s @$(awk -v now="$now" -v offset="$1" 'BEGIN {
        split(now, x, "."); printf "%d.%s", x[1] + offset, x[2] }')"
}

monitor() { echo "$*" >"$GUEST/mon.in"; }

# machine_is_loaded: it stands where it was saved.
machine_is_loaded() {
    local line
    monitor info status
    while read -r -t 0.2 -u "$MONITOR" line; do
        [[ $line != *'VM status: paused'* || $line = *inmigrate* ]] || return 0
    done
    return 1
}

guest_up() {
    GUEST=$DIR/guest
    vm_resume "$GUEST" tap,id=n0,ifname=tap0,script=no,downscript=no
    # shellcheck disable=SC2034,SC2004 # servers_stop ends it
    SERVER_PID[guest]=$VM_PID
    exec {AGENT}<>"$GUEST/agent.out" {MONITOR}<>"$GUEST/mon.out"
    within 60 machine_is_loaded || fail "no guest: $(cat "$GUEST/emulator.log")"
    monitor cont
    guest_quietly true || fail 'the guest does not answer'
}

# guest_reboot SCRIPT: run it last, and boot again.
guest_reboot() {
    local line=''
    guest_must "$1
systemctl --no-block reboot"
    read -r -t 300 -u "$AGENT" line && [ "$line" = ready ] ||
        fail "the guest does not boot: '$line' $(tail -n 30 "$GUEST/console")"
}

# link on|off: the guest's cable.
link() { monitor "set_link n0 $1"; }

# guest_configure: krb5.conf and the host's keytab.
guest_configure() {
    guest_must "base64 -d >/etc/krb5.keytab <<<$(base64 -w 0 \
        "$SERVERS_DIR/das-m/host.keytab") && chmod 600 /etc/krb5.keytab &&
cat >/etc/krb5.conf <<'END'
$(vm_krb5_conf)
END"
}

# kernel_clock: what adjtimex(2) says in there: status, frequency in ppm, tick.
kernel_clock() {
    guest 'adjtimex --print' | awk '$1 == "status:" { status = $2 }
        $1 == "frequency:" { ppm = $2 / 65536 } $1 == "tick:" { tick = $2 }
        END { printf "%d %.3f %d\n", status, ppm, tick }'
}

# base_in_force: no slew by the tick or the frequency is going on; the kernel's
# frequency is in BASE_PPM then.
base_in_force() {
    local status tick
    read -r status BASE_PPM tick < <(kernel_clock)
    holds "$tick == 10000 && $BASE_PPM ^ 2 < 200 ^ 2"
}
# kernel_is_told: STA_UNSYNC (64) is off, so others know that the clock is right.
kernel_is_told() {
    local status
    base_in_force && read -r status _ < <(kernel_clock) && ((!(status & 64)))
}
expect_kernel_calm() {
    within 30 kernel_is_told || fail "adjtimex in the guest: $(kernel_clock)"
}

# watch_clock SECONDS: our time, the guest's offset and the round trip, all the
# time, in $DIR/watched.
watch_clock() {
    local end=$((SECONDS + $1))
    while [ $SECONDS -lt $end ]; do
        echo "$EPOCHREALTIME $(guest_exchange)" || return
        sleep 0.05
    done >>"$DIR/watched"
}

# expect_no_step: nothing in $DIR/watched is faster than the fastest slew.
expect_no_step() {
    local steps
    steps=$(awk 'NR > 1 {
            moved = $2 - offset; if (moved < 0) moved = -moved
            if (moved > 0.09 * ($1 - at) + ($3 + trip) / 2 + 0.01)
                printf "%.6f s at %s\n", moved, $1
        } { at = $1; offset = $2; trip = $3 }' "$DIR/watched")
    [ -z "$steps" ] || fail "the clock was stepped by $steps"
}

# ---- skewguard in it ----

# payload_make: what is installed, as a tar, which is the guest's second disk.
payload_make() {
    local to=$DIR/payload
    mkdir -p "$to/project/build"
    DESTDIR=$to/root cmake --install "$BUILD" --strip >"$DIR/install.log" 2>&1 ||
        fail "cmake --install: $(tail -n 5 "$DIR/install.log")"
    cp "$here/../vm/install" "$to/"
    cp -r "$ROOT/scripts" "$to/project/"
    tar -C "$to" -cf "$DIR/guest/payload" .
}

# install_skewguard: what an administrator does, one command.
install_skewguard() {
    guest_must 'tar -C /payload -xmf /dev/vdb && /payload/install'
}

# install_watched SECONDS: the same, while the clock is watched.
install_watched() {
    : >"$DIR/watched"
    guest_must 'tar -C /payload -xmf /dev/vdb &&
        systemd-run -q -p RemainAfterExit=yes --unit=install /payload/install'
    watch_clock "$1"
    within 60 guest_quietly '[ "$(systemctl show -P SubState install)" = exited ]' ||
        vm_fail "not installed: $(guest 'journalctl --no-pager -u install')"
}

# state_in_guest STATE: what is published in there.
state_in_guest() {
    [ "$(guest 'skewguard status --json' | "$BUILD/tests/interop/jget" state)" = \
        "$1" ]
}
expect_guest_state() {
    within "$2" state_in_guest "$1" || vm_fail "state not $1 within $2 s"
}

# guest_says REGEX: a line of skewguard's in its journal.
guest_says() {
    guest_quietly "journalctl -q --no-pager -o cat -u 'skewguard*' |
        grep -Eq -- '$1'"
}
expect_says() {
    within "$2" guest_says "$1" || vm_fail "no line '$1' within $2 s"
}

# expect_mail REGEX SECONDS: postfix in there has put it into root's mailbox.
expect_mail() {
    within "$2" guest_quietly "tr -d '\n' </var/mail/root | grep -Eq -- '$1'" ||
        vm_fail "no mail '$1' within $2 s: $(guest 'cat /var/mail/root; mailq')"
}

# ---- from outside ----

# desk_ssh ARG...: alice's ssh, from 10.77.0.1, with the right time.
desk_ssh() {
    "${INSIDE[@]}" KRB5_CONFIG="$SERVERS_DIR/desk/krb5.conf" \
        KRB5CCNAME="FILE:$SERVERS_DIR/desk/tickets" ssh -F none -l alice \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o ConnectTimeout=20 -o LogLevel="${SSH_LOG:-ERROR}" "$@"
}

# desk_begin: alice has tickets.
desk_begin() {
    mkdir -p "$SERVERS_DIR/desk"
    vm_krb5_conf >"$SERVERS_DIR/desk/krb5.conf"
    cp "$here/../vm/guest/hosts" /mnt/etc/hosts
    LD_LIBRARY_PATH=$SERVERS_PATH KRB5_CONFIG=$SERVERS_DIR/desk/krb5.conf \
        "$SERVERS_ROOT/usr/bin/kinit" -c "$SERVERS_DIR/desk/tickets" alice \
        <<<alicepw >/dev/null || fail 'no tickets for alice'
}

# sign_on: true if a ticket of alice's opens the guest's sshd.
sign_on() {
    [ "$(desk_ssh -o PreferredAuthentications=gssapi-with-mic \
        -o GSSAPIAuthentication=yes client.test 'echo in as $(id -un)' \
        2>"$DIR/ssh.err" </dev/null)" = 'in as alice' ]
}
expect_refused() {
    ! sign_on || fail 'a ticket is accepted although the clock is wrong'
    grep -q 'Permission denied' "$DIR/ssh.err" ||
        fail "ssh did not come so far: $(cat "$DIR/ssh.err")"
}
expect_accepted() {
    # A neighbour may hold up one of them.
    sign_on || sign_on || fail "no sign-on by ticket: $(cat "$DIR/ssh.err")"
}

# password_login: what alice reads who types her password at sshd's prompt.
password_login() {
    printf '#!/bin/sh\necho alicepw\n' >"$SERVERS_DIR/desk/askpass"
    chmod 755 "$SERVERS_DIR/desk/askpass"
    SSH_LOG=INFO SSH_ASKPASS=$SERVERS_DIR/desk/askpass \
        SSH_ASKPASS_REQUIRE=force desk_ssh -tt -o GSSAPIAuthentication=no \
        -o PreferredAuthentications=keyboard-interactive client.test 'echo in as $(id -un)' \
        </dev/null 2>&1
}

# expect_word REGEX: the PAM module's at such a login.
expect_word() {
    password_login >"$DIR/login" || true
    grep -q 'in as alice' "$DIR/login" || vm_fail "no login: $(cat "$DIR/login")"
    tr -s '\r\n ' ' ' <"$DIR/login" | grep -Eq -- "$1" ||
        vm_fail "the login does not say '$1': $(cat "$DIR/login")"
}

# ---- begin and end ----

vm_fail() {
    {
        if [ -n "${GUEST:-}" ] && kill -0 "${SERVER_PID[guest]}" 2>/dev/null; then
            echo '--- the guest'
            guest 'journalctl --no-pager -o short-monotonic -n 60 \
                -u "skewguard*"; skewguard status; skewguard sources -v; adjtimex -p'
        fi
    } | tail -n 150 >&2
    fail "$@"
}

vm_finish() {
    servers_stop
    umount -l /etc/hosts "$DIR"/{net,uts}-* 2>/dev/null || true
    finish
}

# vm_obtain: from the network, which the test itself leaves.
vm_obtain() {
    vm_prepare || skip "NO VIRTUAL MACHINES: the kernel's clock was NOT tried"
    kinds_prepare || skip 'no ssh can be had'
    servers_prepare
    export SG_OBTAINED="$VM_IMAGE:$KINDS_ROOT:$SERVERS_ROOT"
}

vm_begin() {
    local servers
    [ -n "${SG_OWN_MOUNTS:-}" ] || vm_obtain
    own_mounts -n
    IFS=: read -r VM_IMAGE KINDS_ROOT servers <<<"$SG_OBTAINED"
    servers_use "$servers"
    servers_prepare() { :; }
    begin
    trap vm_finish EXIT
    network_up || skip 'NO BRIDGE OR TAP: the guest has no network, nothing was tried'
    mkdir -p "$RESULTS" "$DIR/guest"
    rm -f "$RESULTS/$SCENARIO.row"
    mount --bind "$here/../vm/guest/hosts" /etc/hosts
    kinds_enter
    realm_up
    ntp_on das-m
    ntp_on das-s
    desk_begin
    payload_make
    guest_up
    guest_configure
}

# ms OFFSET [WORLD]: in words.
ms() { awk "BEGIN { printf \"%.1f ms\", ($1 - ${2:-0}) * 1000 }"; }

# row PROMISED SEEN: what the table says of this scenario.
row() {
    printf '%s\t%s\t%s\n' "${SCENARIO//_/ }" "$1" "$2" >>"$RESULTS/$SCENARIO.row"
    echo "promised: $1; seen: $2"
}
