# What a virtual board starts from: kernel, first file system, and the base image with a Debian. Read by vm.sh, which sets `here`, `arch`, `machine`,
# `kernel` and `base`; made once, and anew when what they hold changes.

# Modules that are needed to reach the card, and those that the system loads.
FIRST_MODULES="virtio_pci virtio_blk crc32c_generic ext4"
MODULES="vivid 9p 9pnet_virtio"

missing_packages() {
    local pair pairs="mmdebstrap:mmdebstrap mke2fs:e2fsprogs sfdisk:fdisk strip:binutils unshare:util-linux"
    is_root || pairs="$pairs newuidmap:uidmap"
    # What Debian's packages do when they are set up runs on another processor than the host's.
    [ "$arch" = amd64 ] || pairs="$pairs qemu-system-aarch64:qemu-system-arm qemu-aarch64-static:qemu-user-static arch-test:arch-test"
    "$camera_vm" --missing
    for pair in $pairs; do has "${pair%%:*}" || echo "${pair##*:}"; done
}

# What the base image and the first file system hold, in one word.
recipe() {
    { cat "$here/init" "$here/base.sh" "$here/../camera_vm/"{initramfs.sh,modules.sh,present_stacks.c} "$kernel/version"; suite; } | sha256sum | cut -d' ' -f1
}
# The host's own: what was built here runs there.
suite() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

# The kernel of the camera tests is the host's kind. Another one, with a busybox that needs no libraries, is unpacked; nothing of it runs here.
make_kernel() {
    local new="$kernel.new" version
    if [ -e "$kernel/version" ]; then return 0; fi
    say "fetching a kernel for $arch"
    rm -rf "$new"
    mkdir -p "$new"
    mmdebstrap --quiet --architectures="$arch" --variant=extract --include="linux-image-$arch,busybox-static" \
        --dpkgopt='path-exclude=/usr/share/*' "$(suite)" "$machine/kernel.tar" >"$machine/kernel.log" 2>&1 ||
        fail "mmdebstrap failed, see $machine/kernel.log"
    # Folders are links in some releases: /lib to /usr/lib.
    tar -C "$new" -xf "$machine/kernel.tar" --wildcards --transform='s,^\./usr/,./,' \
        './boot/vmlinuz-*' './*lib/modules/*' './*bin/busybox'
    version="$(basename "$new"/boot/vmlinuz-*)"
    version="${version#vmlinuz-}"
    mv "$new/boot/vmlinuz-$version" "$new/vmlinuz"
    depmod -b "$new" "$version"
    rm -r "$new/boot" "$machine/kernel.tar"
    echo "$version" >"$new/version"
    rm -rf "$kernel"
    mv "$new" "$kernel"
}

# Programs of another processor start by themselves, through qemu; a setting of the whole machine.
start_foreign_programs() {
    local formats=/proc/sys/fs/binfmt_misc
    if [ -e "$formats/qemu-aarch64" ]; then return 0; fi
    is_root || fail "programs for $arch do not start on this machine: as root, run /lib/systemd/systemd-binfmt"
    [ -e "$formats/register" ] || mount -t binfmt_misc binfmt_misc "$formats" || fail "$formats cannot be mounted"
    /lib/systemd/systemd-binfmt /usr/lib/binfmt.d/qemu-aarch64.conf
}

make_root() {
    [ ! -e "$machine/root.$(suite).tar" ] || return 0
    [ "$arch" = amd64 ] || start_foreign_programs
    say "making a Debian $(suite) for $arch (minutes; once)"
    local quiet=(--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*'
        --dpkgopt='path-exclude=/usr/share/man/*')
    mmdebstrap --quiet --architectures="$arch" --variant=minbase --include=systemd,systemd-sysv,udev,kmod,e2fsprogs "${quiet[@]}" \
        "$(suite)" "$machine/root.new.tar" >"$machine/root.log" 2>&1 || fail "mmdebstrap failed, see $machine/root.log"
    mv "$machine/root.new.tar" "$machine/root.$(suite).tar"
}

