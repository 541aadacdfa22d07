#!/bin/bash
# The line that the daemon keeps for pam_motd, by a symbolic link in
# /run/motd.d: shown where the page says, and nothing at all, not even an error,
# while there is nothing to be said.
. "$(dirname "$(readlink -f "$0")")/../interop/lib.sh"
TEXT='clock is'
. "$(dirname "$(readlink -f "$0")")/logins.sh"
. "$(dirname "$(readlink -f "$0")")/real.sh"

real_begin +0
tickets
stack plain
go_everywhere none

# As the package's tmpfiles make it.
ln -s /run/skewguard/motd /mnt/run/motd.d/skewguard
: >"$DIR/syslog"
go_everywhere dangling
expect_same dangling none
for way in "${WAYS[@]}"; do
    [ "$(position dangling "$way")" = - ] || fail "dangling: $way: a text"
done
! logs 'pam_motd.*skewguard' ||
    fail "pam_motd complains: $(grep pam_motd "$DIR/syslog")"

echo 'skewguard: this host'\''s clock is 400.0 s behind EXAMPLE.TEST' \
    >"$DIR/run/motd"
go_everywhere motd
expect_same motd none
expect_column motd 8

# An administrator who does not want it.
mkdir -p /mnt/etc/motd.d
ln -s /dev/null /mnt/etc/motd.d/skewguard
go silenced login
[ "$(position silenced login)" = - ] || fail "it cannot be silenced"
rm /mnt/etc/motd.d/skewguard

# What somebody who is no daemon could leave there does no harm.
rm "$DIR/run/motd"
mkdir "$DIR/run/motd"
go folder login
diff "$SEEN/none/login" "$SEEN/folder/login" || fail "a folder is shown"
