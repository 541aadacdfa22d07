#!/bin/bash
# What the module costs a login: the same stack with it and without, by turns,
# while it has something to say.  The figures are printed; only what would be
# felt fails.
. "$(dirname "$(readlink -f "$0")")/../interop/lib.sh"
. "$(dirname "$(readlink -f "$0")")/logins.sh"
. "$(dirname "$(readlink -f "$0")")/real.sh"

FELT_MS=50

# One login each, of which each prints the milliseconds that it took.
by_pamtester() {
    local begin=$EPOCHREALTIME
    "${INSIDE[@]}" pamtester -I tty=pts/9 "$1" alice authenticate acct_mgmt \
        open_session close_session <<<alicepw >"$DIR/pamtester" 2>&1 ||
        fail "pamtester: $(cat "$DIR/pamtester")"
    echo $(((${EPOCHREALTIME/./} - ${begin/./}) / 10))e-2
}

by_person() {
    stack "$1"
    attend "$1" "$2" || fail "$2: $(cat "$SEEN/$1/$2")"
    awk -F '\t' '$2 == "here" { print $1 * 1e3 }' "$SEEN/$1/$2.times"
}

median() {
    sort -g | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'
}

# measure TIMES HOW [WAY]
measure() {
    local i world with without
    for ((i = 0; i < $1; i++)); do
        for world in plain profile; do
            "$2" $world "${@:3}" >>"$DIR/$2${3:-}.$world"
        done
    done
    without=$(median <"$DIR/$2${3:-}.plain")
    with=$(median <"$DIR/$2${3:-}.profile")
    awk -v with="$with" -v without="$without" -v felt=$FELT_MS \
        -v what="${3:-pamtester}" -v n="$1" 'BEGIN {
            printf "%-20s %d logins each: %.2f ms without, %.2f ms with: " \
                "%+.2f ms, ratio %.3f\n", what, n, without, with,
                with - without, with / without
            exit !(with - without < felt) }' ||
        fail "${3:-pamtester}: $FELT_MS ms more are felt"
}

real_begin +400
daemon_start -g
expect_state exceeded 20
# pamtester may use either stack without changing any file in between.
for world in profile plain; do
    stack $world
    for phase in auth account session; do
        cat "/mnt/etc/pam.d/common-$phase"
    done >"$DIR/$world"
done
cp "$DIR/profile" "$DIR/plain" "$DIR/pam.plain"
cp "$DIR/profile" "$DIR/plain" /mnt/etc/pam.d
by_pamtester profile >/dev/null
grep -q "$TEXT" "$DIR/pamtester" || fail "it has nothing to say"

measure 100 by_pamtester
measure 20 by_person login
measure 20 by_person 'su, by a user'
measure 20 by_person 'ssh, public key'
