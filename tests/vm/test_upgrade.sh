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
sleep 30 # for a frequency that is worth keeping

frequency() {
    guest 'skewguard status --json' |
        "$BUILD/tests/interop/jget" clock.frequency_ppm
}
before=$(frequency)
account='awk "/^step/ { print \$1, \$NF }" /var/lib/skewguard-clockd/account'
guest "$account" >"$DIR/account"
pid=$(guest 'systemctl show -P MainPID skewguard-clockd')
install_watched 25
expect_no_step
[ "$(guest 'systemctl show -P MainPID skewguard-clockd')" != "$pid" ] ||
    vm_fail 'the clock service is still the old one'
after=$(frequency)
expect_kernel_calm
# A guest next to busy neighbours is not sure of 15 ppm.
holds "($after - ($before)) ^ 2 < 20 ^ 2" ||
    vm_fail "frequency $before ppm before, $after ppm after"
guest "$account" | diff "$DIR/account" - || vm_fail 'a new account'
row 'upgrade and restart: no step, frequency and account kept' \
    "$before ppm before, $after ppm after, same account, no jump among \
$(wc -l <"$DIR/watched") readings"
