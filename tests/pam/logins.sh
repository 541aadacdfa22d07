# shellcheck shell=bash
# A small Debian with the programs by which people log in, of the release that
# this host's packages are from, unpacked and never installed.  Source it after
# ../interop/lib.sh.
#
#   logins_begin            own_mounts, begin, and that Debian in /mnt, with
#                           Debian's own pam.d and the users below
#   "${INSIDE[@]}" COMMAND...               run a program in it
#   pam_auth_update OPTION...               of its pam.d, by the host's program
#   forget_profiles         undo that
#   logs REGEX              whether its system log has such a line
#
# Users: root, alice, bob, and carol, whom only the realm knows, with the
# passwords rootpw, alicepw, ...

. "${BASH_SOURCE[0]%/*}/../../scripts/kinds.sh"

LOGIN_PROGRAMS=(login util-linux sudo openssh-server openssh-client libpam-modules
    libpam-krb5 pamtester dash coreutils bash libfaketime)
# Of this one only the profile is wanted.
LOGIN_PROFILES=(libpam-sss)

login_versions() {
    program_versions "${LOGIN_PROGRAMS[@]}" "${LOGIN_PROFILES[@]}"
}

login_packages() {
    program_packages "${LOGIN_PROGRAMS[@]}"
    program_versions "${LOGIN_PROFILES[@]}" | paste -d = - -
}

logins_use() {
    local program modules
    for program in bin/login bin/su usr/bin/sudo usr/sbin/sshd usr/bin/ssh \
        usr/bin/pamtester; do
        [ -x "$1/$program" ] || [ -x "$1/usr/$program" ] || return 1
    done
    modules=$(find "$1" -name pam_krb5.so)
    [ -n "$modules" ] || return 1
    LOGINS_ROOT=$1
    LOGINS_MODULES=${modules#"$1"}
    LOGINS_MODULES=${LOGINS_MODULES%/*}
}

logins_begin() {
    [ "$(id -u)" = 0 ] || skip "only root can let somebody log in"
    own_mounts
    begin
    servers_obtain "logins-$(dpkg --print-architecture)" login_versions \
        login_packages logins_use 'login, su, sshd, pam_krb5' ||
        skip "login, su and sshd cannot be had"
    root_mount "$LOGINS_ROOT"
    make_devices
    make_folders
    make_users
    make_pam
    INSIDE=(chroot /mnt /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin
        TERM=dumb LC_ALL=C.UTF-8)
}

# Devices of its own, for the sake of its own system log.
make_devices() {
    local name
    mkdir -p /mnt/dev/pts /mnt/proc
    for name in null zero random urandom tty; do
        touch "/mnt/dev/$name"
        mount --bind "/dev/$name" "/mnt/dev/$name"
    done
    mount --bind /dev/pts /mnt/dev/pts
    ln -s pts/ptmx /mnt/dev/ptmx
    ln -s /proc/self/fd /mnt/dev/fd
    mount --rbind /proc /mnt/proc
    listener syslog /mnt/dev/log
}

logs() { grep -Eq -- "$1" "$DIR/syslog"; }

make_folders() {
    mkdir -p /mnt/tmp /mnt/root /mnt/run/sshd /mnt/run/motd.d /mnt/var/lib/pam \
        /mnt/var/{tmp,log,mail} "/mnt$DIR"
    chmod 1777 /mnt/tmp /mnt/var/tmp
    # The folder of the test is where it is outside, too.
    mount --bind "$DIR" "/mnt$DIR"
    chmod 755 "$DIR"
    cp -r "$LOGINS_ROOT/etc" /mnt/etc
    # What pam_env wants; and login gives up at once.
    mkdir -p /mnt/etc/default
    touch /mnt/etc/environment /mnt/etc/default/locale
    printf '%s\n' 'Defaults lecture=never, timestamp_timeout=0' \
        'alice ALL = (ALL) ALL' >/mnt/etc/sudoers
    chmod 440 /mnt/etc/sudoers
    sed -i 's/^LOGIN_RETRIES.*/LOGIN_RETRIES 1/' /mnt/etc/login.defs
    # A folder of modules to which ours can be added.
    cp -r "$LOGINS_ROOT$LOGINS_MODULES" "$DIR/modules"
    mount --bind "$DIR/modules" "/mnt$LOGINS_MODULES"
}

# add_user NAME ID [PASSWORD]
add_user() {
    local home=/home/$1 secret='*'
    # pam-auth-update needs a Perl, too.
    # shellcheck disable=SC2016
    [ -z "${3:-}" ] || secret=$(perl -e 'print crypt($ARGV[0], q($6$salt$))' "$3")
    [ "$2" != 0 ] || home=/root
    echo "$1:x:$2:$2::$home:/bin/sh" >>/mnt/etc/passwd
    echo "$1:$secret:19000:0:99999:7:::" >>/mnt/etc/shadow
    echo "$1:x:$2:" >>/mnt/etc/group
    mkdir -p "/mnt$home"
    chown "$2:$2" "/mnt$home"
}

make_users() {
    rm -f /mnt/etc/{passwd,shadow,group}
    add_user root 0 rootpw
    add_user alice 1000 alicepw
    add_user bob 1001 bobpw
    add_user carol 1002
    add_user sshd 74
    touch /mnt/home/bob/.hushlogin
    echo 'nobody:*:65534:65534::/:/bin/false' >>/mnt/etc/passwd
    printf '%s:x:%d:\n' tty 5 utmp 43 mail 8 shadow 42 nogroup 65534 \
        >>/mnt/etc/group
    chmod 640 /mnt/etc/shadow
}

# Debian's stacks, without what has to do with the kernel's idea of a session,
# which a container may refuse.
make_pam() {
    sed -i -E '/pam_(loginuid|selinux|keyinit)/d' \
        /mnt/etc/pam.d/{login,su,su-l,sshd}
    mkdir "$DIR/pam-configs"
    cp "$LOGINS_ROOT"/usr/share/pam-configs/* "$DIR/pam-configs"
    cp -r /var/cache/debconf "$DIR/debconf"
    cp -r /var/cache/debconf "$DIR/debconf.plain"
    mount --bind "$DIR/pam-configs" /usr/share/pam-configs
    mount --bind /mnt/etc/pam.d /etc/pam.d
    mount --bind /mnt/var/lib/pam /var/lib/pam
    mount --bind "$DIR/debconf" /var/cache/debconf
    # As libpam-runtime's installation does.
    pam_auth_update --force
}

# forget_profiles: as if pam-auth-update had never run.
forget_profiles() {
    find /mnt/etc/pam.d -name 'common-*' -delete
    find /mnt/var/lib/pam "$DIR/debconf" -mindepth 1 -delete
    cp -r "$DIR/debconf.plain/." "$DIR/debconf"
}

pam_auth_update() {
    DEBIAN_FRONTEND=noninteractive pam-auth-update "$@" >"$DIR/update.log" \
        2>&1 || fail "pam-auth-update $*: $(cat "$DIR/update.log")"
}
