#!/bin/bash
# The same with a boot in between: the battery of the hardware clock is dead, and
# nothing remembers the time.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
guest_reboot 'systemctl stop skewguard skewguard-clockd
rm -f /var/lib/skewguard-clockd/* /var/lib/systemd/timesync/clock
hwclock --utc --set --date="1970-01-01 00:00:10"'
guest_must 'dmesg | grep -q "setting system clock to 1970-01-01"'
expect_right 60
expect_accepted
expect_kernel_calm
row 'boot with a hardware clock of 1970: forward any distance' \
    "right to $(ms "$LAST_OFFSET"), sign-on accepted"
