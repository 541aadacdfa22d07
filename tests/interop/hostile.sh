# shellcheck shell=bash
# Servers that misbehave, beside good ones or alone, and what is said of them.
# Source it after lib.sh.

declare -A HOSTILE_ADDRESS=() # and port, by name

# hostile KIND DEED [TRANSPORT]: such a server, and its entry in the
# configuration, under the name KIND-DEED.
hostile() {
    local kind=$1 deed=$2 name=$1-$2 address port dir
    address=127.0.7.$((${#HOSTILE_ADDRESS[@]} + 1))
    port=$(free_port)
    HOSTILE_ADDRESS[$name]=$address:$port
    dir=$SERVERS_DIR/$name
    mkdir -p "$dir"
    "$BUILD/tests/interop/hostile_$kind" "$deed" "$address" "$port" \
        >"$dir/log" 2>&1 </dev/null &
    # shellcheck disable=SC2034,SC2004 # servers_stop ends it
    SERVER_PID[$name]=$!
    server_wait "$name" grep -q ready "$dir/log"
    "config_$kind" "$name" "$address" "$port" "${@:3}"
}

# block NAME <TEXT: what stands under the source of that name, in one line.
block() {
    awk -v name="$1" '
        /^[^ ]/ || /^  [^ ]/ { inside = 0 }
        $2 " " $3 ~ "^(ntp|kdc) " name "$" { inside = 1 }
        $1 " " $2 ~ "^(ntp|kdc) " name ":$" { inside = 1 }
        inside { $1 = $1; printf "%s ", $0 }'
}

# json_block NAME <JSON: "state: reason" of the first source of that name.
json_block() {
    awk -v name="\"$1\"," '
        $1 == "\"name\":" { inside = $2 == name }
        inside && $1 == "\"state\":" { gsub(/[",]/, "", $2); state = $2 }
        inside && $1 == "\"reason\":" {
            sub(/.*"reason": "/, ""); sub(/",$/, ""); gsub(/\\"/, "\"")
            print state ": " $0
            exit
        }'
}

# look: what skewguard says now, in all the ways it says it.
look() {
    status || return 1
    skewguard sources -v >"$DIR/sources"
    skewguard explain >"$DIR/explain"
}

# is_told NAME OUTCOME REGEX: each of them names outcome, value and limit.
is_told() {
    local said
    said=$(json_block "$1" <"$DIR/status.json")
    [[ $said =~ $3 ]] || { WHY="status --json: $said"; return 1; }
    said=$(block "$1" <"$DIR/sources")
    [[ $said == *"last: $2"* && $said =~ $3 ]] ||
        { WHY="sources -v: $said"; return 1; }
    said=$(block "$1" <"$DIR/explain")
    [[ ($2 = ok || $said == *"last attempt: $2"*) && $said =~ $3 ]] ||
        { WHY="explain: $said"; return 1; }
}

look_is_told() {
    daemon_lives || fail "the daemon has ended before it told of $1"
    look && is_told "$@"
}

# expect_told NAME OUTCOME REGEX SECONDS
expect_told() {
    WHY='nothing'
    is_told "$1" "$2" "$3" || within "$4" look_is_told "$1" "$2" "$3" ||
        fail "$1: not \"$2\" and \"$3\" but $WHY"
}

# How far the simulated clock is from this host's, which the good servers
# serve, whatever the daemon believes.
simulated_error() {
    "$BUILD/tests/interop/simerror" <"$DIR/run/status"
}

expect_unmoved() {
    holds "($(simulated_error)) ^ 2 < 0.010 ^ 2" ||
        fail "$1: the clock is $(simulated_error) s from the good servers'"
}
