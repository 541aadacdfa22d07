# shellcheck shell=bash
# A small Debian that systemd boots in a container, and rsyslogd, for the tests.
# Source it after kinds.sh.
#
#   machine_prepare         download and unpack once, into the cache
#   machine_enter           make it in /mnt, as files; what the caller puts
#                           into /mnt/test and /mnt/etc is there when it boots
#   machine_install BUILD   install what was built into it, as on a host
#   "${INSIDE[@]}" COMMAND...       run a program of those files; see also
#   machine_boot            start it; it shares our loopback
#   machine_run COMMAND...  run a program in it, with systemctl at work
#   machine_end             to be called by whoever booted it
#
# Nothing of the host is seen in it but what the caller binds; of the kernel's
# clock it has what this process has, which is nothing.

MACHINE_PROGRAMS=(systemd systemd-container systemd-timesyncd rsyslog util-linux
    bash dash coreutils)

machine_versions() { program_versions "${MACHINE_PROGRAMS[@]}"; }
machine_packages() { program_packages "${MACHINE_PROGRAMS[@]}"; }

machine_use() {
    local program
    for program in lib/systemd/systemd bin/journalctl bin/systemd-nspawn \
        sbin/rsyslogd; do
        [ -x "$1/$program" ] || [ -x "$1/usr/$program" ] || return 1
    done
    MACHINE_ROOT=$1
}

# Sets MACHINE_ROOT, or fails.
machine_prepare() {
    servers_obtain "machine-$(dpkg --print-architecture)" machine_versions \
        machine_packages machine_use 'systemd, systemd-nspawn, rsyslogd'
}

machine_enter() {
    local folder
    root_mount "$MACHINE_ROOT"
    mkdir -p /mnt/{dev,etc/systemd/system,proc,root,run,sys,test,tmp,var/log/journal}
    chmod 1777 /mnt/tmp
    cat >/mnt/etc/passwd <<'END'
root:*:0:0::/root:/bin/sh
nobody:*:65534:65534::/:/bin/false
END
    printf '%s:x:%d:\n' root 0 adm 4 nogroup 65534 >/mnt/etc/group
    printf 'ID=debian\n' >/mnt/etc/os-release
    printf '%032x\n' 0x5ced >/mnt/etc/machine-id
    # shellcheck disable=SC2034 # for those who source this
    INSIDE=(chroot /mnt /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin
        LC_ALL=C.UTF-8)
}

# machine_bind FILE...: programs of this host in /mnt/test, and the libraries
# that they load.
machine_bind() {
    local library
    mkdir -p /mnt/test/lib
    cp -t /mnt/test "$@"
    # those of the C library belong to the system that runs them
    ldd "$@" | awk '$3 ~ /^\// { print $3 }' | sort -u |
        grep -Ev '/lib(c|m|dl|rt|pthread|resolv)\.so' | while read -r library; do
        cp -Lt /mnt/test/lib "$library"
    done
}

# machine_libraries FILE...: the libraries that these load, as far as the
# machine has none of them.
machine_libraries() {
    local to library
    to=$(echo /mnt/usr/lib/*-linux-gnu*)
    ldd "$@" | awk '$3 ~ /^\// { print $3 }' | sort -u |
        while read -r library; do
            [ -e "/mnt/lib/${to##*/}/${library##*/}" ] || cp -Lnt "$to" "$library"
        done
}

# machine_usr: programs that can be added to.
machine_usr() {
    umount /mnt/usr
    cp -a "$MACHINE_ROOT/usr/." /mnt/usr
}

machine_install() {
    machine_usr
    DESTDIR=/mnt cmake --install "$1" >"$SERVERS_DIR/install.log" ||
        die "cannot install; see $SERVERS_DIR/install.log"
    machine_libraries "$1"/bin/skewguard*
    "${INSIDE[@]}" systemd-sysusers 2>"$SERVERS_DIR/sysusers.log" ||
        die "systemd-sysusers: $(<"$SERVERS_DIR/sysusers.log")"
}

# machine_boot_command: systemd-nspawn is to see the host, so it is not run in
# /mnt, but with the libraries from there.
machine_boot_command() {
    local libs loaders
    libs=$(find "$MACHINE_ROOT"/{,usr/}lib \( -name '*.so.[0-9]*' -o \
        -name 'libsystemd-shared*.so' \) -printf '%h\n' 2>/dev/null | sort -u |
        paste -sd :)
    loaders=$(ls "$MACHINE_ROOT"/{,usr/}lib*/ld-linux*.so.* 2>/dev/null) || true
    MACHINE_COMMAND=("${loaders%%$'\n'*}" --library-path "$libs"
        "$MACHINE_ROOT/usr/bin/systemd-nspawn" -q -D /mnt --boot
        --machine="skewguard-$$" --register=no --keep-unit --console=pipe
        --kill-signal=SIGKILL systemd.unit=basic.target)
}

# machine_groups: the control groups of each hierarchy that systemd may
# use, where one machine must not meet another.
machine_groups() {
    local folder
    for folder in /sys/fs/cgroup{,/systemd,/unified}; do
        [ ! -e "$folder/cgroup.procs" ] || echo "$folder/skewguard-$$"
    done
}

machine_boot() {
    local group
    machine_boot_command
    mount -t tmpfs none /run # for what systemd-nspawn leaves there
    mkdir -p "$SERVERS_DIR/machine"
    (
        for group in $(machine_groups); do
            mkdir -p "$group" && echo "$BASHPID" >"$group/cgroup.procs"
        done
        # Its lock lies beside /mnt, which each test has for itself.
        SYSTEMD_NSPAWN_LOCK=0 exec "${MACHINE_COMMAND[@]}"
    ) </dev/null >"$SERVERS_DIR/machine/log" 2>&1 &
    # shellcheck disable=SC2154 # a word, not a variable
    SERVER_PID[machine]=$!
    server_wait machine machine_is_up
}

# machine_end: it, and what is left of it.
machine_end() {
    local group
    server_stop machine
    for group in $(machine_groups); do
        [ ! -d "$group" ] ||
            find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    done
}

machine_is_up() {
    machine_find && machine_run systemctl is-active -q basic.target
}

# Sets MACHINE_PID, the machine's first process as we see it.
machine_find() {
    local pid=${SERVER_PID[machine]} children child
    MACHINE_PID=''
    read -ra children <"/proc/$pid/task/$pid/children" || true
    for child in "${children[@]}"; do
        if [ "$(<"/proc/$child/comm")" = systemd ]; then MACHINE_PID=$child; fi
    done
    [ -n "$MACHINE_PID" ]
}

machine_run() {
    nsenter -t "$MACHINE_PID" -m -u -i -p -- "$@"
}
