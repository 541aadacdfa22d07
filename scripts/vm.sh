# shellcheck shell=bash
# A Debian in a virtual machine (qemu's software emulation), whose kernel's
# clock may be set.  Source it after servers.sh.
#
#   vm_prepare              build image and saved machine once, into the cache
#   vm_boot FOLDER OPTION...    start the emulator; leaves FOLDER/agent.in,
#                           agent.out, mon.in, mon.out (pipes), console, and
#                           VM_PID
#   vm_resume FOLDER NETDEV OPTION...   the same with the saved machine
#
# The image is Debian's own packages and an agent (tests/vm/guest/agent) which
# runs what it is told on a line of its own, so that no network is needed for
# that.  The machine was saved when it had booted, and goes on where it was: in
# two seconds, where a boot takes twenty.  Nothing is ever written to the image.
#
# Processors that can help are not used: they are not to be had everywhere,
# and one kind of machine is enough to be puzzled about.

VM_TOOLS=(qemu-system-x86 mmdebstrap e2fsprogs kmod)
VM_PACKAGES=(systemd systemd-sysv udev dbus kmod iproute2 netbase procps
    util-linux-extra libpam-systemd krb5-user libpam-krb5 openssh-server
    openssh-client chrony adjtimex postfix apparmor
    libevent-core-2.1-7 libconfuse2 libc-ares2 libjansson4 libcurl4 libssl3)
# What apt calls some of them on Debian 13.
VM_RENAMED=(libevent-core-2.1-7t64 libc-ares2t64 libcurl4t64 libssl3t64)
VM_MODULES=(virtio_pci virtio_blk virtio_net virtio_rng virtio_console)
VM_MEMORY_MB=320
VM_FREE_KB=$((96 * 1024))
VM_PAYLOAD_BYTES=$((32 * 1024 * 1024))
VM_BOOT_S=240

# vm_known NAME...: those that apt knows, as "name=version".
vm_known() {
    apt-cache show --no-all-versions "$@" 2>/dev/null |
        awk '/^Package:/ { name = $2 } /^Version:/ { print name "=" $2 }' |
        sort -u
}

# ---- the kernel ----

vm_kernel_packages() {
    vm_known busybox-static "$(apt-cache depends linux-image-cloud-amd64 \
        2>/dev/null | awk '$2 ~ /^linux-image-[0-9]/ { print $2; exit }')"
}

