# shellcheck shell=bash
# For tests that ask KDCs with the host's key.  Source it after lib.sh.

# ask ADDRESS PORT TRANSPORT N [KEYTAB]: N answers into $DIR/answers, the CPU
# for each in $DIR/cpu.
ask() {
    "$BUILD/tests/interop/auth" "$REALM" "$@" >"$DIR/answers" 2>"$DIR/cpu" ||
        true
    sed "s/^/    /" "$DIR/answers"
}

# true_answers OFFSET WHAT: those that are a time hold the KDC's offset, and are
# no wider than a second, a timer tick of 10 ms, and the round trip.
true_answers() {
    local word lower upper delay rest
    while read -r word lower upper delay rest; do
        [ "$word" = ok ] || continue
        holds "$lower <= $1 && $1 <= $upper" ||
            fail "$2: $1 is not in [$lower, $upper] ($rest)"
        holds "$upper - $lower <= 1.01001 + $delay" ||
            fail "$2: [$lower, $upper] is wider than a second and $delay s"
    done <"$DIR/answers"
}

# good_answers N WHAT: there are so many.
good_answers() {
    [ "$(grep -c '^ok ' "$DIR/answers")" = "$1" ] ||
        fail "$2: not $1 answers with a time"
}

# only ANSWER WHAT: each answer is like this, after its bounds.
only() {
    grep -Eqv -- "^$1\$" "$DIR/answers" || return 0
    fail "$2: an answer is not like '$1'"
}

# forge_start KDC_PORT ACTION...: a man in the middle, at port $FORGED; the host
# is $CLIENT.
CLIENT=host/client.test
forge_start() {
    rm -f "$DIR/forge" # of the one before
    FORGED=${FORGE_PORT:-$(free_port)}
    "$BUILD/tests/interop/forge" "$REALM" "$CLIENT@$REALM" \
        "$FORGED" "$@" >"$DIR/forge" 2>&1 </dev/null &
    # shellcheck disable=SC2034,SC2154,SC2004 # servers_stop ends it
    SERVER_PID[forge]=$!
    within 5 grep -qs ready "$DIR/forge" ||
        fail "no forge: $(cat "$DIR/forge")"
}

# asked: what the KDC was asked through it, "login fast fast".
asked() {
    awk '$1 ~ /^(udp|tcp)$/ { printf "%s%s", sep, $2; sep = " " }' "$DIR/forge"
}
