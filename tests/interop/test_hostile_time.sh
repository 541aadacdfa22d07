#!/bin/bash
# NTP servers and KDCs that tell an impossible time: beside two good hosts one
# is a falseticker, with value and limit; alone it is not followed either.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/hostile.sh"
begin
start_pair +0
cp "$DIR/skewguard.conf" "$DIR/good.conf"

# told KIND DEED REGEX: beside the good hosts.
told() {
    local name=$1-$2
    cp "$DIR/good.conf" "$DIR/skewguard.conf"
    hostile "$1" "$2"
    : >"$DIR/daemon.log"
    rm -f "$DIR/run/status" # of the one before
    daemon_start --simulate offset=+5s,drift=40ppm
    within 20 logged_line 'step by \+[45]\.[0-9]+ s: 2 hosts agree' ||
        fail "$name: the clock was not put right"
    within 5 look || fail "$name: there is no status"
    expect_told "$name" ok \
        "falseticker: $3[0-9]* s \\(.*\\), 2 hosts agree on [-+]0\\.[0-9]+ to" 20
    expect_unmoved "$name"
    logged_line 'clock: disciplined' || fail "$name: not disciplined"
    [ "$(grep -c 'clock: .*step' "$DIR/daemon.log")" = 1 ] ||
        fail "$name: more than one step"
    if [ "$1" = kdc ]; then
        [ "$(value status state),$(value status realms.0.blame)" = \
            exceeded,kdc ] || fail "$name is not to blame"
    else
        [ "$(value status state)" = ok ] || fail "$name: state not ok"
    fi
    stop_process "$DAEMON"
}

# alone KIND DEED STATE REGEX: nobody else is there.
alone() {
    local name=$1-$2
    config_new
    "config_$1" "$name" "${HOSTILE_ADDRESS[$name]%:*}" \
        "${HOSTILE_ADDRESS[$name]#*:}"
    : >"$DIR/daemon.log"
    rm -f "$DIR/run/status" # of the one before
    daemon_start --simulate offset=+0s,drift=0ppm
    expect_state "$3" 20
    expect_line "clock: a step of $4 s on one host's word is refused: at most 3600 s" 30
    status
    skewguard explain >"$DIR/explain"
    grep -q 'not synchronised yet' "$DIR/explain" ||
        fail "$name alone: said to be synchronised"
    # whatever rate it shows
    holds "$(value status clock.frequency_ppm) == 0" ||
        fail "$name alone: frequency $(value status clock.frequency_ppm) ppm"
    expect_unmoved "$name alone"
    stop_process "$DAEMON"
}

told ntp year-1900 '\+[23][0-9]{8}\.'
told ntp year-2036 '\+[23][0-9]{8}\.'
told ntp year-2104 '-1[0-9]{9}\.'
told kdc year-1970 '-1[0-9]{9}\.'
told kdc year-2036 '\+[23][0-9]{8}\.'
told kdc year-2104 '\+2[0-9]{9}\.'
alone ntp year-1900 unknown '\+[0-9.]+'
alone ntp year-2036 unknown '\+[0-9.]+'
alone ntp year-2104 unknown '-[0-9.]+'
alone kdc year-1970 exceeded '-[0-9.]+'
alone kdc year-2104 exceeded '\+[0-9.]+'
