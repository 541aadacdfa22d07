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
. "$ROOT/tests/vm/realm.sh"
. "$ROOT/tests/vm/guest.sh"
. "$ROOT/tests/vm/people.sh"

SCENARIO=${0##*/test_} SCENARIO=${SCENARIO%.sh}
RESULTS=$BUILD/tests/vm
declare -A ADDRESS=([das-m]=10.77.0.11 [das-s]=10.77.0.12)
RIGHT_S=0.05 # what is a right clock, next to busy neighbours

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
    local begin=$SECONDS
    guest_must 'tar -C /payload -xmf /dev/vdb && /payload/install'
    echo "installed in $((SECONDS - begin)) s"
}

# install_watched SECONDS: the same, while the clock is watched.
install_watched() {
    : >"$DIR/watched"
    guest_must 'tar -C /payload -xmf /dev/vdb &&
        systemd-run -q -p RemainAfterExit=yes --unit=install /payload/install'
    watch_clock "$1"
    within 240 guest_quietly '[ "$(systemctl show -P SubState install)" = exited ]' ||
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
    clock_is 0 # it was saved hours ago
}

# ms OFFSET [WORLD]: in words.
ms() { awk "BEGIN { printf \"%.1f ms\", ($1 - ${2:-0}) * 1000 }"; }

# row PROMISED SEEN: what the table says of this scenario.
row() {
    printf '%s\t%s\t%s\n' "${SCENARIO//_/ }" "$1" "$2" >>"$RESULTS/$SCENARIO.row"
    echo "promised: $1; seen: $2"
}
