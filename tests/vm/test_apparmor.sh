#!/bin/bash
# The packages' AppArmor profiles, as they come, enforced by a kernel: what
# skewguard does all day goes on, and the kernel has denied it nothing.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$ROOT/scripts/debian.sh"
. "$ROOT/tests/debian/lib.sh"
packages_begin
PROGRAMS=(skewguardd skewguard-mailer skewguard-clockd)

payload_make() {
    local to=$DIR/payload
    mkdir -p "$to/source"
    cp -t "$to/source" "$BUILD/tests/debian/$NEW"/*.deb
    tar -C "$to" -cf "$DIR/guest/payload" .
}

# denials: what the kernel says of us.
denials() {
    guest "journalctl -k -q --no-pager -o cat | grep -E 'apparmor=.DENIED.*skewguard'"
}

vm_begin
guest_must 'aa-enabled'
guest_must 'dpkg --purge chrony 2>&1 && tar -C /payload -xmf /dev/vdb &&
    DEBIAN_FRONTEND=noninteractive dpkg -i /payload/source/*.deb'
for program in "${PROGRAMS[@]}"; do
    guest_must "test -e /etc/apparmor.d/usr.sbin.$program"
done
guest_must 'chgrp skewguard /etc/krb5.keytab && chmod 640 /etc/krb5.keytab &&
    systemctl restart skewguard-clockd skewguard skewguard-mailer'
for program in "${PROGRAMS[@]}"; do
    # shellcheck disable=SC2016 # for the guest
    guest_must 'grep -qx "'"$program"' (enforce)" \
        /proc/$(pidof '"$program"' | cut -d" " -f1)/attr/current'
done
expect_right 60
expect_says 'KDC time is authenticated' 30
clock_is 400
expect_right 20
expect_accepted
expect_mail 'somebody .*(stepped|set|moved)' 120
guest_must 'systemctl reload skewguard skewguard-mailer; skewguard test-alert'
guest_must 'systemctl restart skewguard-clockd skewguard skewguard-mailer'
expect_right 60
expect_kernel_calm
denied=$(denials) || true
[ -z "$denied" ] || vm_fail "the kernel denies: $denied"
row 'AppArmor enforces our profiles: nothing is missing in them' \
    'clock taken back, KDC proven, mail sent, nothing denied'
