# shellcheck shell=bash
# Mailers, their spools and their relays.  Source it after lib.sh.
#
# Each mailer has a NAME and a folder $DIR/NAME with its configuration, its
# state and its log, so that several may wait for their relays at a time.

declare -A MAILER_PID=()
MAILER_WITH=() # a command that starts it, with less than all rights

# shellcheck disable=SC2034 # for those who source this
CAUSE=0123456789abcdef
# shellcheck disable=SC2034
OTHER=fedcba9876543210

# mailer_new NAME [LINE...]: its configuration.
mailer_new() {
    local dir=$DIR/$1
    mkdir -p "$dir/state"
    printf '%s\n' "state_directory = \"$dir/state\"" \
        "runtime_directory = \"$dir/run\"" "${@:2}" >"$dir/conf"
    : >"$dir/log"
}

mailer_start() {
    local dir=$DIR/$1 server=mailer-$1
    "${MAILER_WITH[@]}" "$BUILD/bin/skewguard-mailer" -c "$dir/conf" "${@:2}" \
        >>"$dir/log" 2>&1 </dev/null &
    MAILER_PID[$1]=$!
    # servers_stop ends it
    # shellcheck disable=SC2034,SC2004
    SERVER_PID[$server]=$!
}

mailer_signal() {
    kill -s "$2" "${MAILER_PID[$1]}"
}

# mailer_end NAME SIGNAL: its exit status.
mailer_end() {
    local ret=0
    mailer_signal "$1" "$2"
    wait "${MAILER_PID[$1]}" 2>/dev/null || ret=$?
    unset "MAILER_PID[$1]" "SERVER_PID[mailer-$1]"
    return $ret
}

# put NAME ID NUMBER [PHASE [TOPIC]]
put() {
    "$BUILD/tests/interop/put_alert" "$DIR/$1/state/spool" "${@:2}" ||
        fail "no alert put"
}

# told NAME REGEX: its log has such a line; n_told NAME REGEX: how many.
told() { grep -Eq -- "^skewguard-mailer: $2" "$DIR/$1/log"; }
n_told() { grep -Ec -- "^skewguard-mailer: $2" "$DIR/$1/log"; }

mail_fail() {
    local log
    for log in "$DIR"/*/log "$DIR"/servers/*/log; do
        [ ! -s "$log" ] || { echo "--- $log"; tail -n 30 "$log"; }
    done >&2
    fail "$@"
}

# expect_told NAME REGEX [SECONDS]
expect_told() {
    within "${3:-10}" told "$1" "$2" || mail_fail "$1 does not say: $2"
}

n_spooled() {
    compgen -G "$DIR/$1/state/spool/*.alert" | wc -l
}
is_drained() { [ "$(n_spooled "$1")" = 0 ]; }
expect_drained() {
    within "${2:-10}" is_drained "$1" || mail_fail "the spool of $1 is not empty"
}

# relay NAME COMMAND...: a server that says "ready"; $DIR/servers/NAME/log.
relay() {
    local name=$1
    shift
    mkdir -p "$SERVERS_DIR/$name"
    "$@" >"$SERVERS_DIR/$name/log" 2>&1 </dev/null &
    # shellcheck disable=SC2034,SC2004
    SERVER_PID[$name]=$!
    server_wait "$name" grep -q ready "$SERVERS_DIR/$name/log"
}
hostile_relay() {
    relay "$1" "$BUILD/tests/interop/hostile_smtp" "$2" 127.0.0.1 "$3"
}
smtpd() {
    local name=$1
    shift
    # shellcheck disable=SC2154 # of lib.sh
    relay "$name" /usr/bin/python3 "$here/smtpd.py" 127.0.0.1 "$@"
}

# What a relay got, in lines without "ready".
mails() { sed 1d "$SERVERS_DIR/$1/log"; }
got() { mails "$1" | grep -Eq -- "$2"; }
expect_got() {
    within "${3:-10}" got "$1" "$2" || mail_fail "$1 did not get: $2"
}
# expect_mails NAME TEXT: exactly these, in any order.
expect_mails() {
    [ "$(mails "$1" | sort)" = "$(sort <<<"$2")" ] ||
        mail_fail "$1 got: $(mails "$1")"
}
