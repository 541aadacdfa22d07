# shellcheck shell=bash
# A Debian with apt, where packages are installed in a container, and sources
# for its apt, for the tests.  Source it after lib.sh.
#
#   debian_prepare          build it once, into the cache
#   debian_enter            a copy of it in /mnt, as files, for machine_boot
#   debian_source FOLDER    make the packages in FOLDER a source for apt
#
# No network is needed then: $DEBIAN_ROOT/srv/others has the packages of other
# time daemons and what they depend on.

# What is depended on is there already; and tzdata cannot be installed in a
# container that has the host's time zone.
DEBIAN_PACKAGES=(systemd systemd-sysv libpam-runtime libevent-core-2.1-7
    libconfuse2 libc-ares2 libjansson4 libcurl4 libkrb5-3 libssl3 iproute2
    libcap2-bin libedit2 tzdata ucf)
# What apt calls some of them on Debian 13.
DEBIAN_RENAMED=(libevent-core-2.1-7t64 libc-ares2t64 libcurl4t64 libssl3t64)
DEBIAN_OTHERS=(systemd-timesyncd chrony)

# debian_key: changes with what makes it; packages are those of the day.
# shellcheck disable=SC2153 # of lib.sh
debian_key() { sha256sum "$ROOT/scripts/debian.sh" | cut -c1-12; }

debian_use() {
    [ -d "$1/srv/others" ] || return 1
    touch "$1"
    DEBIAN_ROOT=$1
}

debian_others() {
    local name
    for name in "${DEBIAN_OTHERS[@]}"; do
        chroot "$1" apt-get -qq -y --no-install-recommends --download-only \
            install "$name" || return
    done
    mkdir "$1/srv/others" && mv "$1"/var/cache/apt/archives/*.deb \
        "$1/srv/others" && debian_source "$1/srv/others" &&
        rm -rf "$1"/var/lib/apt/lists/*
}

debian_build() {
    local suite names
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    names=$(apt-cache show --no-all-versions "${DEBIAN_PACKAGES[@]}" \
        "${DEBIAN_RENAMED[@]}" 2>/dev/null | awk '/^Package:/ { print $2 }' |
        sort -u | paste -sd ,)
    mmdebstrap --quiet --variant=apt --include="$names" \
        --skip=cleanup/apt "$suite" "$1" && debian_others "$1"
}

# Sets DEBIAN_ROOT, or fails with a word why.
debian_prepare() {
    local root new
    [ "$(id -u)" = 0 ] || { echo 'only root can make one' >&2; return 1; }
    root=$(cache_directory debian)/$(dpkg --print-architecture)-$(debian_key)
    if debian_use "$root"; then return; fi
    # What nobody used for a week is somebody's past.
    find "${root%/*}" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} +
    new=$(mktemp -d "${root%/*}/.new.XXXXXX") || return
    say "building a Debian for containers in ${root%/*}"
    if (set +e; debian_build "$new/root") >"$new/log" 2>&1; then
        # Another run may have been quicker.
        debian_use "$root" || mv "$new/root" "$root"
    else
        tail -n 20 "$new/log" >&2
    fi
    rm -rf "$new"
    debian_use "$root"
}

debian_enter() {
    # Nobody sees this /mnt but we, so that of others is none of our business.
    export SYSTEMD_NSPAWN_LOCK=0
    mount -t tmpfs -o mode=755 none /mnt
    cp -a "$DEBIAN_ROOT/." /mnt
    printf '%032x\n' 0x5ced >/mnt/etc/machine-id
    rm -f /mnt/etc/apt/sources.list.d/*
    printf 'deb [trusted=yes] file:/srv/%s ./\n' others skewguard \
        >/mnt/etc/apt/sources.list
    mkdir /mnt/srv/skewguard
    debian_source /mnt/srv/skewguard
}

debian_source() { (cd "$1" && dpkg-scanpackages -m . >Packages 2>/dev/null); }
