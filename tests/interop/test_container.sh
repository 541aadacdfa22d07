#!/bin/bash
# What docs/OPERATION.md says of containers: a guard inside needs no capability,
# no user of a certain name, and one or two folders to write to; and a host's
# status can be read inside where /proc names the host's boot, not elsewhere.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/../../scripts/kinds.sh"
. "$here/../../scripts/machine.sh"
[ "$(id -u)" = 0 ] || skip "only root can make a container"
own_mounts
begin
machine_prepare || skip "no system can be had"
machine_enter
machine_install "$BUILD"
start_pair +0
daemon_start -g
expect_state ok 20

for folder in run/skewguard var/lib/skewguard tmp; do
    mkdir -p "/mnt/$folder"
    mount -t tmpfs -o mode=1777 none "/mnt/$folder"
done
mkdir -p /mnt/host "$DIR/boot"
mount --rbind /dev /mnt/dev
chmod 755 "$DIR" "$DIR/run"
mount --bind "$DIR/run" /mnt/host
mount -o remount,bind,ro /mnt/host
sed "/_directory\|_file/d" "$DIR/skewguard.conf" >/mnt/etc/skewguard/skewguard.conf
cp "$DIR/krb5.conf" /mnt/etc/krb5.conf
printf '%s = "/host%s"\n' runtime_directory '' status_file /status \
    >/mnt/etc/skewguard/host.conf
cat >/mnt/test/inside <<'END_INSIDE'
mount -t proc proc /proc || exit 3
exec setpriv --reuid 1234 --regid 1234 --clear-groups --bounding-set=-all \
    --inh-caps=-all --no-new-privs /bin/sh /test/guard
END_INSIDE
cat >/mnt/test/guard <<'END_GUARD'
skewguardd -g &
skewguard wait --timeout 20 && skewguard status && touch /tmp/works
ls /run/skewguard /var/lib/skewguard
skewguard -c /etc/skewguard/host.conf wait --timeout 5 && touch /tmp/host
kill $!
wait $!
END_GUARD
unshare -p -i -u --fork chroot /mnt /bin/sh /test/inside >"$DIR/inside" 2>&1 ||
    fail "$(<"$DIR/inside")"
[ -e /mnt/tmp/works ] || fail "no guard inside: $(<"$DIR/inside")"
[ -e /mnt/tmp/host ] || fail "the host's status cannot be read: $(<"$DIR/inside")"

# As systemd-nspawn does it.
echo 01234567-89ab-cdef-0123-456789abcdef >"$DIR/boot/id"
mount --bind "$DIR/boot/id" /proc/sys/kernel/random/boot_id
expect_exit 3 skewguard status >"$DIR/said"
umount /proc/sys/kernel/random/boot_id
grep -q 'written before this boot' "$DIR/said" || fail "said: $(<"$DIR/said")"
