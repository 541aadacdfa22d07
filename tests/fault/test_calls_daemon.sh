#!/bin/bash
# skewguardd while each system call on its files fails in turn: it stays up, or
# does not start and says why; what it has to tell is told in the end, and its
# files are whole.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
config_skewed 127.0.0.43
daemon=$BUILD/bin/skewguardd

are_whole() {
    ! compgen -G "$LIFE"/*/*.bad >/dev/null || bad "a file was found damaged"
    [ ! -e "$LIFE/run/status" ] ||
        "$BUILD/bin/skewguard" -c "$LIFE/conf" sources >/dev/null ||
        bad "the status is damaged"
    [ ! -e "$LIFE/motd" ] || grep -q ' (skewguard, .*)$' "$LIFE/motd" ||
        bad "half a word at login"
}

life() {
    conf
    export FAULTS_UNDER=$LIFE/
    daemon_life "${FAULTY[@]}" "$daemon"
    case $CODE in
    0) came_to 'went on' ;;
    78)
        came_to 'did not start, and said why'
        grep -q "^skewguardd: .*$LIFE/" "$LIFE/out" || bad "says nothing"
        ;;
    137) [ "$ERROR" = kill ] && came_to 'was killed' ;;
    *) bad "exit status $CODE" ;;
    esac
    [ -z "${FAULTS_SHOW:-}" ] || ! grep '^struck' "$LIFE/faults" ||
        grep "skewguardd: .*$LIFE" "$LIFE/out" || true
    are_whole
    grep -q ^struck "$LIFE/faults" || [ -e "$LIFE/motd" ] ||
        bad "no word at login"
    [ -z "$STAYS" ] || is_alerted || ! grep -q ^struck "$LIFE/faults" ||
        grep -q 'No space left' "$LIFE/out" || bad "a full disk is not told of"
    if ! is_alerted; then
        came_to "$(cat "$LIFE/how"), told by the next one"
        daemon_life "$daemon"
        are_whole
    fi
    is_alerted || bad "nothing is told"
    [ "$(find "$LIFE/state/spool" -name '*.alert' | wc -l)" = 1 ] ||
        bad "told more than once"
}

STAYS=''
# EINTR EIO EACCES EMFILE ENOSPC
for ERROR in $(errors 4 5 13 24 28 short kill); do
    faulty skewguardd FAULTS_ERROR="$ERROR"
    each_call "skewguardd, $ERROR"
done

# A disk that stays full.
ERROR=28 STAYS=1
faulty skewguardd FAULTS_ERROR=28 FAULTS_ON=1
each_call 'skewguardd, 28 from then on'
