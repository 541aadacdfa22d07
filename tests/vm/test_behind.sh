#!/bin/bash
# A fresh host, ten minutes behind, with nothing but krb5.conf: installing
# skewguard brings it to a sign-on by ticket.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
clock_is -600
expect_refused
install_skewguard
expect_right 60
expect_accepted
expect_kernel_calm
row 'a sign-on by ticket works, without another command' \
    "refused before, accepted after; right to $(ms "$LAST_OFFSET")"
