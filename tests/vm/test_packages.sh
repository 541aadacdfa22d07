#!/bin/bash
# The Debian packages where they may move the clock: the guard beside chronyd,
# the clock service in its place and in that of systemd-timesyncd, an upgrade
# that the clock does not notice, and all of it taken away again.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$ROOT/scripts/debian.sh"
. "$ROOT/tests/debian/lib.sh"
packages_begin

# Instead of what cmake --install would put there: a source for apt.
payload_make() {
    local to=$DIR/payload
    mkdir -p "$to/source"
    cp -t "$to/source" "$BUILD/tests/debian/"{"$OLD","$NEW"}/*.deb \
        "$DEBIAN_ROOT"/srv/others/systemd-timesyncd_*.deb
    debian_source "$to/source"
    tar -C "$to" -cf "$DIR/guest/payload" .
}

wrong() {
    tail -n 40 "$DIR/apt" >&2
    vm_fail "$@"
}

APT='DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends
    -o Dpkg::Options::=--force-confold'
APT=${APT//$'\n'/}
apt() {
    guest "$APT $* 2>&1" >"$DIR/apt" || wrong "apt-get $*"
    expect_calm
}

# expect_mode WORD: within a minute.
expect_mode() {
    within 60 guest_quietly "skewguard status | grep -q '$1 mode'" ||
        vm_fail "not $1 mode"
    guest_must 'systemctl -q is-active skewguard skewguard-mailer'
}

vm_begin
guest_must 'tar -C /payload -xmf /dev/vdb && rm -f /etc/apt/sources.list.d/* &&
    echo "deb [trusted=yes] file:/payload/source ./" >/etc/apt/sources.list &&
    printf "server das-m.test iburst\nserver das-s.test iburst\n" \
        >/etc/chrony/chrony.conf && systemctl -q enable --now chrony'
apt update
begin_s=$SECONDS

# beside chronyd
apt install "skewguard=$OLD"
expect_removed
expect_mode guard
guest_must 'systemctl -q is-active chrony && echo "# mine" >>/etc/skewguard/skewguard.conf'

# in its place
apt install "skewguard-clock=$OLD"
expect_removed chrony
expect_mode discipline
clock_is 200
expect_right 20
expect_kernel_calm

account='awk "/^step/ { print \$1, \$NF }" /var/lib/skewguard-clockd/account'
guest "$account" >"$DIR/account"
pid=$(guest 'systemctl show -P MainPID skewguard-clockd')
: >"$DIR/watched"
guest_must "systemd-run -q -p RemainAfterExit=yes --unit=upgrade \
    sh -c '$APT upgrade >/root/apt 2>&1'"
watch_clock 10
end_s=$((SECONDS + 200))
while guest_quietly '[ "$(systemctl show -P SubState upgrade)" = running ]'; do
    [ $SECONDS -lt $end_s ] || vm_fail 'the upgrade does not end'
    watch_clock 5
done
guest 'cat /root/apt' >"$DIR/apt"
[ "$(guest 'systemctl show -P Result upgrade')" = success ] ||
    wrong 'the upgrade failed'
expect_calm
expect_removed
expect_no_step
[ "$(guest "dpkg-query -W -f '\${Version} ' skewguard skewguard-clock")" = \
    "$NEW $NEW " ] || wrong 'not upgraded'
[ "$(guest 'systemctl show -P MainPID skewguard-clockd')" != "$pid" ] ||
    vm_fail 'the clock service is still the old one'
expect_mode discipline
guest "$account" | diff "$DIR/account" - || vm_fail 'a new account'
guest_must 'grep -qx "# mine" /etc/skewguard/skewguard.conf'

# The clock service alone goes, and leaves the clock its frequency.
apt install systemd-timesyncd
expect_removed skewguard-clock
base_in_force || vm_fail "adjtimex in the guest: $(kernel_clock)"
expect_mode guard

clock_is -600
apt install skewguard-clock
expect_removed systemd-timesyncd
expect_right 60
took_s=$TOOK_S
expect_guest_state ok 20

apt purge skewguard skewguard-clock
base_in_force || vm_fail "adjtimex in the guest: $(kernel_clock)"
guest 'find / /run -xdev \( -path /payload -o -path /var/log -o -path /var/cache \
    -o -path /run/systemd/units \) -prune -o -name "*skewguard*" -print
    readlink /proc/[0-9]*/exe | grep skewguard' >"$DIR/left" || true
[ ! -s "$DIR/left" ] || vm_fail "purged, and left are $(cat "$DIR/left")"
echo "after booting: $((SECONDS - begin_s)) s"
row 'packages: beside chronyd, instead of it and of timesyncd; upgraded, purged' \
    "chrony and timesyncd removed by apt, right $took_s s after the latter, \
no jump in the upgrade among $(wc -l <"$DIR/watched") readings, nothing left"
