#!/bin/bash
# What is kept and who may run: the frequency of an earlier run, one daemon in
# one place, nobody as its user, and a host that lets it move no clock.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
start_pair +0
memory=$DIR/state/frequency.simulated

# memorise FREQUENCY: as an earlier run leaves it.
memorise() {
    printf 'skewguard-frequency 1\nfrequency_ppm=%s\nfrequency_sd_ppm=0.1\nsaved_ns=%s\n' \
        "$1" "$(date +%s%N)" >"$memory"
}
start() {
    : >"$DIR/daemon.log"
    rm -f "$DIR/run/status" # of the one before
    daemon_start --simulate offset=+0s,drift=80ppm
}
stop() {
    kill -s TERM "$DAEMON"
    expect_exit 0 wait "$DAEMON"
    DAEMON=''
}

# A clock that runs 80 ppm fast, and what earlier runs knew of it.
memorise -80.000000
start
expect_line 'clock: frequency -80.000 ppm of an earlier run' 5
within 5 [ -s "$DIR/run/status" ] || fail "no status"
status
holds "(($(value status clock.frequency_ppm)) + 80) ^ 2 < 0.5 ^ 2" ||
    fail "frequency $(value status clock.frequency_ppm), not -80"
expect_state ok 20

# One is enough.
expect_exit 78 "$BUILD/bin/skewguardd" -c "$DIR/skewguard.conf" -g \
    >"$DIR/second" 2>&1
grep -Fqx "skewguardd: another skewguardd runs already ($DIR/run/skewguardd.lock)" \
    "$DIR/second" || fail "the second daemon says: $(<"$DIR/second")"
daemon_lives || fail "the second daemon ended the first"
stop
# Too short a run to know better: what was there stays.
grep -q '^frequency_ppm=-80.000000$' "$memory" || fail "$(cat "$memory")"

# ignored REGEX: reported, and everything works without it.
ignored() {
    start
    expect_line "saved frequency ignored: $memory: $1" 5
    expect_state ok 20
    stop
}
memorise 600
ignored 'frequency 600 ppm, allowed -500 to 500'
memorise 1,5
ignored damaged
head -c 100000 /dev/zero >"$memory"
ignored 'larger than 512 bytes'
rm "$memory"
mkfifo "$memory"
ignored 'not a regular file'
rm "$memory"

# A clock that we may not move is guarded, and it is said why.
config_line 'mode = discipline'
: >"$DIR/daemon.log"
rm -f "$DIR/run/status"
daemon_start
expect_line 'guard mode: .*(CAP_SYS_TIME|may not)' 5
expect_state ok 20
[ "$(value status mode)" = guard ] || fail "mode $(value status mode)"
skewguard status | tr -s ' \n' ' ' >"$DIR/status"
grep -Eq 'CAP_SYS_TIME|may not' "$DIR/status" ||
    fail "status does not say why: $(<"$DIR/status")"
stop

# As nobody, with a careful umask, in a place that is made by the daemon: all
# may read it.
if [ "$(id -u)" != 0 ]; then
    echo "not root: that nobody can run it was NOT tested"
    exit 0
fi
chmod 755 "$DIR"
mkdir -m 1777 "$DIR/open"
sed -i "s|$DIR/run|$DIR/open/run|; s|$DIR/state|$DIR/open/state|; /^mode/d" \
    "$DIR/skewguard.conf"
chmod 644 "$DIR/skewguard.conf" "$DIR/krb5.conf"
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
# The build may stand where only its owner comes.
cp "$BUILD/bin/skewguardd" "$BUILD/bin/skewguard" "$DIR/open/"
"${nobody[@]}" test -x "$DIR/open/skewguardd" ||
    skip "$DIR cannot be reached by other users"
for arguments in -g '--simulate offset=+5s,drift=40ppm'; do
    : >"$DIR/daemon.log"
    rm -f "$DIR/open/run/status" # of the one before
    # shellcheck disable=SC2086 # words
    "${nobody[@]}" bash -c 'umask 077; exec "$@"' run "$DIR/open/skewguardd" \
        -c "$DIR/skewguard.conf" $arguments >>"$DIR/daemon.log" 2>&1 </dev/null &
    DAEMON=$!
    expect_state ok 20
    setpriv --reuid 65533 --regid 65533 --clear-groups "$DIR/open/skewguard" \
        -c "$DIR/skewguard.conf" status >"$DIR/status" 2>&1 || fail "others cannot read: $(<"$DIR/status")"
    grep -q '^OK: ' "$DIR/status" || fail "others see: $(<"$DIR/status")"
    [ "$arguments" = -g ] || expect_line 'step by \+[45]\.' 10
    stop
done
