#!/bin/bash
# The packages under a real apt and a real systemd: installed on a host with
# systemd-timesyncd and on one with chrony, upgraded, reinstalled, removed,
# installed again and purged.  What an administrator wrote stays until then,
# and after it the host is as it was.
. "$(dirname "$(readlink -f "$0")")/../interop/lib.sh"
. "$ROOT/scripts/kinds.sh"
. "$ROOT/scripts/machine.sh"
. "$ROOT/scripts/debian.sh"
. "$ROOT/tests/debian/lib.sh"
[ "$(id -u)" = 0 ] || skip "only root can boot a container"
packages_begin
own_mounts -n
ip link set lo up
begin
trap 'machine_end; finish' EXIT
machine_prepare || skip "systemd cannot be had"
CONFIG=/mnt/etc/skewguard/skewguard.conf

wrong() {
    {
        tail -n 40 "$DIR/apt"
        machine_run journalctl --no-pager -n 40
    } >&2
    fail "$@"
}

# apt WORD...: as an administrator does, and nothing goes wrong on the side.
apt() {
    machine_run env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" \
        >"$DIR/apt" 2>&1 </dev/null || wrong "apt-get $*"
    expect_calm
}

# offer VERSION: that is what there is.
offer() {
    rm -f /mnt/srv/skewguard/*
    cp -t /mnt/srv/skewguard "$BUILD/tests/debian/$1"/*.deb
    debian_source /mnt/srv/skewguard
    apt update
}

version() { machine_run dpkg-query -W -f '${Version}' "$1"; }
show() { machine_run systemctl show --value -p "$2" "$1"; }
is_enabled() { machine_run systemctl -q is-enabled "$1" 2>/dev/null; }
is_active() { machine_run systemctl -q is-active "$1"; }

# expect_guard VERSION: it runs, that version, and sees a good clock.
expect_guard() {
    local unit
    [ "$(version skewguard)" = "$1" ] || fail "not $1: $(version skewguard)"
    for unit in skewguard skewguard-mailer; do
        is_active $unit || wrong "$unit does not run"
        is_enabled $unit || wrong "$unit is not enabled"
        ! machine_run readlink "/proc/$(show $unit MainPID)/exe" |
            grep -q deleted || wrong "$unit was not restarted"
    done
    ! is_enabled skewguard-wait || fail "skewguard-wait is enabled"
    machine_run skewguard wait --timeout 20 >"$DIR/waited" 2>&1 ||
        wrong "the clock is not good: $(cat "$DIR/waited")"
}

# expect_clock_service: as far as it goes where no clock may be set.
expect_clock_service() {
    is_enabled skewguard-clockd || wrong "skewguard-clockd is not enabled"
    # as at the first boot of an image
    machine_run systemctl -q preset skewguard-clockd
    is_enabled skewguard-clockd || wrong "a preset disables skewguard-clockd"
    [ "$(show skewguard-clockd ConditionResult)" = no ] ||
        wrong "skewguard-clockd has no condition"
    machine_run cat /usr/lib/systemd/ntp-units.d/50-skewguard.list |
        grep -qx skewguard-clockd.service || fail "no ntp-units.d"
}

expect_words_at_login() {
    [ "$(grep -l pam_skewguard /mnt/etc/pam.d/common-* | sed 's/.*-//' |
        xargs)" = "$1" ] || wrong "not in '$1': $(grep pam_skew /mnt/etc/pam.d/*)"
}

# things FILE: all that is there, and what stands in /etc; but for what any
# package leaves and users, who stay.
things() {
    machine_run find / /run -xdev \( -path /var/cache -o -path /var/lib/apt \
        -o -path /var/lib/dpkg -o -path /var/log -o -path /run/log \
        -o -path /run/systemd -o -path /srv -o -path /proc -o -path /sys \
        -o -path /dev \) -prune -o ! -name .pwd.lock \
        ! -regex '/etc/\(passwd\|group\|g?shadow\)-?' \
        -printf '%p %y %m %u %g %l\n' | sort >"$1"
    machine_run find /etc -type f ! -name .pwd.lock \
        ! -regex '/etc/\(passwd\|group\|g?shadow\)-?' -exec sha256sum '{}' + |
        sort >>"$1"
    machine_run find /run/systemd /var/lib/dpkg/info -name '*skewguard*' \
        ! -name 'invocation:*' >>"$1"
}

# expect_nothing_left FILE: all is as it was.
expect_nothing_left() {
    things "$DIR/now"
    diff "$1" "$DIR/now" || wrong "there is something left (>) or lost (<)"
    ! machine_run dpkg-query -W "${OURS[@]}" >"$DIR/left" 2>/dev/null ||
        fail "dpkg knows $(cat "$DIR/left")"
    [ -z "$(machine_run systemctl list-units --all --plain --no-legend \
        'skewguard*')" ] || wrong "systemd knows units of it"
    machine_run sh -c 'find / /run -xdev -user skewguard -o -xdev -user \
        skewguard-clock -o -nouser' >"$DIR/left"
    [ ! -s "$DIR/left" ] || fail "its users own $(cat "$DIR/left")"
}

host_with_timesyncd() {
    apt install systemd-timesyncd
    things "$DIR/with-timesyncd"
    offer $OLD
    apt install skewguard
    expect_removed
    [ "$(version libpam-skewguard)" = $OLD ] || fail "no word at login"
    expect_words_at_login 'account auth session'
    # what an administrator writes
    printf '%s\n' "kdc \"kdc\" { address = \"127.0.0.40\" port = $port }" \
        'kdc_poll = 4s' >$CONFIG
    cp $CONFIG "$DIR/mine"
    machine_run systemctl reload skewguard
    expect_guard $OLD
    apt install skewguard-clock
    expect_removed systemd-timesyncd
    expect_clock_service
    expect_guard $OLD
}

upgrade() {
    local pid
    pid=$(show skewguard MainPID)
    offer "$NEW"
    apt upgrade -o Dpkg::Options::=--force-confold
    expect_removed
    cmp "$DIR/mine" $CONFIG || fail "the configuration is another"
    [ "$(show skewguard MainPID)" != "$pid" ] || wrong "not restarted"
    expect_guard "$NEW"
    expect_clock_service
    expect_words_at_login 'account auth session'
}

reinstall() {
    apt install --reinstall "${OURS[@]}"
    cmp "$DIR/mine" $CONFIG || fail "the configuration is another"
    expect_guard "$NEW"
    expect_clock_service
}

# The clock service alone goes, and the guard does not.
back_to_timesyncd() {
    apt install systemd-timesyncd
    expect_removed skewguard-clock
    expect_guard "$NEW"
    ! is_enabled skewguard-clockd || fail "skewguard-clockd is enabled"
}

remove() {
    machine_run systemctl start skewguard-wait
    apt remove skewguard
    expect_removed libpam-skewguard skewguard
    cmp "$DIR/mine" $CONFIG || fail "the configuration is another"
    expect_words_at_login ''
    ! machine_run sh -c 'readlink /proc/[0-9]*/exe' | grep skewguard ||
        wrong "it still runs"
    [ -z "$(machine_run systemctl list-units --plain --no-legend \
        'skewguard*')" ] || wrong "there are units of it"
    apt install skewguard
    cmp "$DIR/mine" $CONFIG || fail "the configuration is another"
    expect_words_at_login 'account auth session'
    expect_guard "$NEW"
}

