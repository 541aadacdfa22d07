#!/bin/bash
# skewguardd while each of its allocations fails in turn: it starts or says why
# not, goes on, and what it has to tell is told in the end, in words.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
config_skewed 127.0.0.41
daemon=$BUILD/bin/skewguardd

life() {
    conf
    daemon_life "${FAULTY[@]}" "$daemon"
    case $CODE in
    0) came_to 'went on' ;;
    78)
        came_to 'did not start, and said why'
        grep -q '^skewguardd: .' "$LIFE/out" || bad "says nothing"
        ;;
    *) bad "exit status $CODE" ;;
    esac
    if ! is_alerted; then
        came_to "$(cat "$LIFE/how"), told by the next one"
        daemon_life "$daemon"
    fi
    is_alerted || bad "nothing is told"
    ! grep -L '^subject=.*EXAMPLE.TEST.*exceeded' "$LIFE"/state/spool/*.alert |
        grep . || bad "told, but not of what"
    ! compgen -G "$LIFE"/*/*.new >/dev/null || bad "half a file is left behind"
}

faulty skewguardd FAULTS_OURS=skewguardd
each_call 'skewguardd, its own allocations'
faulty skewguardd "$SPARED"
each_call 'skewguardd, all allocations'
# and if there is none any more
faulty skewguardd FAULTS_OURS=skewguardd FAULTS_ON=1
each_call 'skewguardd, its own allocations from then on'
