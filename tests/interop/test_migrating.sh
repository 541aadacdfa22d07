#!/bin/bash
# Each command of docs/MIGRATING.md and docs/OPERATION.md is run as it stands, in
# a Debian that has the other time daemons, too; each setting is read by the
# program that it is for.  commands.py knows what is a command, and its marks.
#
# That system may not move the clock, so the clock service is one that obeys and
# moves nothing; chronyd and ntpd are the real ones and move nothing either.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/pages.sh"
. "$here/../../scripts/kinds.sh"
. "$here/../../scripts/machine.sh"
. "$here/../../scripts/rivals.sh"
[ "$(id -u)" = 0 ] || skip "only root can boot a container"
rivals_prepare || skip "the other time daemons cannot be had"
own_mounts -n
ip link set lo up
REALM=EXAMPLE.COM
begin
trap 'machine_end; finish' EXIT
rivals_prepare
machine_enter
machine_install "$BUILD"

unit=/mnt/etc/systemd/system
DURATION_S=60 OLD_S=8

# dropin UNIT LINE...
dropin() {
    mkdir -p "$unit/$1.service.d"
    printf '%s\n' "${@:2}" >"$unit/$1.service.d/test.conf"
}

# Their clocks are right, so that nothing has to be faked, which leaves the
# kernel's stamps as they are.
make_world() {
    local name address FAKE_CLOCK=()
    while read -r name address; do
        [ "$name" = time ] || kdc_start "kdc-$name" "$address" 88 +0
        ntp_start "ntp-$name" "$address" 123 +0
        echo "$address $name.example.com" >>/mnt/etc/hosts
    done <<<$'das-m 127.0.0.11\ndas-s 127.0.0.12\ntime 127.0.0.13'
    echo '127.0.0.1 localhost' >>/mnt/etc/hosts
    printf '%s\n' '[libdefaults]' "    default_realm = $REALM" \
        '    dns_lookup_kdc = false' '[realms]' "    $REALM = {" \
        '        kdc = das-m.example.com' '        kdc = das-s.example.com' \
        '    }' >/mnt/etc/krb5.conf
    cp "$SERVERS_DIR/kdc-das-m/host.keytab" /mnt/etc/krb5.keytab
    chmod 600 /mnt/etc/krb5.keytab
}

make_system() {
    mkdir -p /mnt/etc/{chrony,ntpsec,cron.d,skewguard/conf.d} /mnt/var/lib/chrony
    echo 'alert { mailto = { }  hook = { "/bin/true" } }' \
        >/mnt/etc/skewguard/skewguard.conf
    cp "$MACHINE_ROOT/etc/services" /mnt/etc/services
    for name in _chrony ntpsec systemd-timesync; do
        echo "$name:*:9$((++users)):9$users::/:/bin/false" >>/mnt/etc/passwd
        echo "$name:x:9$users:" >>/mnt/etc/group
    done
    machine_bind "$BUILD/tests/interop/fake_clockd"
    dropin skewguard-clockd '[Unit]' ConditionCapability= '[Service]' \
        Type=exec User=skewguard AmbientCapabilities= CapabilityBoundingSet= \
        ExecStart= "ExecStart=/bin/sh -c 'trap \"\" HUP; exec /test/fake_clockd /run/skewguard-clockd/socket obey'"
    printf '%s\n' 'server time.example.com iburst' 'port 0' \
        >/mnt/etc/chrony/chrony.conf
    dropin chrony '[Unit]' ConditionCapability= '[Service]' Type=exec PIDFile= \
        ExecStart= 'ExecStart=/usr/sbin/chronyd -x -U -u root -d'
    printf '%s\n' 'interface ignore wildcard' 'interface ignore all' \
        'interface listen 127.0.0.1' 'server time.example.com iburst' \
        >/mnt/etc/ntpsec/ntp.conf
    dropin ntpsec '[Service]' Type=exec PIDFile= ExecStart= \
        'ExecStart=/usr/sbin/ntpd -n'
}
users=90

# inside TEXT: as an administrator types it.
inside() {
    timeout "${2:-$DURATION_S}" nsenter -t "$MACHINE_PID" -m -u -i -p -- \
        /usr/bin/env -i PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 /bin/sh -c "$1" </dev/null >"$DIR/said" 2>&1
}

# A clock that is steered by us, and nobody else about.
settle() {
    inside 'systemctl stop chrony ntpsec
        systemctl start skewguard-clockd skewguard skewguard-mailer &&
        skewguard wait --timeout 30' || wrong 'the daemon is not ready'
    if [ "$mark" = alone ]; then inside 'systemctl stop skewguard'; fi
}

run_new() {
    local want=0 got=0
    [ "$kind" = next ] || settle
    case $mark in exit*) want=${mark#exit } ;; esac
    inside "$text" || got=$?
    [ "$got" = "$want" ] || wrong "exit status $got, not $want: $text"
}

