#!/bin/bash
# Ten minutes ahead; and what is said to people while skewguard only guards.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
clock_is 600
expect_refused
install_skewguard
expect_right 60
expect_accepted
row 'a sign-on by ticket works, without another command' \
    "refused before, accepted after; right to $(ms "$LAST_OFFSET")"

guest_must 'systemctl stop skewguard-clockd'
within 30 guest_quietly 'skewguard status | grep -q "guard mode"' ||
    vm_fail 'no guard mode without the clock service'
clock_is 600
expect_guest_state exceeded 60
expect_refused
for login in password_login console_login; do
    expect_word $login 'clock is [0-9.]+ s ahead of EXAMPLE.TEST .*Refused now'
done
expect_mail 'EXAMPLE.TEST: exceeded' 60
! guest_is_right || vm_fail 'the clock was moved by a guard'
guest_must 'systemctl start skewguard-clockd'
expect_right 60
expect_accepted
row 'without the clock service it is a guard: word at login, mail, hands off' \
    'sshd and login said it before the shell, postfix delivered it, clock left alone'
