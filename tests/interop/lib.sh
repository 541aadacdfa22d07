# shellcheck shell=bash
# What every interop test begins with.  Source it first.  A test has a private
# folder $DIR with a configuration, real servers, perhaps a daemon, and says
# in words what it expects; whatever it started ends with it.

set -eu
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/../../scripts/lib.sh"
drop_sys_time bash "$0" "$@"
. "$here/../../scripts/servers.sh"

BUILD=${SG_BUILD:-$ROOT/build}
REALM=EXAMPLE.TEST
DAEMON=''

skip() { echo "skipped: $*"; exit 77; }

# own_mounts OPTION...: start the test again where what it mounts is its own
# (-n: and the network), or skip it.  Before begin.
# shellcheck disable=SC2120
own_mounts() {
    local unshare=(unshare -m "$@")
    [ -z "${SG_OWN_MOUNTS:-}" ] || return 0
    [ "$(id -u)" = 0 ] || unshare=(unshare -Urm "$@")
    "${unshare[@]}" mount -t tmpfs none /mnt 2>/dev/null ||
        skip "this system lets us have no mounts of our own (unshare -m)"
    exec env SG_OWN_MOUNTS=1 "${unshare[@]}" bash "$0"
}

# listener NAME PATH: a datagram socket; what it gets is in $DIR/NAME.
listener() {
    "$BUILD/tests/interop/listen" "$2" >"$DIR/$1" 2>&1 </dev/null &
    # shellcheck disable=SC2034,SC2004 # servers_stop ends it
    SERVER_PID[$1]=$!
    within 5 grep -qs ready "$DIR/$1" || fail "no listener at $2"
}

fail() {
    local file
    echo "FAILED: $*"
    for file in check.json status.json sources daemon.log; do
        [ ! -s "$DIR/$file" ] || { echo "--- $file"; tail -n 40 "$DIR/$file"; }
    done
    exit 1
} >&2

finish() {
    [ -z "$DAEMON" ] || stop_process "$DAEMON"
    servers_stop
    [ -z "${SG_OWN_MOUNTS:-}" ] || umount -l "$DIR"/run "$DIR"/dev/* /dev /mnt \
        2>/dev/null || true
    rm -rf "$DIR"
}

# begin: the private folder, and servers ready to start.
begin() {
    DIR=$(mktemp -d "${TMPDIR:-/tmp}/skewguard-test.XXXXXX")
    trap finish EXIT
    trap 'exit 143' TERM INT
    servers_prepare
    servers_begin "$DIR/servers" "$REALM"
    mkdir "$DIR/run" "$DIR/state"
    # Whatever krb5.conf this host has is of no interest here.
    printf '%s\n' '[libdefaults]' "    default_realm = $REALM" \
        '    dns_lookup_kdc = false' >"$DIR/krb5.conf"
    export KRB5_CONFIG=$DIR/krb5.conf
    config_new
}

# config_new: a configuration of the directories and the realm.
config_new() {
    cat >"$DIR/skewguard.conf" <<END
runtime_directory = "$DIR/run"
state_directory = "$DIR/state"
status_file = "$DIR/run/status"
realm "$REALM" { }
END
}

config_line() {
    echo "$1" >>"$DIR/skewguard.conf"
}

# config_kdc NAME ADDRESS PORT [TRANSPORT]
config_kdc() {
    config_line "kdc \"$1\" { realm = \"$REALM\" address = \"$2\" port = $3 \
${4:+transport = \"$4\"} }"
}

config_ntp() {
    config_line "ntp \"$1\" { address = \"$2\" port = $3 }"
}

# start_pair OFFSET: two hosts, each a KDC and an NTP server, so far from the
# right time.
start_pair() {
    local offset=$1 name address port
    while read -r name address; do
        port=$(free_port)
        kdc_start "kdc-$name" "$address" "$port" "$offset"
        config_kdc "$name" "$address" "$port"
        port=$(free_port)
        ntp_start "ntp-$name" "$address" "$port" "$offset"
        config_ntp "$name" "$address" "$port"
    done <<<$'das-m 127.0.0.11\ndas-s 127.0.0.12'
}

skewguard() {
    "$BUILD/bin/skewguard" -c "$DIR/skewguard.conf" "$@"
}

daemon_start() {
    "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" "$@" \
        >>"$DIR/daemon.log" 2>&1 </dev/null &
    DAEMON=$!
}

daemon_lives() {
    kill -0 "$DAEMON" 2>/dev/null
}

# expect_exit CODE COMMAND...
expect_exit() {
    local want=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$want" ] || fail "$*: exit status $got, not $want"
}

# value FILE PATH: one value of $DIR/FILE.json.
value() {
    "$BUILD/tests/interop/jget" "$2" <"$DIR/$1.json" ||
        fail "$1.json has no $2"
}

# check CODE ARG...: run skewguard check into check.json.
check() {
    local want=$1
    shift
    expect_exit "$want" skewguard check --json "$@" >"$DIR/check.json"
}

# status: run skewguard status into status.json, whatever the state.
status() {
    skewguard status --json >"$DIR/status.json" 2>"$DIR/status.err" || true
    [ -s "$DIR/status.json" ]
}

# holds CONDITION: an arithmetic statement, for awk; never of an unknown.
holds() {
    [[ $1 != *null* ]] && awk "BEGIN { exit !($1) }" </dev/null
}

# within SECONDS COMMAND...: true as soon as the command is.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.25
    done
}

logged_line() { grep -Eq -- "$1" "$DIR/daemon.log"; }
state_is() {
    daemon_lives || fail "the daemon has ended"
    status && [ "$(value status state)" = "$1" ]
}

# expect_state STATE SECONDS, expect_line REGEX SECONDS
expect_state() {
    within "$2" state_is "$1" || fail "state not $1 within $2 s"
}
expect_line() {
    within "$2" logged_line "$1" || fail "no line like '$1' within $2 s"
}
