#!/bin/bash
# The programs that the module is loaded into: other languages, small stacks,
# threads; and that it leaves them as they were.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
publish offset=74.5 state=warn

# A thread with a stack that a status would not fit into ten times over; libpam
# alone needs more than half of it.
kib=32
[ "${SG_SANITIZE:-OFF}" != ON ] || kib=128
login alice thread=$kib auth account open
said "info ${WARNING/74/74.5}" "log warning pam_skewguard(test:auth): \
${WARNING/74/74.5} [said: user \"alice\"]" 'auth: 0' 'account: 0' 'open: 0'

# No leak and no byte that was never set, whatever happens.
if [ "${SG_SANITIZE:-OFF}" != ON ]; then
    command -v valgrind >/dev/null || skip 'no valgrind'
    SAID=$(valgrind -q --error-exitcode=9 --leak-check=full \
        "$BUILD/tests/pam/driver" "$DIR/pam.d" alice tty=ssh child=auth silent \
        account loud conv=fails account conv=good open again auth user=root \
        again open 2>&1) || fail "valgrind: exit code $?"
    matches '^info ' 3
fi

# Numbers have points, and messages are English, where commas and German rule.
mkdir "$DIR/locale"
localedef -i de_DE -f UTF-8 "$DIR/locale/de_DE.UTF-8" 2>/dev/null ||
    skip "no locale with a decimal comma, and none to be made"
SAID=$(LC_ALL=de_DE.UTF-8 LOCPATH=$DIR/locale \
    "$BUILD/tests/pam/driver" "$DIR/pam.d" alice locale number auth number)
said 'locale: set' 'number: 0,5' "info ${WARNING/74/74.5}" \
    "log warning pam_skewguard(test:auth): ${WARNING/74/74.5} \
[said: user \"alice\"]" 'auth: 0' 'number: 0,5'
