#!/bin/bash
# The installed units under a real systemd, their sandboxes in force: the guard
# gets ready, measures, finds another time daemon, reloads and restarts; the
# mailer delivers by SMTP, through Postfix's and Exim's sendmail, and by a hook.
# And scripts/install finds out who is to steer the clock.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
. "$here/../../scripts/kinds.sh"
. "$here/../../scripts/machine.sh"
. "$here/../../scripts/mtas.sh"
[ "$(id -u)" = 0 ] || skip "only root can boot a container"
own_mounts -n
ip link set lo up
begin
trap 'machine_end; finish' EXIT
machine_prepare || skip "systemd cannot be had"
mtas_prepare || skip "Postfix and Exim cannot be had"
machine_enter
machine_install "$BUILD"
mta_add postfix /mnt
mta_add exim /mnt

show() { machine_run systemctl show --value -p "$2" "$1"; }
journal() { machine_run journalctl -o cat --no-pager -u "$@"; }
unit_fail() {
    machine_run journalctl --no-pager -n 60 >&2
    fail "$@"
}
says() { journal "$1" | grep -Eq -- "$2"; }
expect_says() {
    within "${3:-10}" says "$1" "$2" || unit_fail "$1 does not say: $2"
}
start() {
    machine_run systemctl start "$@" || unit_fail "$* not started"
}
restart() {
    machine_run systemctl restart "$@" || unit_fail "$* not restarted"
}
# configure LINE...: skewguard.conf, with a KDC for whom needs it.
configure() {
    printf '%s\n' "kdc \"kdc\" { address = \"127.0.0.40\" port = $port }" \
        'kdc_poll = 4s' "$@" >/mnt/etc/skewguard/skewguard.conf
}
# process UNIT FIELD: of /proc/PID/status.
process() {
    machine_run cat "/proc/$(show "$1" MainPID)/status" |
        awk -v field="$2:" '$1 == field { print $2 }'
}
# expect_sandbox UNIT NNP BOUNDING
expect_sandbox() {
    local got
    got="$(process "$1" NoNewPrivs) $(process "$1" CapBnd)"
    [ "$got" = "$2 $3" ] ||
        unit_fail "$1: no new privileges, bounding set: $got, not $2 $3"
    got="$(process "$1" Uid) $(process "$1" CapEff) $(process "$1" Seccomp)"
    [ "$got" = "$uid 0000000000000000 2" ] ||
        unit_fail "$1: user, capabilities, seccomp: $got"
}

port=$(free_port)
kdc_start kdc 127.0.0.40 "$port" +0
cp "$DIR/krb5.conf" /mnt/etc/krb5.conf
cp "$SERVERS_DIR/kdc/host.keytab" /mnt/etc/krb5.keytab
chmod 600 /mnt/etc/krb5.keytab
uid=$(awk -F: '$1 == "skewguard" { print $3 }' /mnt/etc/passwd)
[ -n "$uid" ] || fail "no user skewguard"
# Whom the kernel knows as a time daemon by its name alone.
cp /mnt/bin/sleep /mnt/test/chronyd
cat >/mnt/etc/systemd/system/chrony.service <<'END_UNIT'
[Service]
ExecStart=/test/chronyd 600
END_UNIT
cat >/mnt/etc/systemd/system/postfix.service <<'END_UNIT'
[Service]
ExecStart=/usr/lib/postfix/sbin/master -d -c /etc/postfix
END_UNIT
postfix_services "127.0.0.1:$(free_port)" >/mnt/etc/postfix/master.cf
configure
machine_boot

guard_works() {
    start skewguard
    expect_says skewguard "guard mode: kernel clock: may not be set, this process lacks CAP_SYS_TIME"
    expect_says skewguard "$REALM: ok \\(was unknown\\)"
    expect_says skewguard "$REALM: .*keytab.*Permission denied"
    expect_sandbox skewguard 1 0000000000000000
    [ "$(stat -c '%a %u' /mnt/var/lib/skewguard{,/spool})" = "755 $uid"$'\n'"700 $uid" ] ||
        fail "$(stat /mnt/var/lib/skewguard{,/spool})"
    start skewguard-wait
    machine_run skewguard status >"$DIR/status" || unit_fail "$(<"$DIR/status")"
}

guard_restarts() {
    machine_run sh -c 'echo stays >/run/skewguard/there'
    machine_run systemctl reload skewguard || unit_fail "no reload"
    expect_says skewguard '^configuration reloaded$'
    # by the name of the program
    restart skewguardd
    [ "$(machine_run cat /run/skewguard/there)" = stays ] ||
        fail "the runtime directory is gone"
    local pid
    pid=$(show skewguard MainPID)
    machine_run sh -c "kill -s ABRT $pid"
    is_new() { [[ $(show skewguard MainPID) != @(0|"$pid") ]]; }
    within 20 is_new || unit_fail "not restarted"
}

guard_sees() {
    start chrony
    chgrp "$uid" /mnt/etc/krb5.keytab
    chmod 640 /mnt/etc/krb5.keytab
    restart skewguard
    expect_says skewguard 'guard mode: chronyd \(pid [0-9]+, chrony\.service\) steers'
    expect_says skewguard "$REALM: KDC time is authenticated with the host's key"
}

