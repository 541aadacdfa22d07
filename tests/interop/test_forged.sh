#!/bin/bash
# A man in the middle between a host with a keytab and its only KDC, of every
# kind, adds 100 s or 1000 s to what the KDC says in clear, or puts any error of
# his own in the place of its answers, from the first one on or later.  Neither
# verdict nor clock moves: the host follows what is proven, or says that it does
# not know.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/kinds.sh"
. "$here/auth.sh"
begin_kinds

CODES=(25 24 90 6 68 52 37)
LOOK_S=12 # some polls of 4 s
if [ "${SG_SANITIZE:-OFF}" = ON ]; then
    # The same programs once more: enough of ours.
    CODES=(25 24 52)
fi

# Who begins at the same moment would choose the same free port.
FORGE_PORT=18000
next_port() {
    while FORGE_PORT=$((FORGE_PORT + 1)); do
        grep -qi ":$(printf %04X $FORGE_PORT) " /proc/net/{tcp,udp} || break
    done
}

# guard NAME ACTION...: a daemon behind a man in the middle, in a folder of its
# own; its simulated clock is 3 s behind.
guard() {
    local name=$1
    shift
    DIR=$DIR/$name
    mkdir -p "$DIR/run" "$DIR/state"
    SERVER_PID=()
    DAEMON=''
    forge_start "$port" "$@"
    config_new
    sed -i "s|^realm .*|realm \"$REALM\" { keytab = \"$keytab\" }|" \
        "$DIR/skewguard.conf"
    config_kdc kdc 127.0.0.1 "$FORGED"
    config_line 'kdc_poll = 4s'
    daemon_start --simulate offset=+3s,drift=20ppm
    sleep "$LOOK_S"
    status || fail "$name: no status"
    stop_process "$DAEMON"
    DAEMON=''
    servers_stop
}

# unmoved NAME STEPS STATE: what its daemon did, and what it says at the end.
unmoved() {
    local log=$DIR/$1/daemon.log steps state
    ! grep -E "$REALM: (warn|critical|exceeded)" "$log" ||
        fail "$1: the verdict was moved"
    ! grep 'clock: step by' "$log" | grep -v 'step by +[234]\.' ||
        fail "$1: the clock was moved"
    steps=$(grep -c 'clock: step by' "$log") || true
    [ "$steps" -le "$2" ] || fail "$1: $steps steps, not $2"
    state=$("$BUILD/tests/interop/jget" state <"$DIR/$1/status.json")
    [[ $state =~ ^($3)$ ]] || fail "$1: state $state, not $3"
    echo "$1: $state, $steps steps"
}

# attack SECONDS: everything at once.
attack() {
    local code job jobs=()
    next_port
    guard "$KDC_KIND-shift-$1" shift all 0 "$1" &
    jobs+=($!)
    for code in "${CODES[@]}"; do
        next_port
        guard "$KDC_KIND-$code-all-$1" error all "$code" "$1" &
        jobs+=($!)
        next_port
        guard "$KDC_KIND-$code-later-$1" error 12 "$code" "$1" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do
        wait "$job" || fail "a daemon, see above"
    done
    unmoved "$KDC_KIND-shift-$1" 1 ok
    for code in "${CODES[@]}"; do
        # Nothing is proven: the 3 s are not known either.
        unmoved "$KDC_KIND-$code-all-$1" 0 'unknown|ok'
        unmoved "$KDC_KIND-$code-later-$1" 1 'unknown|ok'
    done
}

for KDC_KIND in mit heimdal samba; do
    port=$(free_port)
    kdc_start "$KDC_KIND" 127.0.0.1 "$port" +0
    keytab=$SERVERS_DIR/$KDC_KIND/host.keytab
    CLIENT=$(host_principal)
    attack 100
    attack 1000
    server_stop "$KDC_KIND"
done

# The attack is one: without the key it moves both.
KDC_KIND=mit
port=$(free_port)
kdc_start plain 127.0.0.1 "$port" +0
keytab=none
(guard plain shift all 0 100)
grep -q 'clock: step by +10[23]\.' "$DIR/plain/daemon.log" ||
    fail "without a key the clock is not moved"
