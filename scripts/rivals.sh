# shellcheck shell=bash
# The machine of machine.sh with what skewguard takes the place of: chrony,
# ntpsec, ntpdate, ntpstat, rdate, the monitoring plugins and fake-hwclock, as
# Debian has them.  Source it after machine.sh.
#
#   rivals_prepare          instead of machine_prepare
#
# No Debian has all of them, since their packages exclude each other; unpacked
# they do not get into each other's way.

RIVAL_PROGRAMS=(ntpsec ntpsec-ntpdate ntpsec-ntpdig ntpstat rdate
    monitoring-plugins-basic fake-hwclock acl procps bsdutils jq)

rival_versions() {
    program_versions "${MACHINE_PROGRAMS[@]}" "${RIVAL_PROGRAMS[@]}" chrony
}
rival_packages() {
    {
        machine_packages
        program_packages "${RIVAL_PROGRAMS[@]}"
        program_packages chrony
    } | sort -u
}

rivals_use() {
    [ -x "$1/usr/bin/chronyc" ] && [ -x "$1/usr/bin/ntpq" ] && machine_use "$1"
}

# Sets MACHINE_ROOT, or fails.
rivals_prepare() {
    servers_obtain "rivals-$(dpkg --print-architecture)" rival_versions \
        rival_packages rivals_use 'systemd, chrony, ntpsec and others'
}
