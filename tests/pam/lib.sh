# shellcheck shell=bash
# What every test of the PAM module begins with.  Source it first.  A test has
# a private folder $DIR with a service file, a status and perhaps the daemon's
# lock, and says in words what it expects of a login.

set -eu
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/../../scripts/lib.sh"
drop_sys_time bash "$0" "$@"

BUILD=${SG_BUILD:-$ROOT/build}
MODULE=$BUILD/lib/pam_skewguard.so
SAID=''
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}abort_on_error=0

skip() { echo "skipped: $*"; exit 77; }

fail() {
    echo "FAILED: $*"
    echo "--- said"
    echo "$SAID"
    exit 1
} >&2

finish() {
    daemon_dies
    rm -rf "$DIR"
}

# begin: the private folder, a status of a host where all is well, a daemon
# that lives, and the module in all phases.
begin() {
    [ -e "$MODULE" ] || fail "there is no $MODULE"
    DIR=$(mktemp -d "${TMPDIR:-/tmp}/skewguard-test.XXXXXX")
    trap finish EXIT
    trap 'exit 143' TERM INT
    mkdir -m 755 "$DIR/run" "$DIR/pam.d"
    LOCK=''
    umask 022
    daemon_lives
    # shellcheck disable=SC2119
    publish
    stack
}

# shellcheck disable=SC2120
publish() {
    "$BUILD/tests/pam/publish" "$@" >"$DIR/run/new"
    mv "$DIR/run/new" "$DIR/run/status"
}

# The lock, held by a process that ends with its standard input.
daemon_lives() {
    mkfifo "$DIR/hold"
    "$BUILD/tests/pam/publish" "hold=$DIR/run/skewguardd.lock" \
        <"$DIR/hold" >"$DIR/held" &
    LOCK=$!
    exec 8>"$DIR/hold"
    rm "$DIR/hold"
    while [ ! -s "$DIR/held" ]; do sleep 0.02; done
}

daemon_dies() {
    [ -n "$LOCK" ] || return 0
    exec 8>&-
    wait "$LOCK"
    LOCK=''
}

# stack [OPTION...]: the module in all four stacks, among modules that succeed.
stack() {
    local type
    : >"$DIR/pam.d/test"
    # What libpam complains about if it is missing.
    echo 'auth required pam_deny.so' >"$DIR/pam.d/other"
    for type in auth account session password; do
        echo "$type optional $MODULE status=$DIR/run/status $*" \
            >>"$DIR/pam.d/test"
        echo "$type required pam_permit.so" >>"$DIR/pam.d/test"
    done
}

# stack_of TYPE [OPTION...]: in that one alone.
stack_of() {
    local type=$1
    shift
    stack "$@"
    sed -i "/pam_skewguard/{/^$type /!d}" "$DIR/pam.d/test"
}

# login USER WORD...: $SAID is what happened; it must take no time.
login() {
    SAID=$(timeout 20 "$BUILD/tests/pam/driver" "$DIR/pam.d" "$@" 2>&1) ||
        fail "driver $*: exit code $?"
}

# said LINE...: these lines in this order are all that happened.
said() {
    local expected
    expected=$(printf '%s\n' "$@")
    [ "$SAID" = "$expected" ] ||
        fail "expected"$'\n'"$(diff <(echo "$expected") <(echo "$SAID"))"
}

# matches REGEX [N]: N lines match; 1 by default.
matches() {
    local n
    n=$(grep -cE -- "$1" <<<"$SAID") || true
    [ "$n" = "${2:-1}" ] || fail "$n lines match \"$1\", not ${2:-1}"
}

# The texts of a host that is 400 s behind, and 74 s.
SKEW="This host's clock is 400 s behind EXAMPLE.ORG (limit 300 s)."
NOW='Refused now: signing on to this host with a ticket (ssh, GSSAPI), tickets'
NOW+=' and FAST armor from before the clock went wrong; a password login still'
NOW+=' works.'
# shellcheck disable=SC2034 # for those who source this
REFUSED="$SKEW $NOW Once the clocks agree, run kinit again."
# shellcheck disable=SC2034
REFUSED_ROOT="$SKEW $NOW Correct its clock; \"skewguard explain\" tells more."
# shellcheck disable=SC2034
WARNING="This host's clock is 74 s behind EXAMPLE.ORG (limit 300 s). Nothing is \
refused yet."
# shellcheck disable=SC2034
WARNING_ROOT="$WARNING Correct its clock; \"skewguard explain\" tells more."
