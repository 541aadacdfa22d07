#!/bin/bash
# skewguard-mailer while each system call on its files fails in turn, or is its
# last: every alert arrives in the end, and its files are whole.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mailer.sh"
begin
mailer_world

life() {
    prepare
    export FAULTS_UNDER=$LIFE/state
    run_mailer
    case $CODE in
    0) [ "$(n_spooled)" = 0 ] || bad "all is well, it says" ;;
    75 | 78) grep -q '^skewguard-mailer: .' "$LIFE/out" || bad "says nothing" ;;
    137) [ "$ERROR" = kill ] || bad "killed" ;;
    *) bad "exit status $CODE" ;;
    esac
    finish_mails
    [ ! -e "$LIFE/state/spool/journal.bad" ] || bad "the journal was damaged"
    ! compgen -G "$LIFE/state/spool/*.bad" >/dev/null ||
        bad "an alert was found damaged"
    expect_each
}

# Not EACCES: it belongs to somebody else then, and is set aside.
for ERROR in $(errors 4 5 24 28 short kill); do
    # who dies, or cannot note what it did, may do it once more
    MOST=1
    case $ERROR in 4 | short) ;; *) MOST=2 ;; esac
    faulty skewguard-mailer FAULTS_ERROR="$ERROR"
    each_call "skewguard-mailer, $ERROR"
done

# A disk that stays full: what could not be noted may come again.
ERROR=28 MOST=2
faulty skewguard-mailer FAULTS_ERROR=28 FAULTS_ON=1
each_call 'skewguard-mailer, 28 from then on'
