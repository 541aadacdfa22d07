#!/bin/bash
# pam-auth-update with our profile, alone and beside those of libpam-krb5 and
# libpam-sss: the lines come, where they have to stand, nobody gets in or is
# kept out by them, what an administrator wrote is kept, and they go again.
. "$(dirname "$(readlink -f "$0")")/../interop/lib.sh"
. "$(dirname "$(readlink -f "$0")")/logins.sh"

# lines PHASE: our module's.
lines() {
    grep -c 'pam_skewguard\.so' "/mnt/etc/pam.d/common-$1" || true
}

# line_of TYPE REGEX: the number of the first such line.
line_of() {
    grep -nE "^$1.*$2" "/mnt/etc/pam.d/common-$1" | head -n 1 | cut -d : -f 1
}

# profiles NAME...: as if these packages had just been installed.
profiles() {
    local name
    rm -f "$DIR"/pam-configs/*
    forget_profiles
    for name; do
        cp "$LOGINS_ROOT/usr/share/pam-configs/$name" "$DIR/pam-configs"
    done
    pam_auth_update --force
    rm -rf "$DIR/before"
    cp -r /mnt/etc/pam.d "$DIR/before"
}

# tries USER PASSWORD PHRASE: what pamtester says of it.
tries() {
    "${INSIDE[@]}" pamtester common "$1" authenticate acct_mgmt <<<"$2" \
        >"$DIR/pamtester" 2>&1 || true
    grep -q "$3" "$DIR/pamtester" ||
        fail "$1 with $2: not '$3': $(cat "$DIR/pamtester")"
}

only_the_right_password() {
    printf '@include common-%s\n' auth account session \
        >/mnt/etc/pam.d/common
    tries alice alicepw 'account management done'
    tries alice wrong 'Authentication failure'
    rm /mnt/etc/pam.d/common
}

lines_are_there() {
    local phase
    for phase in auth account session; do
        [ "$(lines $phase)" = 1 ] || fail "$1: no line in common-$phase"
    done
    for phase in password session-noninteractive; do
        [ "$(lines $phase)" = 0 ] || fail "$1: a line in common-$phase"
    done
    # The next thing that happens is pam_deny.
    [ $(($(line_of auth pam_skewguard) + 2)) = "$(line_of auth pam_deny)" ] ||
        fail "$1: not before pam_deny: $(cat /mnt/etc/pam.d/common-auth)"
    # "sufficient pam_localuser.so", of pam_sss, ends the phase.
    awk '/^account.*(sufficient|pam_(krb5|sss))/ { late = 1 }
        /pam_skewguard/ { exit late }' /mnt/etc/pam.d/common-account ||
        fail "$1: not the first: $(cat /mnt/etc/pam.d/common-account)"
}

# comes_and_goes PROFILE...
comes_and_goes() {
    profiles "$@"
    only_the_right_password
    cp "$ROOT"/pam/skewguard{,-denied,-early} "$DIR/pam-configs"
    pam_auth_update --package
    lines_are_there "$*"
    only_the_right_password

    # The administrator's option survives the next package's installation.
    sed -i 's/pam_skewguard\.so/& debug/' /mnt/etc/pam.d/common-auth
    cp "$LOGINS_ROOT/usr/share/pam-configs/mkhomedir" "$DIR/pam-configs"
    pam_auth_update --package --enable mkhomedir
    grep -q 'pam_skewguard\.so .*debug' /mnt/etc/pam.d/common-auth ||
        fail "$*: an option is lost: $(cat /mnt/etc/pam.d/common-auth)"
    lines_are_there "$*"
    pam_auth_update --package --remove mkhomedir
    rm "$DIR/pam-configs/mkhomedir"

    # The first that asks for a password asks as before.
    pam_auth_update --enable skewguard-early
    [ "$(line_of auth pam_skewguard)" -lt \
        "$(line_of auth 'pam_(krb5|unix|sss)')" ] ||
        fail "$*: not early: $(cat /mnt/etc/pam.d/common-auth)"
    only_the_right_password

    pam_auth_update --package --remove skewguard skewguard-denied \
        skewguard-early
    rm "$DIR"/pam-configs/skewguard*
    diff -r "$DIR/before" /mnt/etc/pam.d || fail "$*: something is left"
    only_the_right_password
}

logins_begin
cp "$BUILD/lib/pam_skewguard.so" "$DIR/modules"
comes_and_goes unix
comes_and_goes unix krb5
comes_and_goes unix krb5 sss

# Who has removed it by hand is not given it again.
profiles unix krb5
cp "$ROOT"/pam/skewguard{,-denied,-early} "$DIR/pam-configs"
pam_auth_update --package
pam_auth_update --disable skewguard skewguard-denied
pam_auth_update --package
[ "$(lines auth) $(lines account)" = '0 0' ] || fail "what was disabled has come back"
pam_auth_update --enable skewguard skewguard-denied
lines_are_there "enabled again"
