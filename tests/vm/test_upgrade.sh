#!/bin/bash
# Installed once more over the running one, and restarted: the clock does not
# notice, and neither frequency nor the guard's account begins anew.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
clock_is -600
install_skewguard
expect_right 60
clock_is 200
expect_right 20
expect_kernel_calm
before=$BASE_PPM
account='awk "/^step/ { print \$1, \$NF }" /var/lib/skewguard-clockd/account'
guest "$account" >"$DIR/account"
install_watched 25
expect_no_step
expect_kernel_calm
holds "($BASE_PPM - ($before)) ^ 2 < 15 ^ 2" ||
    vm_fail "frequency $before ppm before, $BASE_PPM ppm after"
guest "$account" | diff "$DIR/account" - || vm_fail 'a new account'
row 'upgrade and restart: no step, frequency and account kept' \
    "$before ppm before, $BASE_PPM ppm after, same account, no jump among \
$(wc -l <"$DIR/watched") readings"
