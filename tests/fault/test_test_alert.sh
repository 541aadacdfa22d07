#!/bin/bash
# "skewguard test-alert", and the mailer that keeps its receipt, while each
# allocation and each system call on their files fails in turn: it says that the
# mail was accepted, which is true then, or why not, and the mailer goes on.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mailer.sh"
begin
mailer_world
LANES=${FAULTS_LANES:-8}

begin_life() {
    mkdir -p "$LIFE/state"
    printf '%s\n' "smtp { host = \"127.0.0.1\" port = $port }" \
        "state_directory = \"$LIFE/state\"" \
        "runtime_directory = \"$LIFE/run\"" \
        "alert { mailto = { \"life-${LIFE##*/}-$RUN\" } }" >"$LIFE/conf"
}

# mailer_life COMMAND...: it runs, with its lock, as process $PID.
mailer_life() {
    local tries
    "$@" -c "$LIFE/conf" &
    PID=$!
    for ((tries = 0; tries < 100; tries++)); do
        if [ -e "$LIFE/state/spool/mailer.lock" ] || ! kill -0 $PID; then break; fi
        sleep 0.1
    done
}

# said CODE: what test-alert said with it is the truth.
said() {
    local n
    n=$(grep -l "life-${LIFE##*/}-$RUN" "$DIR"/mails/* 2>/dev/null | wc -l)
    came_to "exit status $1, and said why"
    [ -s "$LIFE/errors" ] || [ -s "$LIFE/said" ] || bad "says nothing"
    [ "$1" = 0 ] || return 0
    came_to 'accepted'
    grep -q 'accepted by' "$LIFE/said" || bad "exit status 0, but not accepted"
    [ "$n" -ge 1 ] || bad "accepted, but there is no mail"
}

asker_life() {
    begin_life
    [ -z "$ERROR" ] || export FAULTS_UNDER=$LIFE/state
    mailer_life "$mailer"
    run_faulty 90 "$BUILD/bin/skewguard" -c "$LIFE/conf" test-alert \
        >"$LIFE/said" 2>"$LIFE/errors"
    said "$CODE"
    kill $PID || bad "the mailer has ended"
    wait $PID || bad "the mailer: exit status $?"
}

keeper_life() {
    begin_life
    export FAULTS_UNDER=$LIFE/state
    mailer_life "${FAULTY[@]}" "$mailer"
    CODE=0
    timeout 90 "$BUILD/bin/skewguard" -c "$LIFE/conf" test-alert \
        >"$LIFE/said" 2>"$LIFE/errors" || CODE=$?
    said "$CODE"
    kill $PID 2>/dev/null || true
    CODE=0
    wait $PID || CODE=$?
    case $CODE in
    0) ;;
    75 | 78) grep -q '^skewguard-mailer: .' "$LIFE/out" || bad "says nothing" ;;
    *) bad "the mailer: exit status $CODE" ;;
    esac
}

life() { asker_life; }
ERROR=''
faulty skewguard FAULTS_OURS=skewguard
each_call 'skewguard test-alert, its own allocations'
for ERROR in 5 28 short; do
    faulty skewguard FAULTS_ERROR="$ERROR"
    each_call "skewguard test-alert, $ERROR"
done
life() { keeper_life; }
for ERROR in 28 short; do
    faulty skewguard-mailer FAULTS_ERROR="$ERROR"
    each_call "skewguard-mailer with a test alert, $ERROR"
done