# test_alert: once the mailer runs.
test_alert() {
    machine_run skewguard test-alert >"$DIR/told" 2>&1 ||
        ! grep -q 'does not run' "$DIR/told"
}
# delivers WORDS: a test alert does, as WORDS say.
delivers() {
    within 10 test_alert || unit_fail "the mailer does not run"
    grep -q "$1" "$DIR/told" || unit_fail "not \"$1\": $(<"$DIR/told")"
}

mails_by_smtp() {
    local relay
    relay=$(free_port)
    smtpd relay "$relay"
    mkdir -p /mnt/etc/systemd/system/skewguard-mailer.service.d
    ln -s /dev/null /mnt/etc/systemd/system/skewguard-mailer.service.d/sendmail.conf
    machine_run systemctl daemon-reload
    configure "smtp { host = \"127.0.0.1\" port = $relay }"
    start skewguard-mailer
    delivers '^root: accepted by 127.0.0.1: '
    got relay 'root' || fail "the relay got: $(mails relay)"
    expect_sandbox skewguard-mailer 1 0000000000000000
}

has_arrived() { grep -q '^Subject: ' "$(mta_mails /mnt)" 2>/dev/null; }

mails_by_sendmail() {
    rm /mnt/etc/systemd/system/skewguard-mailer.service.d/sendmail.conf
    machine_run systemctl daemon-reload
    start postfix
    configure
    restart skewguard-mailer
    delivers '^root: accepted by /usr/sbin/sendmail'
    within 10 has_arrived || unit_fail "Postfix: $(</mnt/var/log/mail.log)"
    # what the mailer starts gets no more than this
    expect_sandbox skewguard-mailer 0 00000000000000cb
    rm "$(mta_mails /mnt)" # another user's
    configure 'alert { sendmail = "/usr/sbin/exim4" }'
    machine_run systemctl reload skewguard-mailer
    delivers '^root: accepted by /usr/sbin/exim4'
    within 10 has_arrived || unit_fail "Exim: $(cat /mnt/var/log/exim4/*)"
}

runs_a_hook() {
    cat >/mnt/test/hook <<'END_HOOK'
#!/bin/sh
echo "$SKEWGUARD_TOPIC" >/var/lib/skewguard/hooked
END_HOOK
    chmod 755 /mnt/test/hook
    configure 'alert { mailto = { }  hook = { "/test/hook" } }'
    machine_run systemctl reload skewguard-mailer
    delivers '/test/hook'
    [ "$(</mnt/var/lib/skewguard/hooked)" = test ] || fail "not hooked"
}

# installs TEXT ARG...: scripts/install says so, and all is well.
installs() {
    local text=$1
    shift
    machine_run env PATH=/test/fake:/usr/sbin:/usr/bin:/sbin:/bin \
        bash /test/project/scripts/install "$@" >"$DIR/said" 2>&1 ||
        unit_fail "scripts/install $*: $(<"$DIR/said")"
    grep -q "$text" "$DIR/said" ||
        fail "scripts/install $*: no \"$text\": $(<"$DIR/said")"
}
is_enabled() { machine_run systemctl -q is-enabled "$1"; }

# A machine without compilers: what they make is there already.
chooses_who_steers() {
    local name
    mkdir -p /mnt/test/fake /mnt/test/project/build
    cp -r "$ROOT/scripts" /mnt/test/project
    for name in cmake ninja; do
        ln -s /bin/true "/mnt/test/fake/$name"
    done
    printf '#!/bin/sh\necho " installed "\n' >/mnt/test/fake/dpkg-query
    printf '#!/bin/sh\necho "$*" >>/test/pam\n' >/mnt/test/fake/pam-auth-update
    chmod 755 /mnt/test/fake/*
    printf '%s\n' /usr/bin/skewguard /etc/skewguard/skewguard.conf \
        >/mnt/test/project/build/install_manifest.txt

    installs 'chrony steers this host.s clock; skewguard guards it\.'
    ! is_enabled skewguard-clockd || fail "two of them steer"
    is_enabled skewguard || fail "skewguard is not enabled"
    is_enabled skewguard-mailer || fail "skewguard-mailer is not enabled"
    rm /mnt/etc/systemd/system/chrony.service
    machine_run systemctl stop chrony
    machine_run systemctl -q enable systemd-timesyncd
    # it would, had it the capability
    installs 'systemd-timesyncd is disabled'
    grep -q 'may not set its clock, so skewguard guards' "$DIR/said" ||
        fail "said: $(<"$DIR/said")"
    ! is_enabled systemd-timesyncd || fail "systemd-timesyncd stays"
    is_enabled skewguard-clockd || fail "skewguard-clockd is not enabled"
    installs 'does not move it' --guard
    ! is_enabled skewguard-clockd || fail "it still steers"

    installs '^scripts/install: removed' --remove
    ! is_enabled skewguard || fail "still enabled"
    [ ! -e /mnt/usr/bin/skewguard ] || fail "not removed"
    [ -s /mnt/etc/skewguard/skewguard.conf ] || fail "configuration removed"
    [ "$(tail -n 1 /mnt/test/pam)" = \
        '--package --remove skewguard skewguard-denied skewguard-early' ] ||
        fail "pam-auth-update: $(</mnt/test/pam)"
}

for part in guard_works guard_restarts guard_sees mails_by_smtp \
    mails_by_sendmail runs_a_hook chooses_who_steers; do
    begin_ms=$(date +%s%3N)
    "$part"
    echo "$part: $(($(date +%s%3N) - begin_ms)) ms"
done
