#!/bin/bash
# What belongs to root, in files that are the test's own: other names of root
# in /etc/passwd, and what pam-auth-update(8) makes of our profile.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
if [ -z "${SG_OWN_MOUNTS:-}" ]; then
    unshare=(unshare -m)
    [ "$(id -u)" = 0 ] || unshare=(unshare -Urm)
    "${unshare[@]}" mount -t tmpfs none /mnt 2>/dev/null ||
        skip 'this system lets us have no mounts of our own (unshare -m)'
    exec env SG_OWN_MOUNTS=1 "${unshare[@]}" bash "$0"
fi
command -v pam-auth-update >/dev/null || skip 'no pam-auth-update'
begin

# mine PATH: a copy there that can be written to.
mine() {
    cp -r "$1" "$DIR/$(basename "$1").mine"
    mount --bind "$DIR/$(basename "$1").mine" "$1"
}

# ---- other names of root ----

mine /etc/passwd
publish offset=74 state=warn
{
    echo 'toor:x:0:0::/root:/bin/sh'
    echo 'zero:x:00:0::/:/bin/sh'
    echo 'almost:x:01:0::/:/bin/sh'
    printf 'long:x:0:0:%s\n' "$(printf 'x%.0s' {1..70000})"
    echo 'late:x:0:0::/root:/bin/sh'
    printf 'nobreak:x:0'
} >>/etc/passwd
login toor auth
matches "^info .*\"skewguard explain\" tells more\\.$"
login long auth
matches "^info .*\"skewguard explain\" tells more\\.$"
for name in too toor:x zero almost late nobreak daemon; do
    login "$name" auth
    matches '^info .*Nothing is refused yet\.$'
done
umount /etc/passwd

# ---- the profile ----

own=(/usr/share/pam-configs /etc/pam.d /var/lib/pam /var/cache/debconf)
for path in "${own[@]}"; do mine "$path"; done
cp "$ROOT"/pam/skewguard* /usr/share/pam-configs/
# A neighbour that cares about its place, as in Debian's package.
cat >/usr/share/pam-configs/krb5 <<'END'
Name: Kerberos authentication
Default: yes
Priority: 704
Auth-Type: Primary
Auth:
	[success=end default=ignore]	pam_krb5.so minimum_uid=1000 try_first_pass
Auth-Initial:
	[success=end default=ignore]	pam_krb5.so minimum_uid=1000
Account-Type: Additional
Account:
	required	pam_krb5.so minimum_uid=1000
END

# profiles OPTION...: what pam-auth-update(8) is told.
profiles() {
    DEBIAN_FRONTEND=noninteractive pam-auth-update --force "$@" \
        >"$DIR/log" 2>&1 || fail "pam-auth-update: $(<"$DIR/log")"
}
# modules FILE: its lines without comments and with single blanks.
modules() { sed -E '/^(#|$)/d; s/[ \t]+/ /g; s/ $//' "/etc/pam.d/$1"; }

# Auth: reached only by who is about to be denied; the others jump over it, and
# the first module is asked for its password as before.
profiles --enable skewguard skewguard-denied krb5
SAID=$(modules common-auth | head -n 5)
said 'auth [success=3 default=ignore] pam_krb5.so minimum_uid=1000' \
    'auth [success=2 default=ignore] pam_unix.so nullok try_first_pass' \
    'auth optional pam_skewguard.so warn=off' \
    'auth requisite pam_deny.so' 'auth required pam_permit.so'
SAID=$(modules common-account)
matches '^account optional pam_skewguard.so$'
SAID=$(modules common-session)
matches '^session optional pam_skewguard.so$'
SAID=$(modules common-session-noninteractive)
matches 'pam_skewguard' 0
SAID=$(modules common-password)
matches 'pam_skewguard' 0

# private PASSWORD-MODULE: that stack, without those who need more than this.
private() {
    local type
    for type in auth account session; do modules common-$type; done |
        sed "s|pam_skewguard.so|$MODULE status=$DIR/run/status|
            s/pam_unix.so.*/$1/
            /^auth/s/pam_krb5.so.*/pam_deny.so/
            s/pam_krb5.so.*/pam_permit.so/
            /pam_\(systemd\|cap\|mkhomedir\)/d"
}
private pam_permit.so >"$DIR/pam.d/test"
publish offset=400 state=exceeded
login alice auth account open
said 'auth: 0' "error $REFUSED" "log err pam_skewguard(test:account): $REFUSED \
[said: user \"alice\"]" 'account: 0' 'open: 0'
publish offset=74 state=warn
login alice auth account open
said 'auth: 0' "info $WARNING" "log warning pam_skewguard(test:account): \
$WARNING [said: user \"alice\"]" 'account: 0' 'open: 0'
private pam_deny.so >"$DIR/pam.d/test"
login alice auth
said 'auth: 7'
publish offset=400 state=exceeded
login alice auth auth
said "error $REFUSED" "log err pam_skewguard(test:auth): $REFUSED [said: user \
\"alice\"]" 'auth: 7' 'auth: 7'

profiles --enable skewguard-early
SAID=$(modules common-auth | head -n 4)
said 'auth optional pam_skewguard.so warn=off' \
    'auth [success=3 default=ignore] pam_krb5.so minimum_uid=1000 try_first_pass' \
    'auth [success=2 default=ignore] pam_unix.so nullok try_first_pass' \
    'auth optional pam_skewguard.so warn=off'
profiles --remove skewguard skewguard-denied skewguard-early
SAID=$(modules common-auth; modules common-account; modules common-session)
matches 'pam_skewguard' 0
for path in "${own[@]}"; do umount "$path"; done
