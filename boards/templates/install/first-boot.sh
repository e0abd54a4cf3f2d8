#!/bin/sh
# The first boot of a card that `moead-board image --first-boot` wrote: installs the release that lies beside this file, once.
# Whatever comes of it is in first-boot.log beside it, and the board boots on: with the release and what the site sets, or as it was.
set -u
here=$(cd "$(dirname "$0")" && pwd)
boot=$(dirname "$here")
root=${MOEAD_ROOT:-}
exec >"$here/first-boot.log" 2>&1

# First of all, so that a board on which something below fails does not begin with it for ever.
sed 's/ systemd\.run=[^ ]* systemd\.run_success_action=reboot systemd\.unit=kernel-command-line\.target//' \
    "$boot/cmdline.txt" >"$boot/cmdline.new" && sync -f "$boot/cmdline.new" && mv "$boot/cmdline.new" "$boot/cmdline.txt"

# bring FILE PATH MODE: whole, or not at all.
bring() {
    [ -e "$here/$1" ] || return 0
    mkdir -p "$(dirname "$root$2")" && cp "$here/$1" "$root$2.next" && chmod "$3" "$root$2.next" && mv -T "$root$2.next" "$root$2" || {
        rm -f "$root$2.next"
        echo "cannot write $2"
    }
}

if sh "$here/install.sh" "$here" "$(cat "$here/release")" 0 later; then
    # Not before it is known that the release stays. Nothing was started yet that reads them.
    bring edge.env /etc/moead/edge.env 644
    bring hostname /etc/hostname 644
    home=~root
    bring authorized_keys "$home/.ssh/authorized_keys" 600
    [ ! -e "$here/hostname" ] || sed -i "s/^127\.0\.1\.1.*/127.0.1.1 $(cat "$here/hostname")/" "$root/etc/hosts"
    rm -f "$here/release.tar"
fi
sync
# Another status would switch the board off.
exit 0
