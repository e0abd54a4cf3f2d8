# What the unit of the tests runs on the board: a scenario, named on the kernel's command line. What commands say goes into /test/out, and is
# judged on the host.
out=/test/out
edge=/opt/moead/current/moead-edge
record=/var/lib/moead-update/state.json
mkdir -p $out

up() { cut -d' ' -f1 /proc/uptime; }
say() { echo "[$(up)] $*" | tee -a $out/progress; }

# step NAME COMMAND…: what it says, and how it ends.
step() {
    local name="$1" status=0
    shift
    say "$name: $*"
    "$@" >"$out/$name.stdout" 2>"$out/$name.stderr" </dev/null || status=$?
    echo $status >"$out/$name.status"
}

# apply NAME BUNDLE ARGUMENT…: an update, and what is known of it afterwards.
apply() {
    local name="$1" bundle="$2"
    shift 2
    step "$name" $edge update apply "/test/bundles/$bundle.moead" "$@"
    step "$name.after" $edge update status --json
}

# until_true WHAT COMMAND…: the host gives up before a wait without end does.
until_true() {
    say "waiting: $1"
    shift
    until "$@" >/dev/null 2>&1; do sleep 0.3; done
}

pid() { systemctl show -P MainPID moead-edge; }
is_other_pid() { [ "$(pid)" != 0 ] && [ "$(pid)" != "$1" ]; }
# judged N: frames of the process that runs now, which is well.
judged() {
    local said
    said="$($edge health 2>/dev/null)" || return 1
    said="${said#well: }"
    [ "${said%% *}" -ge "$1" ]
}
is_settled() { grep -q '"trial":null' $record; }
leads_to() { [[ "$(readlink /opt/moead/current)" == "releases/$1-"* ]]; }
# A place in the log of writes: the second partition is there for nothing else.
mark() { sync; printf '%s' "$1" | dd of=/dev/vda2 bs=512 count=1 conv=sync oflag=direct status=none; }
journal() { journalctl -b -u moead-edge -o short-monotonic --no-pager >$out/journal; }

scenario="$(sed -n 's/.*test\.scenario=\([^ ]*\).*/\1/p' /proc/cmdline)"
say "scenario $scenario"
. "/test/guest/$scenario.sh"
say end
sync
# At once: how a system is stopped is not what is tested.
echo o >/proc/sysrq-trigger