# A program of others is to know its words; what comes of it is its business.
unknown='[Uu]sage:|USAGE|unrecognized|[Uu]nrecognized|invalid option'
unknown+='|illegal option|[Uu]nknown (option|command|verb)|Unknown operation'
run_old() {
    local got=0
    case $text in
    chronyc*) inside 'systemctl start chrony' || wrong 'no chronyd' ;;
    ntpq* | ntpstat* | ntpwait*)
        inside 'systemctl start ntpsec' || wrong 'no ntpd'
        ;;
    esac
    inside "$text" $OLD_S || got=$?
    [[ $got != 12[67] ]] || wrong "exit status $got: $text"
    ! grep -Eq "$unknown" "$DIR/said" || wrong "does not know: $text"
}

# skewguard.conf: a file of its own.
run_ours() {
    printf '%b\n' "$text" >/mnt/test/skewguard.conf
    inside 'skewguardd -t -c /test/skewguard.conf' || wrong "refused: $text"
}

# The configurations of others, a file each.
run_conf() {
    echo "$text" >>"/mnt/test/$kind"
}

# Words of the running text.
run_maybe() {
    local first=${text%% *}
    case $first in
    ntp* | rdate | chronyc | chronyd) run_old ;;
    *)
        if inside "command -v $first"; then run_new; else run_ours; fi
        ;;
    esac
}

run_page() {
    local kind number mark text
    while IFS=$'\t' read -r kind number mark text; do
        [[ $1 == *" $kind "* ]] || continue
        count=$((count + 1))
        case $mark in
        'not run: '*)
            echo "$page:$number: $mark: $text"
            continue
            ;;
        esac
        text=${text//\\n/$'\n'}
        case $kind in
        new | next) run_new ;;
        *.conf) run_conf ;;
        *) "run_$kind" ;;
        esac
    done <"$DIR/commands"
}


# conf_accepted: what run_conf gathered is understood.
conf_accepted() {
    local key
    number=0
    inside 'chronyd -p -f /test/chrony.conf' || wrong 'chronyd refuses a line'
    { cat /mnt/etc/ntpsec/ntp.conf; cat /mnt/test/ntp.conf; } >/mnt/test/all.conf
    inside 'systemctl stop ntpsec; timeout 3 ntpd -n -c /test/all.conf' || true
    grep -q 'Listen normally' "$DIR/said" || wrong 'ntpd does not start'
    ! grep -qi 'syntax error' "$DIR/said" || wrong 'ntpd refuses a line'
    while IFS='=' read -r key _; do
        grep -aq "Time\.$key" "$MACHINE_ROOT/lib/systemd/systemd-timesyncd" ||
            wrong "timesyncd has no $key"
    done </mnt/test/timesyncd.conf
}

# The test would notice.
notices() {
    failed=0
    # shellcheck disable=SC2016 # Markdown
    printf '%s\n' 'Type `skewguard statsu --json`, or `mode = gaurd`.' '' \
        '| ntpd | skewguard | what |' '|---|---|---|' \
        '| `ntpq --pears` | `skewguard status --jsno` | |' '' \
        '| chrony.conf | skewguard.conf | what |' '|---|---|---|' \
        '| `sever x` | `max_poll = 64` | |' '' \
        '| ntp.conf | skewguard.conf | what |' '|---|---|---|' \
        '| `sever x` | - | |' '' \
        '| timesyncd.conf | skewguard.conf | what |' '|---|---|---|' \
        '| `NPT=x` | - | |' '' '```console' \
        '$ skewguard status' 'nothing like this was ever printed' '```' \
        >"$DIR/page.md"
    {
        extract "$DIR/page.md" && run_page "$first" && conf_accepted &&
            run_page "$second"
    } >"$DIR/notices"
    [ $failed = 9 ] || fail "noticed $failed of 9: $(<"$DIR/notices")"
    printf '%s\n' '```' 'skewguard status' '```' >"$DIR/page.md"
    ! extract "$DIR/page.md" 2>/dev/null || fail 'a block of any kind is read'
}

pages=(MIGRATING OPERATION)
for file in "${pages[@]}"; do
    extract "$ROOT/docs/$file.md" || fail "docs/$file.md has what cannot be run"
done
make_world
make_system
machine_boot
inside 'systemctl start skewguard && skewguard wait --timeout 30' ||
    fail "not ready: $(<"$DIR/said")"
first=' old ntp.conf chrony.conf timesyncd.conf ' second=' new next ours maybe says '
failed=0 count=0
for kinds in "$first" "$second"; do
    for file in "${pages[@]}"; do
        extract "$ROOT/docs/$file.md"
        inside 'systemctl unmask chrony'
        run_page "$kinds"
    done
    conf_accepted
done
[ $failed = 0 ] || fail "$failed of $count commands and settings"
echo "$count commands and settings"
notices
