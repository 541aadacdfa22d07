#!/bin/bash
# The PAM module while each of its allocations fails in turn: it never denies,
# and says what it always says, or nothing.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/../pam/lib.sh"
here=$(dirname "$(readlink -f "$0")")
finish() { daemon_dies; rm -rf "$DIR"; }
begin
publish offset=400 state=exceeded

life() {
    run_faulty 20 "$BUILD/tests/pam/driver" "$DIR/pam.d" "$PERSON" auth account \
        open setcred close >"$LIFE/said"
    came_to "exit status $CODE"
    if cmp -s "$LIFE/said" "$DIR/said.$PERSON"; then
        came_to 'as ever'
        return
    fi
    came_to 'said less'
    if grep -E '^(auth|account|open|close|setcred): [1-9]' "$LIFE/said"; then
        came_to 'libpam denied by itself'
        ! grep -q pam_skewguard "$LIFE/faults" || bad "a call was denied"
    fi
    ! grep -E '^(info|error) ' "$LIFE/said" |
        grep -vxFf "$DIR/said.$PERSON" || bad "said something else"
}

for PERSON in root alice; do
    "$BUILD/tests/pam/driver" "$DIR/pam.d" $PERSON auth account open setcred close \
        >"$DIR/said.$PERSON"
    faulty driver FAULTS_OURS=pam_skewguard.so
    each_call "pam_skewguard.so for $PERSON, its own allocations"
    faulty driver
    each_call "pam_skewguard.so for $PERSON, all allocations"
done
