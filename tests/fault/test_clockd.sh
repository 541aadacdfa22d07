#!/bin/bash
# skewguard-clockd while each allocation and each system call on its files
# fails in turn: it starts or says why not, ends when it is told to, and the
# account of what it did is whole for the next one.  No clock is moved: it has no
# right to, and is kept from asking.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
FAULTS=$BUILD/tests/fault/faults.so

# clockd_life COMMAND...: until it listens, and a little more.
clockd_life() {
    local pid tries
    CODE=0
    timeout -k 2 20 "$@" "$BUILD/bin/skewguard-clockd" --user root \
        --runtime "$LIFE/run" --state "$LIFE/state" &
    pid=$!
    # one that the last one left behind says nothing
    [ ! -e "$LIFE/run/socket" ] || sleep 1
    for ((tries = 0; tries < 50; tries++)); do
        if [ -e "$LIFE/run/socket" ] || ! kill -0 $pid 2>/dev/null; then break; fi
        sleep 0.1
    done
    sleep 0.1
    kill $pid 2>/dev/null || true
    wait $pid || CODE=$?
}

life() {
    mkdir -p "$LIFE/run" "$LIFE/state"
    clockd_life env LD_PRELOAD="$FAULTS" FAULTS_CLOCK=1 >"$LIFE/said.before" 2>&1
    [ "$CODE" = 0 ] || bad "the one before: exit status $CODE"
    [ -z "$ERROR" ] || export FAULTS_UNDER=$LIFE/
    clockd_life "${FAULTY[@]}"
    case $CODE in
    0) came_to 'went on' ;;
    6? | 7?)
        came_to 'did not start, and said why'
        grep -q '^skewguard-clockd: .' "$LIFE/out" || bad "says nothing"
        ;;
    137)
        came_to 'was killed'
        [ "$ERROR" = kill ] || bad killed
        ;;
    *) bad "exit status $CODE" ;;
    esac
    clockd_life env LD_PRELOAD="$FAULTS" FAULTS_CLOCK=1 >"$LIFE/said.after" 2>&1
    [ "$CODE" = 0 ] || bad "the next one: exit status $CODE"
    ! grep -Ei 'damaged|no account' "$LIFE"/said.* || bad "the account is damaged"
}

ERROR=''
faulty skewguard-clockd FAULTS_CLOCK=1
each_call 'skewguard-clockd, all allocations'
for ERROR in $(errors 4 5 13 28 short kill); do
    faulty skewguard-clockd FAULTS_CLOCK=1 FAULTS_ERROR="$ERROR"
    each_call "skewguard-clockd, $ERROR"
done
