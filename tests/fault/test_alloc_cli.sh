#!/bin/bash
# skewguard and skewguardd -t while each of their allocations fails in turn:
# what they say is what they always say, or that they cannot.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
port=$(free_port)
kdc_start kdc 127.0.0.42 "$port" +400
config_kdc kdc 127.0.0.42 "$port"
ntp=$(free_port)
ntp_start ntp 127.0.0.42 "$ntp" +400
config_ntp ntp 127.0.0.42 "$ntp"
daemon_start -g
expect_state exceeded 20

# Numbers change while one looks, and with them the breaks of the lines.
shape() {
    sed -E 's/[-+~]?[0-9][0-9.e-]*/N/g; s/N (us|ms|min|h|days)\>/N s/g' |
        tr -s ' \n' ' '
}

# life: $ASK, which comes to $WANT and says $SAID when nothing fails.
life() {
    run_faulty 30 "${ASK[@]}" >"$LIFE/said" 2>"$LIFE/errors"
    if [ "$CODE" = "$WANT" ]; then
        came_to 'as ever'
        # whom check could not ask gives no answer, and others do
        if [[ "${ASK[*]}" = *' check'* ]]; then
            grep -q exceeded "$LIFE/said" || bad "not said to be exceeded"
        # -t shows what the daemon would do without krb5.conf, and why
        elif ! grep -q 'conf is not used: .*allocate memory' "$LIFE/said" &&
            [ "$(shape <"$LIFE/said")" != "$SAID" ]; then
            bad "as ever, but: $(diff <(shape <"$LIFE/said") - <<<"$SAID")"
        fi
        return
    fi
    came_to "exit status $CODE, and said why"
    [ -s "$LIFE/errors" ] || [ -s "$LIFE/said" ] || bad "says nothing"
    [ "$CODE" -gt "$WANT" ] || bad "exit status $CODE, not $WANT"
}

# asked WANT COMMAND...: with its own allocations, and with all.
asked() {
    WANT=$1
    ASK=("${@:2}")
    SAID=$("${ASK[@]}" 2>/dev/null | shape) || true
    each_call "${ASK[0]##*/} ${*:5}"
}

for which in "FAULTS_OURS=skewguard" "$SPARED"; do
    faulty skewguard "$which"
    for word in status 'status --json' sources explain check 'check --json' \
        "query 127.0.0.42:$ntp"; do
        want=2
        case $word in sources | explain | query*) want=0 ;; esac
        # shellcheck disable=SC2086
        asked $want "$BUILD/bin/skewguard" -c "$DIR/skewguard.conf" $word
    done
done
# Its own ones only: libkrb5 takes a setting that it had no memory to read for
# one that is not there.
faulty skewguardd FAULTS_OURS=skewguardd
asked 0 "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" -t