vm_kernel_use() {
    local kernels=("$1"/boot/vmlinuz-*) busybox
    for busybox in "$1"/{,usr/}bin/busybox; do
        if [ ! -x "$busybox" ] || [ ! -r "${kernels[0]}" ]; then continue; fi
        VM_KERNEL_ROOT=$1 VM_KERNEL=${kernels[0]} VM_BUSYBOX=$busybox
        VM_VERSION=${VM_KERNEL##*/vmlinuz-}
        return
    done
    return 1
}

# ---- the image ----

# vm_mmdebstrap FOLDER: the packages, from where this host gets its own.
vm_mmdebstrap() {
    local suite names
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    names=$(vm_known "${VM_PACKAGES[@]}" "${VM_RENAMED[@]}" | sed 's/=.*//' |
        paste -sd ,)
    mmdebstrap --quiet --variant=minbase --include="$names" \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$1"
}

# vm_initramfs ROOT FILE: busybox, and what it takes to see the disk.
vm_initramfs() {
    local root=$1 dir=$1.initramfs module
    mkdir -p "$dir"/{bin,dev,modules,proc,root,sys}
    cp "$VM_BUSYBOX" "$dir/bin/busybox"
    for module in "${VM_MODULES[@]}"; do
        modprobe -d "$root" -S "$VM_VERSION" -D "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$dir/files"
    while read -r module; do
        cp "$module" "$dir/modules/"
        echo "${module##*/}" >>"$dir/modules/order"
    done <"$dir/files"
    # shellcheck disable=SC2153 # of lib.sh
    install -m 755 "$ROOT/tests/vm/guest/init" "$dir/init"
    (cd "$dir" && find . | "$VM_BUSYBOX" cpio -o -H newc 2>/dev/null) >"$2"
}

# vm_furnish ROOT: what makes it a quiet host of the realm of the tests, but
# for krb5.conf and keytab.
vm_furnish() {
    local root=$1 etc=$1/etc guest=$ROOT/tests/vm/guest unit
    mkdir -p "$root"/{payload,lib/modules} \
        "$etc/systemd/system/multi-user.target.wants"
    cp -a "$VM_KERNEL_ROOT/lib/modules/$VM_VERSION" "$root/lib/modules/"
    depmod -b "$root" "$VM_VERSION"
    install -m 755 "$guest/agent" "$root/usr/local/sbin/agent"
    cp "$guest/agent.service" "$etc/systemd/system/"
    ln -s ../agent.service "$etc/systemd/system/multi-user.target.wants/"
    cp "$guest/eth0.network" "$etc/systemd/network/"
    cp "$guest/hosts" "$etc/hosts"
    cp "$guest/sshd.conf" "$etc/ssh/sshd_config.d/test.conf"
    cp "$guest/main.cf" "$etc/postfix/main.cf"
    : >"$etc/fstab"
    echo client.test >"$etc/hostname"
    printf '%032x\n' 0x5ced >"$etc/machine-id"
    # her password is known to the realm alone
    chroot "$root" useradd -m -s /bin/bash alice
    chroot "$root" usermod -p '*' alice
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
        e2scrub_all.timer e2scrub_reap.service fstrim.timer \
        getty@tty1.service; do
        rm -f "$etc"/systemd/system/*.wants/"$unit"
    done
    # But for postfix nothing is generated here, and each costs half a second
    # per reload.
    mkdir -p "$etc/systemd/system-generators"
    for unit in "$root"/lib/systemd/system-generators/systemd-*; do
        ln -s /dev/null "$etc/systemd/system-generators/${unit##*/}"
    done
    chroot "$root" systemctl --quiet mask serial-getty@ttyS0.service
    chroot "$root" systemctl --quiet disable chrony.service
    # it sets the clock's rate at boot, and is here for its "adjtimex --print"
    chroot "$root" systemctl --quiet mask adjtimex.service
    chroot "$root" systemctl --quiet enable systemd-networkd.service
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
}

# vm_image_build FOLDER: kernel, busybox, initramfs and root.img into it.
vm_image_build() {
    local root=$1/root kb
    vm_mmdebstrap "$root" && vm_furnish "$root" &&
        vm_initramfs "$root" "$1/initramfs" || return
    cp "$VM_KERNEL" "$1/kernel"
    cp "$VM_BUSYBOX" "$1/busybox"
    kb=$(du -sk "$root" | cut -f1)
    mke2fs -q -t ext4 -O '^has_journal' -m 0 -d "$root" "$1/root.img" \
        $((kb * 11 / 10 + VM_FREE_KB))k || return
    rm -rf "$root" "$root.initramfs"
}

# ---- the emulator ----

# vm_boot FOLDER OPTION...: without the options that say what it boots from.
vm_boot() {
    local dir=$1 pipe
    shift
    mkdir -p "$dir"
    for pipe in agent mon; do
        rm -f "$dir/$pipe".{in,out}
        mkfifo "$dir/$pipe".{in,out}
    done
    TMPDIR=$dir qemu-system-x86_64 -accel tcg,thread=single -cpu max -smp 1 \
        -m "$VM_MEMORY_MB" -nodefaults -display none \
        -serial "file:$dir/console" \
        -chardev "pipe,id=mon,path=$dir/mon" -mon chardev=mon \
        -chardev "pipe,id=agent,path=$dir/agent" -device virtio-serial-pci \
        -device virtserialport,chardev=agent,name=agent \
        -device virtio-rng-pci "$@" </dev/null >"$dir/emulator.log" 2>&1 &
    VM_PID=$!
}

