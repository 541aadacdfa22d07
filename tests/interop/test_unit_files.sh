#!/bin/bash
# systemd has nothing to say against the installed units, and what it thinks of
# their sandboxes is within the limits; beside it, what it thinks of others.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/../../scripts/kinds.sh"
. "$here/../../scripts/machine.sh"
own_mounts -n
begin
machine_prepare || skip "systemd cannot be had"
machine_enter
machine_install "$BUILD"
mount --rbind /proc /mnt/proc
units=/mnt/usr/lib/systemd/system
clockd=/mnt/usr/sbin/skewguard-clockd
[ -e $clockd ] || { : >$clockd && chmod +x $clockd; }

analyze() { "${INSIDE[@]}" systemd-analyze --no-pager "$@"; }

verify() { analyze verify --man=no "/usr/lib/systemd/system/$1" >"$DIR/said" 2>&1; }
for unit in "$units"/skewguard*.service; do
    verify "${unit##*/}" || fail "${unit##*/}: $(<"$DIR/said")"
    [ ! -s "$DIR/said" ] || fail "${unit##*/}: $(<"$DIR/said")"
done
# It would have said so.
sed 's/^WatchdogSec=/&very /' "$units/skewguard.service" >"$units/bad.service"
verify bad.service || true
grep -q 'Failed to parse' "$DIR/said" || fail "WatchdogSec=very passes"

# exposure NAME: of a unit in /mnt/test/NAME.service, with its drop-ins.
exposure() {
    analyze security --offline=true "/test/$1.service" >"$DIR/said" 2>&1 || true
    sed -nE 's/.*Overall exposure level for .*: ([0-9.]+) .*/\1/p' "$DIR/said"
}
# row NAME LIMIT FILE
row() {
    local figure
    cp "$3" "/mnt/test/$1.service"
    figure=$(exposure "$1")
    [ -n "$figure" ] || fail "$1: $(<"$DIR/said")"
    printf '%-26s %5s %8s\n' "$1" "$figure" "$2" | tee -a "$table"
    [ "$2" = - ] || holds "$figure <= $2" ||
        fail "$1: $figure, not at most $2: $(grep '✗' "$DIR/said")"
}
# their FOLDER UNIT: wherever its package has it.
their() { find "$1" -name "$2" | head -n 1; }

table=$BUILD/tests/interop/exposures # tests/run shows it
printf '%-26s %5s %8s\n' exposure is 'at most' | tee "$table"
row skewguard-clockd 1.3 "$units/skewguard-clockd.service"
row skewguard 1.5 "$units/skewguard.service"
row mailer-by-smtp 1.5 "$units/skewguard-mailer.service"
row skewguard-wait 1.5 "$units/skewguard-wait.service"
cp -r "$units/skewguard-mailer.service.d" /mnt/test/mailer-by-sendmail.service.d
row mailer-by-sendmail 2.5 "$units/skewguard-mailer.service"
row chrony - "$(their "$SERVERS_ROOT" chrony.service)"
row systemd-timesyncd - "$(their "$MACHINE_ROOT" systemd-timesyncd.service)"
