# Asked by moead-board before anything is copied: one answer a line, NAME=VALUE. Changes nothing.
root=${MOEAD_ROOT:-}
say() { printf '%s=%s\n' "$1" "$2"; }
say machine "$(uname -m)"
say glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)"
say board "$(tr -d '\000' 2>/dev/null <"$root/proc/device-tree/model")"
say today "$(date -u +%F)"
say systemd "$(systemctl --version 2>/dev/null | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')"
if [ "$(id -u)" = 0 ]; then
    say become root
elif sudo -n sh -c true 2>/dev/null; then
    # What an installation runs: accounts may be let run some programs alone.
    say become sudo
else
    say become no
fi
folder=$root/opt/moead
while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
say free "$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')"
say scratch "$(df -Pk "${TMPDIR:-/tmp}" | awk 'NR == 2 { print $4 }')"
say groups "$(cut -d: -f1 "$root/etc/group" 2>/dev/null | tr '\n' ' ')"
say current "$(basename "$(readlink "$root/opt/moead/current" 2>/dev/null)" 2>/dev/null)"
say key "$(sed '/^[[:space:]]*$/d' "$root/etc/moead/moead.pub" 2>/dev/null | tail -n 1)"
say end end
