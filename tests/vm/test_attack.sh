#!/bin/bash
# An attacker in the engine's place, on a real clock service and a real kernel's
# clock, while the service is killed each second.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$ROOT/tests/vm/bare.sh"
bare_begin
src=$ROOT/src
bare_compile bin/attack "$ROOT/tests/vm/attack.c" "$src/clock/wire.c"
bare_compile bin/skewguard-clockd "$src"/clockd/*.c "$src"/clock/*.c \
    "$src"/core/{guard,local,fields,leap}.c
echo 'skewguard:x:900:900::/:/bin/false' >"$DIR/root/etc/passwd"
cat >"$DIR/root/init" <<'END'
#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox mount -t devtmpfs dev /dev
busybox mount -t tmpfs run /run
busybox chmod 755 /run
busybox date -s @1800000000 >/dev/null
(
    while :; do
        skewguard-clockd --state /run/state --runtime /run/clockd \
            --lone 20s --step 20s --day 40s 2>>/run/log &
        service=$!
        busybox sleep 1
        [ -e /run/over ] || busybox kill -9 $service
        wait $service
        busybox sleep 0.2
    done
) &
busybox sleep 1
attack /run/clockd/socket 60 900 40 && echo 'all is well' || echo "status $?"
busybox touch /run/over
busybox tail -n 25 /run/log
echo "$(busybox wc -l </run/log) lines of log"
busybox cat /run/clockd/account
busybox poweroff -f
END
chmod 755 "$DIR/root/init"
# shellcheck disable=SC2119 # it takes none here
bare_run
row 'an attacker in place of the engine, over a restart loop: held by the limits' \
    "$(grep -m 1 -E 'moved|in all' "$DIR/output" | tr -d '\r' || echo 'all is well')"
