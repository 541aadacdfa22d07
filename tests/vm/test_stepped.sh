#!/bin/bash
# Somebody sets the clock by 400 s: taken back at once, and told.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
expect_right 60
expect_kernel_calm
for step in 400 -400; do
    clock_is $step
    expect_right 20
    expect_accepted
    took+="$TOOK_S s, "
    expect_says "step by [+-](39|40)[0-9].*somebody else moved the clock" 20
done
expect_mail 'somebody .*(stepped|set|moved)' 90
expect_kernel_calm
row 'date -s by +400 s and -400 s is taken back and mailed' \
    "within ${took}mail delivered by postfix"
