#!/bin/bash
# A real journal, of a systemd that runs the daemon as a unit, gets each event
# and each alert once, with its fields and their values, and explains them.
# One that hangs holds nobody up.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/../../scripts/kinds.sh"
. "$here/../../scripts/machine.sh"
[ "$(id -u)" = 0 ] || skip "only root can boot a container"
own_mounts -n
ip link set lo up
begin
trap 'machine_end; finish' EXIT
machine_prepare || skip "systemd cannot be had"
machine_enter
machine_bind "$BUILD/bin/skewguardd"
mkdir "$DIR/catalog"
cp -t "$DIR/catalog" /mnt/usr/lib/systemd/catalog/* "$ROOT/systemd/skewguard.catalog"
mount --bind "$DIR/catalog" /mnt/usr/lib/systemd/catalog

port=$(free_port)
kdc_start kdc 127.0.0.39 "$port" +0
config_kdc kdc 127.0.0.39 "$port"
config_line 'kdc_poll = 4s'
for file in skewguard.conf krb5.conf; do
    sed "s|$DIR|/test|" "$DIR/$file" >"/mnt/test/$file"
done
# What we ask for its state.
sed -i "s|$DIR|/mnt/test|" "$DIR/skewguard.conf"
cat >/mnt/etc/systemd/system/skewguardd.service <<'END'
[Service]
Type=notify
Environment=LD_LIBRARY_PATH=/test/lib KRB5_CONFIG=/test/krb5.conf
ExecStart=/test/skewguardd -c /test/skewguard.conf -g --simulate offset=+0s,drift=0ppm,step=+400s@12s
WatchdogSec=10
END
machine_boot

# journal FIELD=VALUE...: the daemon's entries, a JSON object each.
journal() { machine_run journalctl --all -o json -u skewguardd "$@"; }
# entry FIELD: of the one in entry.json; a word of the journal's in "_".
entry() { value entry "$1"; }
# has_entries N FIELD=VALUE...
has_entries() {
    journal _COMM=skewguardd "${@:2}" >"$DIR/entry.json"
    [ "$(wc -l <"$DIR/entry.json")" = "$1" ]
}
# expect_entry PRIORITY MESSAGE_ID REGEX: the only one with that id.
expect_entry() {
    within 30 has_entries 1 MESSAGE_ID="$2" ||
        fail "not one but $(wc -l <"$DIR/entry.json") of $2: $(journal)"
    [[ $(entry MESSAGE) =~ $3 ]] || fail "$2: \"$(entry MESSAGE)\", not \"$3\""
    expect_field PRIORITY "$1"
    expect_field SYSLOG_IDENTIFIER skewguardd
    expect_field SYSLOG_FACILITY 3
    expect_field _TRANSPORT journal
    # when it was said, by both clocks
    [ $((($(entry __REALTIME_TIMESTAMP) - $(entry REALTIME_USEC)) / 10000000)) = 0 ] ||
        fail "$2: REALTIME_USEC=$(entry REALTIME_USEC)"
    [[ $(entry MONOTONIC_RAW_USEC) =~ ^[0-9]+$ ]] ||
        fail "$2: MONOTONIC_RAW_USEC=$(entry MONOTONIC_RAW_USEC)"
}
expect_field() {
    [[ $(entry "$1") =~ ^($2)$ ]] || fail "$1=$(entry "$1"), not $2"
}

machine_run systemctl start skewguardd ||
    fail "not started: $(journal -o short)"
# the state it came to, then somebody else's step, then what is to be told
within 30 has_entries 2 MESSAGE_ID=768257604e9b450ea5480b8c9c409082 ||
    fail "not two states: $(<"$DIR/entry.json")"
expect_entry 4 2029ff92273f4385b15ae4cbe9aa7138 \
    '^clock: somebody else stepped it by \+400\.0000'
expect_entry 2 e5939e2b89344e98b28a7c89e3b31e83 \
    "^$REALM: exceeded: the simulated clock is [34][0-9.]+ s .*ahead of KDC kdc, "
expect_field SKEWGUARD_ALERT '[0-9a-f]{16}'
expect_field SKEWGUARD_TOPIC realm
expect_field SKEWGUARD_PHASE raised
expect_field SKEWGUARD_LEVEL exceeded
expect_field SKEWGUARD_REALM "$REALM"
expect_field SKEWGUARD_BLAME our-clock
expect_field SKEWGUARD_LIMIT_USEC 300000000
expect_field SKEWGUARD_OFFSET_USEC '-(399[0-9]{6}|400[0-9]{6})'
is_told() {
    [ "$(machine_run systemctl show --value -p StatusText skewguardd)" = \
        "guard: exceeded, $REALM" ]
}
within 10 is_told || fail "systemd has another status"

# In order, each once, by no other way.
journal _COMM=skewguardd >"$DIR/all.json"
said=''
while read -r line; do
    echo "$line" >"$DIR/entry.json"
    [ "$(entry _TRANSPORT)" = journal ] || fail "twice: $line"
    said+=$(entry MESSAGE)$'\n'
done <"$DIR/all.json"
[ -z "$(sort <<<"$said" | uniq -d)" ] || fail "twice: $said"
order=$(grep -oE 'guard mode: |: limit 300 s|: ok \(was unknown|somebody else stepped|: exceeded \(was ok|: exceeded: ' <<<"$said" |
    xargs)
[ "$order" = "guard mode: : limit 300 s : ok (was unknown somebody else stepped : exceeded (was ok : exceeded:" ] ||
    fail "in another order: $said"

# What it means, and what to do.
machine_run journalctl --update-catalog
machine_run journalctl --list-catalog >"$DIR/list"
while read -r id; do
    grep -q "^$id skewguard: ." "$DIR/list" || fail "no $id in the catalog"
done < <(grep -oE '[0-9a-f]{32}' "$ROOT/src/daemon/say.c")
machine_run journalctl -x -o short MESSAGE_ID=e5939e2b89344e98b28a7c89e3b31e83 >"$DIR/explained"
for words in 'Subject: The clock budget of a Kerberos realm is in danger' \
    "a KDC of $REALM differ" 'skewguard explain'; do
    grep -q "$words" "$DIR/explained" || fail "not explained: $(<"$DIR/explained")"
done

# A journal that hangs: more lines than its socket holds.
journald=$(machine_run systemctl show --value -p MainPID systemd-journald)
daemon=$(machine_run systemctl show --value -p MainPID skewguardd)
signal() { machine_run sh -c "kill -s $1 $2"; }
published() { stat -c %i /mnt/test/run/status; }
signal STOP "$journald"
lines=$(($(</proc/sys/net/unix/max_dgram_qlen) + 40))
for ((i = 0; i < lines; i++)); do
    before=$(published)
    signal HUP "$daemon"
    is_new() { [ "$(published)" != "$before" ]; }
    within 10 is_new || fail "the daemon hangs at line $i"
done
signal CONT "$journald"
all_reloads() {
    [ "$(journal _COMM=skewguardd | grep -c '"MESSAGE":"configuration reloaded"')" = $lines ]
}
within 70 all_reloads || fail "not $lines reloads but \
$(journal _COMM=skewguardd | grep -c 'configuration reloaded')"
echo "$lines lines after the journal hung"
