#!/bin/bash
# pamtester(1), which is no program of ours, through libpam_wrapper.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
command -v pamtester >/dev/null || skip 'no pamtester'
wrapper=$(/sbin/ldconfig -p |
    awk '$1 ~ /^libpam_wrapper\.so/ { print $NF; exit }')
[ -n "$wrapper" ] || skip 'no libpam_wrapper'
begin

# tester USER OPERATION...: a module with sanitizers needs their runtime first.
tester() {
    local preload=$wrapper
    [ "${SG_SANITIZE:-OFF}" != ON ] ||
        preload="$(cc -print-file-name=libasan.so):$(cc -print-file-name=libubsan.so):$wrapper"
    SAID=$(LD_PRELOAD=$preload ASAN_OPTIONS=detect_leaks=0 PAM_WRAPPER=1 \
        PAM_WRAPPER_SERVICE_DIR=$DIR/pam.d timeout 20 pamtester -I tty=:0 test \
        "$@" 2>&1) ||
        fail "pamtester $*: exit code $?"
    SAID=$(grep -v '^PWRAP_' <<<"$SAID") # the wrapper's notes
}

tester alice authenticate acct_mgmt open_session close_session
said 'pamtester: successfully authenticated' \
    'pamtester: account management done.' \
    'pamtester: successfully opened a session' \
    'pamtester: session has successfully been closed.'
publish offset=400 state=exceeded
tester alice authenticate acct_mgmt open_session
said "$REFUSED" 'pamtester: successfully authenticated' \
    'pamtester: account management done.' \
    'pamtester: successfully opened a session'
tester alice acct_mgmt 'open_session(PAM_SILENT)'
matches "^This host's clock is 400 s behind" 1
tester root 'authenticate(PAM_SILENT)' 'acct_mgmt(PAM_SILENT)'
said 'pamtester: successfully authenticated' \
    'pamtester: account management done.'
tester root 'authenticate(PAM_SILENT)' open_session
grep -qxF "$REFUSED_ROOT" <<<"$SAID" || fail "expected $REFUSED_ROOT"
publish offset=74 state=warn
tester root acct_mgmt
said "$WARNING_ROOT" 'pamtester: account management done.'