# What the tests add to the system, below $1.
furnish() {
    local root="$1" version file
    version="$(cat "$kernel/version")"
    # shellcheck disable=SC2046,SC2086 # lists of names
    for file in $("$here/../camera_vm/modules.sh" "$kernel" $FIRST_MODULES $MODULES); do
        install -D -m 644 "$file" "$root/usr${file#"$kernel"}"
    done
    cp "$kernel/lib/modules/$version"/modules.{builtin,builtin.modinfo,order} "$root/usr/lib/modules/$version/"
    depmod -b "$root" "$version"
    echo vivid >"$root/etc/modules-load.d/camera.conf"
    echo 'options vivid n_devs=1 node_types=0x1' >"$root/etc/modprobe.d/camera.conf"
    echo 'LABEL=root / ext4 rw,errors=remount-ro 0 1' >"$root/etc/fstab"
    echo board >"$root/etc/hostname"
    if [ "$arch" = amd64 ]; then
        # The camera machine has made it, beside its kernel.
        cp "${kernel%/*}/present_stacks.so" "$root/usr/lib/"
        echo /usr/lib/present_stacks.so >"$root/etc/ld.so.preload"
    fi
    mkdir -p "$root/test" "$root/etc/systemd/system/multi-user.target.wants"
    local name
    for name in getty.target systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
        e2scrub_all.timer e2scrub_reap.service fstrim.timer; do
        ln -sf /dev/null "$root/etc/systemd/system/$name"
    done
    cat >"$root/etc/systemd/system/test.service" <<'UNIT'
[Unit]
Description=what the tests do on this board
After=basic.target

[Service]
Type=exec
ExecStart=/bin/sh -c 'mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=none share /test && exec /bin/bash /test/guest/start.sh'
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
UNIT
    # What the system takes to start a unit, to compare with.
    cat >"$root/etc/systemd/system/empty.service" <<'UNIT'
[Unit]
Description=nothing

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
UNIT
    for name in test empty; do
        ln -sf "../$name.service" "$root/etc/systemd/system/multi-user.target.wants/$name.service"
    done
}

# make_partition [--no-same-owner]: as root, or as one who looks like it and can give files to nobody else.
make_partition() {
    rm -rf "$machine/tree"
    mkdir "$machine/tree"
    # Devices come from the kernel.
    tar -C "$machine/tree" "$@" -xpf "$machine/root.$(suite).tar" --exclude='./dev/*'
    furnish "$machine/tree"
    rm -f "$machine/root.ext4"
    # The whole of it, so that the guest writes nothing that is not the test's.
    mke2fs -q -t ext4 -L root -E lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0 -d "$machine/tree" \
        "$machine/root.ext4" 720M >/dev/null
    rm -rf "$machine/tree"
}

make_base() {
    if is_root; then make_partition; else unshare --map-root-user "$here/vm.sh" --machine "$arch" --partition; fi
    local sectors=$((720 * 2048))
    rm -f "$base.new"
    truncate -s $(((sectors + 3 * 2048) * 512)) "$base.new"
    printf 'label: gpt\nstart=2048, size=%s, type=L, name=root\nstart=%s, size=1024, type=L, name=marks\n' \
        "$sectors" $((sectors + 2048)) | sfdisk -q "$base.new"
    dd if="$machine/root.ext4" of="$base.new" bs=1M seek=1 conv=notrunc,sparse status=none
    rm "$machine/root.ext4"
    mv "$base.new" "$base"
}

prepare() {
    local missing
    "$camera_vm" --install
    missing="$(missing_packages | tr '\n' ' ')"
    [ -z "$missing" ] || fail "these Debian packages are missing: ${missing% }"
    mkdir -p "$machine"
    exec 9>"$machine/lock"
    flock 9
    [ "$arch" = amd64 ] || make_kernel
    [ "$(cat "$machine/recipe" 2>/dev/null)" != "$(recipe)" ] || return 0
    rm -f "$machine/recipe"
    make_root
    make_base
    # shellcheck disable=SC2086 # a list of names
    "$here/../camera_vm/initramfs.sh" "$kernel" "$here/init" "$machine/initramfs.gz" $FIRST_MODULES
    recipe >"$machine/recipe"
    say "prepared $base"
}
