#!/bin/bash
# skewguard-clockd while each allocation and each system call on its files
# fails in turn: it starts or says why not, answers what it is asked, or says
# why not, ends when it is told to, and the account of what it did is whole for
# the next one: no more steps than are allowed, whoever does them.  No clock is
# moved: it has no right to, and is kept from asking.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
FAULTS=$BUILD/tests/fault/faults.so

STEPS=3 # of a day

# clockd_life NAME N COMMAND...: until it has been asked for N steps.
clockd_life() {
    local pid tries asked=$LIFE/asked.$1 n=$2
    CODE=0
    shift 2
    timeout -k 2 20 "$@" "$BUILD/bin/skewguard-clockd" --user root \
        --runtime "$LIFE/run" --state "$LIFE/state" --steps $STEPS &
    pid=$!
    for ((tries = 0; tries < 100; tries++)); do
        "$BUILD/tests/interop/ask_clockd" "$LIFE/run/socket" "$n" \
            >"$asked" 2>&1 || true
        if grep -q ^slew "$asked" || ! kill -0 $pid 2>/dev/null; then break; fi
        sleep 0.1
    done
    [ -s "$asked" ] || bad "not asked"
    ! grep -Ev '^(read|slew|step): .' "$asked" || bad "asked, but no words"
    kill $pid 2>/dev/null || true
    wait $pid || CODE=$?
}

life() {
    local steps
    mkdir -p "$LIFE/run" "$LIFE/state"
    clockd_life before 1 env LD_PRELOAD="$FAULTS" FAULTS_CLOCK=1 >"$LIFE/said.before" 2>&1
    [ "$CODE" = 0 ] || bad "the one before: exit status $CODE"
    [ -z "$ERROR" ] || export FAULTS_UNDER=$LIFE/
    clockd_life faulty $STEPS "${FAULTY[@]}"
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
    clockd_life after $STEPS env LD_PRELOAD="$FAULTS" FAULTS_CLOCK=1 >"$LIFE/said.after" 2>&1
    [ "$CODE" = 0 ] || bad "the next one: exit status $CODE"
    ! grep -Ei 'damaged|no account' "$LIFE"/said.* || bad "the account is damaged"
    steps=$(cat "$LIFE"/asked.* | grep -c '^step: done$' || true)
    [ "$steps" -le $STEPS ] || bad "$steps steps"
    grep -q ^struck "$LIFE/faults" || [ "$steps" = $STEPS ] ||
        bad "$steps steps without a fault"
}

ERROR=''
faulty skewguard-clockd FAULTS_CLOCK=1
each_call 'skewguard-clockd, all allocations'
for ERROR in $(errors 4 5 13 28 short kill); do
    faulty skewguard-clockd FAULTS_CLOCK=1 FAULTS_ERROR="$ERROR"
    each_call "skewguard-clockd, $ERROR"
done