purge() {
    # what people are told to do
    machine_run systemctl -q enable skewguard-wait
    machine_run sh -c 'mkdir -p /run/motd.d \
        /etc/systemd/system/skewguard-mailer.service.d &&
        ln -s /run/skewguard/motd /run/motd.d/skewguard &&
        ln -s /dev/null \
        /etc/systemd/system/skewguard-mailer.service.d/sendmail.conf &&
        echo "# mine" >/etc/skewguard/more.conf'
    machine_run test -d /var/lib/skewguard/spool || fail "it had nothing"
    apt purge "${OURS[@]}"
    machine_run rmdir /run/motd.d
    expect_nothing_left "$DIR/with-timesyncd"
    expect_words_at_login ''
}

# Nobody has touched the configuration, so nobody is asked.
host_with_chrony() {
    apt install chrony
    things "$DIR/with-chrony"
    offer $OLD
    apt install skewguard
    expect_removed
    grep -q "of $OLD" $CONFIG || fail "not that of $OLD"
    offer "$NEW"
    apt upgrade
    cmp $CONFIG "$ROOT/etc/skewguard.conf" || fail "the configuration is old"
    cp "$DIR/mine" $CONFIG
    machine_run systemctl reload skewguard
    expect_guard "$NEW"
    apt install skewguard-clock
    expect_removed chrony
    expect_guard "$NEW"
    expect_clock_service
    apt install chrony
    expect_removed skewguard-clock
    expect_guard "$NEW"
    apt purge "${OURS[@]}"
    expect_nothing_left "$DIR/with-chrony"
}

# As README.md has it, without a source for apt, in the place of chrony.
from_files() {
    local line
    machine_run sh -c "mkdir /srv/skewguard/tree &&
        echo 'APT::Get::Assume-Yes true;' >/etc/apt/apt.conf.d/yes"
    while read -r line; do
        machine_run sh -c "cd /srv/skewguard/tree && $line" >"$DIR/apt" 2>&1 \
            </dev/null || wrong "$line"
    done <<'END'
apt install ../skewguard_*.deb ../libpam-skewguard_*.deb
apt install ../skewguard-clock_*.deb
END
    expect_removed chrony
    cp "$DIR/mine" $CONFIG
    machine_run systemctl reload skewguard
    expect_guard "$NEW"
    expect_clock_service
    expect_words_at_login 'account auth session'
}

port=$(free_port)
kdc_start kdc 127.0.0.40 "$port" +0
debian_enter
cp "$DIR/krb5.conf" /mnt/etc/krb5.conf
machine_boot
apt update
for part in host_with_timesyncd upgrade reinstall back_to_timesyncd remove \
    purge host_with_chrony from_files; do
    begin_s=$SECONDS
    "$part"
    echo "$part: $((SECONDS - begin_s)) s"
done