# vm_machine IMAGE PAYLOAD NETDEV: sets VM_MACHINE, the options of the one
# machine that image and saved state fit.
vm_machine() {
    # shellcheck disable=SC2054 # commas of options
    VM_MACHINE=(-kernel "$1/kernel" -initrd "$1/initramfs"
        -append "console=ttyS0 quiet panic=-1 mitigations=off net.ifnames=0 \
random.trust_cpu=on systemd.show_status=0"
        -drive "file=$2,format=raw,if=virtio,readonly=on"
        -netdev "$3" -device virtio-net-pci,netdev=n0,romfile=)
}

# vm_save FOLDER: boot the image in FOLDER, and save it when it waits for us.
vm_save() {
    local dir=$1/boot line='' out mon ret=0
    mkdir -p "$dir"
    truncate -s $VM_PAYLOAD_BYTES "$dir/payload"
    vm_machine "$1" "$dir/payload" hubport,id=n0,hubid=0
    vm_boot "$dir" -no-reboot -drive \
        "file=$1/root.img,format=raw,if=virtio,cache=unsafe" "${VM_MACHINE[@]}"
    exec {out}<>"$dir/agent.out" {mon}<>"$dir/mon.out"
    if read -r -t $VM_BOOT_S -u "$out" line && [ "$line" = ready ]; then
        printf '%s\n' stop "migrate \"exec:cat >$1/state\"" quit >"$dir/mon.in"
        wait "$VM_PID" || ret=1
    else
        tail -n 20 "$dir/console" "$dir/emulator.log" >&2
        stop_process "$VM_PID"
        ret=1
    fi
    exec {out}>&- {mon}>&-
    rm -rf "$dir"
    return $ret
}

# vm_resume FOLDER NETDEV OPTION...: FOLDER/payload is its second disk.
vm_resume() {
    local dir=$1 netdev=$2
    shift 2
    truncate -s $VM_PAYLOAD_BYTES "$dir/payload"
    vm_machine "$VM_IMAGE" "$dir/payload" "$netdev"
    vm_boot "$dir" -drive \
        "file=$VM_IMAGE/root.img,format=raw,if=virtio,snapshot=on,cache=unsafe" \
        "${VM_MACHINE[@]}" -incoming "exec:cat $VM_IMAGE/state" "$@"
}

# ---- all of it, once ----

# vm_key: changes with what makes the image; packages are those of the day it
# was made.
vm_key() {
    {
        dpkg-query -W qemu-system-x86
        cat "$ROOT/scripts/vm.sh" "$ROOT"/tests/vm/guest/*
    } | sha256sum | cut -c1-12
}

vm_image_use() {
    [ -s "$1/state" ] || return 1
    touch "$1"
    VM_IMAGE=$1
}

# vm_build IMAGE
vm_build() {
    local cache=${1%/*} new begin=$SECONDS
    servers_obtain vm-kernel vm_kernel_packages vm_kernel_packages \
        vm_kernel_use 'a kernel for virtual machines' || return
    # What nobody used for a week is somebody's past.
    find "$cache" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} +
    new=$(mktemp -d "$cache/.new.XXXXXX") || return
    say "building an image for virtual machines in $cache"
    if (set +e; vm_image_build "$new" && vm_save "$new") >"$new/log" 2>&1; then
        say "built it in $((SECONDS - begin)) s"
        # Another run may have been quicker.
        vm_image_use "$1" || { rm -rf "$1" && mv "$new" "$1"; }
    else
        tail -n 20 "$new/log" >&2
    fi
    rm -rf "$new"
}

# Sets VM_IMAGE, or fails with a word why.
vm_prepare() {
    local image
    [ "$(id -u)" = 0 ] || { echo 'only root can make them' >&2; return 1; }
    [ "$(dpkg --print-architecture)" = amd64 ] ||
        { echo 'they are made for amd64 only' >&2; return 1; }
    (install_missing 'virtual machines' "${VM_TOOLS[@]}") || return
    image=$(cache_directory vm)/$(vm_key)
    vm_image_use "$image" || { vm_build "$image" && vm_image_use "$image"; }
}
