#!/bin/bash
# The kernel driver on a real kernel clock, without systemd, network or disk:
# our own program is all that runs there (clock_guest.c).
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_prepare || skip "NO VIRTUAL MACHINES: the kernel's clock was NOT tried"

DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
src=$ROOT/src
mkdir -p "$DIR/root/proc" "$DIR/root/bin" "$RESULTS"
"${CC:-cc}" -static -O2 -Wall -Wextra -Werror -std=gnu11 -D_GNU_SOURCE \
    -I"$src" -o "$DIR/root/init" "$ROOT"/tests/vm/clock_guest*.c \
    "$src"/clock/*.c "$src"/base/*.c -lm
cp "$VM_IMAGE/busybox" "$DIR/root/bin/"
(cd "$DIR/root" && find . | bin/busybox cpio -o -H newc 2>/dev/null) \
    >"$DIR/initramfs"
timeout 500 qemu-system-x86_64 -accel tcg -cpu max -smp 1 -m 256 -nodefaults \
    -no-reboot -display none -nic none -serial stdio \
    -kernel "$VM_IMAGE/kernel" -initrd "$DIR/initramfs" \
    -append 'console=ttyS0 quiet panic=-1 skewguard.throwaway' \
    </dev/null | tee "$DIR/output"
grep -q '^all is well' "$DIR/output"
rm -f "$RESULTS/$SCENARIO.row"
row 'the kernel driver slews, steps, gives way and leaves nothing behind' \
    "$(grep -c . "$DIR/output") lines, all is well"
