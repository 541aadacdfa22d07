# shellcheck shell=bash
# What people see of the guest: sshd, mail, the journal.  lib.sh sources it.

# desk_ssh ARG...: alice's ssh, from 10.77.0.1, with the right time.
desk_ssh() {
    "${INSIDE[@]}" KRB5_CONFIG="$SERVERS_DIR/desk/krb5.conf" \
        KRB5CCNAME="FILE:$SERVERS_DIR/desk/tickets" ssh -F none -l alice \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o ConnectTimeout=20 -o LogLevel="${SSH_LOG:-ERROR}" "$@"
}

# desk_begin: alice has tickets.
desk_begin() {
    mkdir -p "$SERVERS_DIR/desk"
    vm_krb5_conf >"$SERVERS_DIR/desk/krb5.conf"
    # shellcheck disable=SC2154 # of lib.sh
    cp "$here/../vm/guest/hosts" /mnt/etc/hosts
    LD_LIBRARY_PATH=$SERVERS_PATH KRB5_CONFIG=$SERVERS_DIR/desk/krb5.conf \
        "$SERVERS_ROOT/usr/bin/kinit" -c "$SERVERS_DIR/desk/tickets" alice \
        <<<alicepw >/dev/null || fail 'no tickets for alice'
}

# sign_on: true if a ticket of alice's opens the guest's sshd.
sign_on() {
    [ "$(desk_ssh -o PreferredAuthentications=gssapi-with-mic \
        -o GSSAPIAuthentication=yes client.test 'echo in as $(id -un)' \
        2>"$DIR/ssh.err" </dev/null)" = 'in as alice' ]
}
expect_refused() {
    ! sign_on || fail 'a ticket is accepted although the clock is wrong'
    grep -q 'Permission denied' "$DIR/ssh.err" ||
        fail "ssh did not come so far: $(cat "$DIR/ssh.err")"
}
expect_accepted() {
    # A neighbour may hold up one of them.
    sign_on || sign_on || fail "no sign-on by ticket: $(cat "$DIR/ssh.err")"
}

# password_login: what alice reads who types her password at sshd's prompt.
password_login() {
    printf '#!/bin/sh\necho alicepw\n' >"$SERVERS_DIR/desk/askpass"
    chmod 755 "$SERVERS_DIR/desk/askpass"
    SSH_LOG=INFO SSH_ASKPASS=$SERVERS_DIR/desk/askpass \
        SSH_ASKPASS_REQUIRE=force desk_ssh -tt -o GSSAPIAuthentication=no \
        -o PreferredAuthentications=keyboard-interactive client.test 'echo in as $(id -un)' \
        </dev/null 2>&1
}

# console_login: the same at the guest's own "login:".
console_login() {
    # shellcheck disable=SC2016 # for the guest
    guest 'coproc LOGIN { script -qfc "login alice" /dev/null; }
        while [[ $said != *assword:* ]] && read -r -t 60 -N 1 -u "${LOGIN[0]}"; do
            said+=$REPLY
        done
        printf "alicepw\n" >&"${LOGIN[1]}"
        sleep 1
        printf "echo in as \$(id -un); exit\n" >&"${LOGIN[1]}"
        timeout 60 cat <&"${LOGIN[0]}"'
}

# expect_word LOGIN REGEX: the PAM module's at such a login.
expect_word() {
    "$1" >"$DIR/login" || true
    shift
    grep -q 'in as alice' "$DIR/login" || vm_fail "no login: $(cat "$DIR/login")"
    tr -s '\r\n ' ' ' <"$DIR/login" | grep -Eq -- "$1" ||
        vm_fail "the login does not say '$1': $(cat "$DIR/login")"
}
