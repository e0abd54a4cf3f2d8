# Run on the board by moead-board: install.sh FOLDER RELEASE SECONDS FRAMES
# FOLDER: release.tar, SHA256SUMS and moead.pub, as they were copied. RELEASE: the name of the release's folder.
# SECONDS: how long to wait for FRAMES judged pictures; 0 frames: not at all; `later`: nothing is started, since the board boots anew.
# Says `step: …` as it goes, and at the end `done`, or `failed: …`, with the old release back.
set -u
# Whatever the account's is: the service, which is nobody, must be able to read a release.
umask 022
copied=$1 release=$2 patience=$3 frames=$4
root=${MOEAD_ROOT:-}
home=$root/opt/moead
unit=moead-edge.service
update_unit=moead-edge-update.service
units=$root/etc/systemd/system
wants=$units/multi-user.target.wants
# Whoever started this may go away; what was begun comes to one of its two ends.
trap '' HUP PIPE
switched=
say() { echo "$*" 2>/dev/null; }
step() { now=$*; say "step: $*"; }
# point LINK RELEASE
point() { ln -sfn "releases/$2" "$home/$1.next" && mv -T "$home/$1.next" "$home/$1" && sync -f "$home"; }
# discard NAME: what has a release's name is whole, so it loses the name before the first of its files goes.
discard() {
    case $1 in
    *.part) ;;
    *)
        rm -rf "$home/releases/$1.part"
        [ ! -e "$home/releases/$1" ] || mv -T "$home/releases/$1" "$home/releases/$1.part" || return 1
        sync -f "$home/releases"
        ;;
    esac
    rm -rf "$home/releases/${1%.part}.part"
}
# is_whole NAME
is_whole() { (cd "$home/releases/$1" && sha256sum --quiet --strict -c "$copied/SHA256SUMS") >/dev/null 2>&1; }
fail() {
    trap - EXIT
    if [ -n "$switched" ]; then
        if [ -n "$old" ]; then
            point current "$old" && systemctl daemon-reload && systemctl restart "$unit" >/dev/null 2>&1
            point previous "${before:-$old}"
        else
            systemctl stop "$unit" >/dev/null 2>&1
            rm -f "$home/current" "$home/previous" "$root/etc/udev/rules.d/70-moead-edge.rules"
            rm -f "$units/$unit" "$wants/$unit" "$units/$update_unit" "$wants/$update_unit"
            systemctl daemon-reload
        fi
    fi
    [ -z "$keyed" ] || rm -f "$key"
    # Nothing may lead to what is taken away, should one of the links not have been put back.
    [ -z "$made" ] || [ "$(linked current)" = "$release" ] || [ "$(linked previous)" = "$release" ] || discard "$release"
    [ -z "$locked" ] || rm -rf "$home/releases/$release.part" "$home/current.next" "$home/previous.next" "$key.next"
    say "failed: $now: $*"
    exit 1
}
made=
keyed=
locked=
old=
before=
key=$root/etc/moead/moead.pub
linked() { basename "$(readlink "$home/$1" 2>/dev/null)" 2>/dev/null; }
now=begin
trap 'fail "the script ended early"' EXIT

step "unpack"
mkdir -p "$home/releases" && chmod 755 "$home" "$home/releases" || fail "cannot make $home/releases"
# Not beside `moead-edge update`: the lock is held until this script ends. Whoever could read the file could hold it, too.
umask 077
exec 9>>"$home/lock" || fail "cannot make $home/lock"
umask 022
chmod 600 "$home/lock" || fail "cannot close $home/lock to others"
# The understudy has it for a moment when an update has ended.
if ! flock -w 10 9; then
    # What is half-done there is the other one's.
    trap - EXIT
    say "failed: $now: another update is running on the board"
    exit 1
fi
locked=yes
old=$(linked current)
before=$(linked previous)
for link in current previous; do
    [ -L "$home/$link" ] || [ ! -e "$home/$link" ] || fail "$home/$link is no link"
