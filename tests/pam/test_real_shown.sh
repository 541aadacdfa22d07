#!/bin/bash
# Which program shows the text of which phase of PAM, and where: the table of
# pam_skewguard(8), each row by logging in.  Whatever is shown, nobody is asked
# more or in another order, nor told anything else, than without the module.
. "$(dirname "$(readlink -f "$0")")/../interop/lib.sh"
. "$(dirname "$(readlink -f "$0")")/logins.sh"
. "$(dirname "$(readlink -f "$0")")/real.sh"

real_begin +200
daemon_start -g
expect_state critical 20
tickets
stack plain
go_everywhere plain
number=2
for stack in auth account session profile; do
    stack $stack
    go_everywhere $stack
    expect_same $stack plain
    expect_column $stack $number
    number=$((number + 1))
done

stack plain
set_kdc +400 exceeded
go_everywhere plain
stack profile
go_everywhere refused
expect_same refused plain
expect_column refused 6
stack early
go_everywhere early
expect_same early plain
expect_column early 7
echo "$((7 * ${#WAYS[@]})) logins: the table of pam_skewguard(8) is true"
