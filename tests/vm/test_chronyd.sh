#!/bin/bash
# Somebody starts chronyd: two must not steer one clock.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
expect_right 60
guest_must 'printf "server das-m.test iburst\nserver das-s.test iburst\n" \
    >/etc/chrony/chrony.conf && systemctl start chrony'
within 60 guest_quietly 'skewguard status | grep -q "guard mode"' ||
    vm_fail 'it does not give way'
sleep 20
guest_is_right || vm_fail "off by $LAST_OFFSET s"
guest_must 'systemctl -q is-active chrony'
guest_quietly '! systemctl -q is-active skewguard-clockd' ||
    vm_fail 'systemd has not stopped the clock service'
guest_must 'systemctl -q is-active skewguard'
guest_must 'timedatectl set-ntp false; systemctl start skewguard-clockd'
within 60 guest_quietly 'skewguard status | grep -q "discipline mode"' ||
    vm_fail 'it does not take the clock back'
expect_right 60
row 'chronyd started beside us: we give way and guard; and back again' \
    'clock service stopped by systemd, guard mode, chronyd steers; then back'