done
rm -rf "$home/releases/$release.part"
if [ -e "$home/releases/$release" ] && ! is_whole "$release"; then
    [ "$old" != "$release" ] || fail "release $release runs, and its files are not what was sent"
    # Nothing may lead to what is taken away.
    [ "$before" != "$release" ] || { before=$old && point previous "${old:-$release}"; } || fail "cannot keep the release before"
    discard "$release" || fail "cannot remove what is left of release $release"
fi
if [ ! -e "$home/releases/$release" ]; then
    mkdir "$home/releases/$release.part" || fail "cannot make a folder in $home/releases"
    tar -xf "$copied/release.tar" -C "$home/releases/$release.part" --no-same-owner || fail "cannot unpack"
    is_whole "$release.part" || fail "files are not what was sent"
    sync -f "$home/releases/$release.part"
    mv -T "$home/releases/$release.part" "$home/releases/$release" || fail "cannot rename"
    made=yes
    sync -f "$home/releases"
else
    # It may have been unpacked by an account that hides its files.
    chmod -R u+rwX,go+rX,go-w "$home/releases/$release" || fail "cannot open the release to the service"
fi

step "verify the model on this board"
said=$("$home/releases/$release/moead-edge" verify --model "$home/releases/$release/model.onnx" 2>&1) || fail "${said:-it does not}"

step "switch"
mkdir -p "$wants" "$root/etc/udev/rules.d" "$root/etc/moead" || fail "cannot make folders in /etc"
if [ ! -e "$key" ]; then
    cp "$copied/moead.pub" "$key.next" && sync -f "$key.next" && mv -T "$key.next" "$key" || fail "cannot keep the key"
    keyed=yes
fi
switched=yes
# What runs now looks after what comes, and can be gone back to; a first release has nobody but itself.
[ "$old" = "$release" ] || point previous "${old:-$release}" || fail "cannot keep the release before"
point current "$release" || fail "cannot switch to the release"
ln -sfn "../../../opt/moead/current/systemd/$unit" "$units/$unit" || fail "cannot link the unit"
ln -sfn "../../../opt/moead/current/systemd/$update_unit" "$units/$update_unit" || fail "cannot link the unit"
# Not `systemctl enable`: it looks through `current`, and its link would lead into this one release for ever.
ln -sfn "../$unit" "$wants/$unit" && ln -sfn "../$update_unit" "$wants/$update_unit" || fail "cannot enable the unit"
ln -sfn ../../../opt/moead/current/udev/70-moead-edge.rules "$root/etc/udev/rules.d/70-moead-edge.rules" || fail "cannot link the udev rule"
sync -f "$units"
systemctl daemon-reload || fail "systemd does not reload"
udevadm control --reload >/dev/null 2>&1 && udevadm trigger --subsystem-match=video4linux >/dev/null 2>&1

if [ "$frames" != later ]; then
    step "start, and wait until it is ready"
    systemctl restart "$unit" >/dev/null 2>&1 || fail "$(journalctl -u "$unit" -n 5 -o cat --no-pager 2>/dev/null)"

    if [ "$frames" -gt 0 ]; then
        step "wait for a judged picture"
        run=$(systemctl show -p InvocationID --value "$unit")
        waited=0
        until [ "$(journalctl "_SYSTEMD_INVOCATION_ID=$run" -o cat --no-pager 2>/dev/null | grep -c '"score":[0-9]')" -ge "$frames" ]; do
            systemctl is-active --quiet "$unit" || fail "$(journalctl -u "$unit" -n 5 -o cat --no-pager 2>/dev/null)"
            [ "$waited" -lt "$patience" ] || fail "none in $patience s; $(journalctl "_SYSTEMD_INVOCATION_ID=$run" -n 1 -o cat --no-pager 2>/dev/null)"
            sleep 1
            waited=$((waited + 1))
        done
    fi
fi
trap - EXIT
# This one and the one before are kept; strays go.
if [ "$old" != "$release" ]; then
    kept=$(linked previous)
    for folder in "$home"/releases/*; do
        case ${folder##*/} in
        "$release" | "$kept") ;;
        *) discard "${folder##*/}" ;;
        esac
    done
fi
say done
