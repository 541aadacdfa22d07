#!/bin/bash
# skewguard-mailer while each of its allocations fails in turn: what is in the
# spool stays there or arrives, by mail and by hook, in the end all of it, once.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mailer.sh"
begin
mailer_world

life() {
    prepare
    run_mailer
    case $CODE in
    0) [ "$(n_spooled)" = 0 ] || bad "all is well, it says" ;;
    75 | 78) grep -q '^skewguard-mailer: .' "$LIFE/out" || bad "says nothing" ;;
    *) bad "exit status $CODE" ;;
    esac
    finish_mails
    expect_each
}

faulty skewguard-mailer FAULTS_OURS=skewguard-mailer
each_call 'skewguard-mailer, its own allocations'
# libcurl and OpenSSL as well, in the processes that deliver
faulty skewguard-mailer "$SPARED"
each_call 'skewguard-mailer, all allocations'
# and if there is none any more: what it could not note may come again
MOST=2
faulty skewguard-mailer FAULTS_OURS=skewguard-mailer FAULTS_ON=1
each_call 'skewguard-mailer, its own allocations from then on'
