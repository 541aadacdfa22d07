#!/bin/bash
# Which phase says what, once per login; nothing that the program does with
# the conversation changes what the stack answers.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin

ALL=(auth setcred account open close chauthtok)
ANSWERS=('auth: 0' 'setcred: 0' 'account: 0' 'open: 0' 'close: 0' 'chauthtok: 0')
LOGGED="$REFUSED [said: user \"alice\"]"

# All is well: not a word, anywhere.
login alice "${ALL[@]}"
said "${ANSWERS[@]}"
login root "${ALL[@]}"
said "${ANSWERS[@]}"

# The first phase that can says it; none of the others says it again.
publish offset=400 state=exceeded
login alice "${ALL[@]}"
said "error $REFUSED" "log err pam_skewguard(test:auth): $LOGGED" \
    "${ANSWERS[@]}"
login alice account open
said "error $REFUSED" "log err pam_skewguard(test:account): $LOGGED" \
    'account: 0' 'open: 0'
login alice open close
said "error $REFUSED" "log err pam_skewguard(test:session): $LOGGED" \
    'open: 0' 'close: 0'
login alice setcred close chauthtok
said 'setcred: 0' 'close: 0' 'chauthtok: 0'
for type in auth account session; do
    stack_of $type
    login alice "${ALL[@]}"
    matches '^error ' 1
    matches "^log err pam_skewguard\\(test:$type\\): " 1
done
stack_of password
login alice "${ALL[@]}"
said "${ANSWERS[@]}"

# A wrong password and another try, with the same handle.
stack
login alice auth auth auth account open
matches '^error ' 1
# Another login.
login alice auth again auth
matches '^error ' 2

# A warning is shown as information.
publish offset=74 state=warn
login alice "${ALL[@]}"
said "info $WARNING" \
    "log warning pam_skewguard(test:auth): $WARNING [said: user \"alice\"]" \
    "${ANSWERS[@]}"

# sshd asks for the password in a process of its own, and takes its environment
# over; the user does not see the variable.
publish offset=400 state=exceeded
login alice tty=ssh child=auth account tty=/dev/pts/0 open
said "error $REFUSED" "log err pam_skewguard(test:auth): $LOGGED" \
    'auth: 0' 'account: 0' 'open: 0'
login alice tty=ssh auth account open
matches '^error ' 1
matches '^env ' 0
# Other programs' sessions may not have the module; nothing is left there.
login alice auth account
matches '^env ' 0
# An attempt that failed in its process leaves nothing to know it by.
login alice child=auth auth
matches '^error ' 2

# PAM_SILENT: to the log alone, once, until a phase may speak.
login alice silent auth account loud open
said "log err pam_skewguard(test:auth): \
$REFUSED [not said, PAM_SILENT: user \"alice\"]" 'auth: 0' 'account: 0' \
    "error $REFUSED" "log err pam_skewguard(test:session): $LOGGED" 'open: 0'

# So with a conversation that fails or is not there.
login alice conv=fails auth account conv=good open
SAID=$(grep -v ': conversation failed$' <<<"$SAID") # libpam's own word
said "log err pam_skewguard(test:auth): \
$REFUSED [not said, the conversation failed: user \"alice\"]" \
    'auth: 0' 'account: 0' \
    "error $REFUSED" "log err pam_skewguard(test:session): $LOGGED" 'open: 0'
login alice conv=none "${ALL[@]}"
matches 'said' 1
matches 'not said, the conversation failed' 1
matches '^[a-z]*: 0$' 6
