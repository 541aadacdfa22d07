# shellcheck shell=bash
# A machine with no system but what a test puts into $DIR/root, which is its
# memory; no disk, no network.  Source it after lib.sh.

bare_begin() {
    vm_prepare || skip "NO VIRTUAL MACHINES: the kernel's clock was NOT tried"
    DIR=$(mktemp -d)
    trap 'rm -rf "$DIR"' EXIT
    mkdir -p "$DIR"/root/{bin,dev,etc,proc,run} "$RESULTS"
    rm -f "$RESULTS/$SCENARIO.row"
    cp "$VM_IMAGE/busybox" "$DIR/root/bin/"
}

# bare_compile FILE SOURCE...: a program of it, without libraries.
bare_compile() {
    local file=$DIR/root/$1
    shift
    "${CC:-cc}" -static -O2 -Wall -Wextra -Werror -std=gnu11 -D_GNU_SOURCE \
        -DSG_VERSION='"0"' -DSG_BUILT_UNIX_S=1700000000 -I"$ROOT/src" \
        -o "$file" "$@" "$ROOT"/src/base/*.c -lm
}

# bare_run ARGUMENTS: boot it, with these words for its kernel; /init says "all
# is well".
bare_run() {
    (cd "$DIR/root" && find . | bin/busybox cpio -o -H newc 2>/dev/null) \
        >"$DIR/initramfs"
    timeout 550 qemu-system-x86_64 -accel tcg -cpu max -smp 1 -m 256 \
        -nodefaults -no-reboot -display none -nic none -serial stdio \
        -kernel "$VM_IMAGE/kernel" -initrd "$DIR/initramfs" \
        -append "console=ttyS0 quiet panic=-1 $*" </dev/null |
        tee "$DIR/output"
    grep -q '^all is well' "$DIR/output"
}
