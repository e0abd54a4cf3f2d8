# What a board must refuse, and what it must get rid of by itself. Its clock says 1970: at power-on, and again after systemd has set it to the day that
# systemd was built on.
step date date +%Y
date -s 1970-01-02 >/dev/null
until_true "the first frames" judged 3
# Longer than any start takes on this machine, however busy it is.
patience="$(up | cut -d. -f1)s"
for bundle in cut altered foreign older elsewhere expiring; do apply $bundle $bundle; done

# Room for a journal, and not for a release.
fallocate -l "$(($(df --output=avail -B1 /opt | tail -1) - 70000000))" /filler
apply full 2
rm /filler

apply wrong wrong
apply crashes crashes --patience $patience
apply hangs hangs --patience $patience
apply blind blind --patience $patience
step well.before $edge update status --json

# The command is killed while the new release is on trial: the understudy goes on.
say "an update that is killed"
$edge update apply /test/bundles/small.moead --frames 3 --soak 12s >$out/killed.stdout 2>$out/killed.stderr </dev/null &
update=$!
until_true "the switch" leads_to 2
until_true "the trial" grep -q '"name":"trying"' $record
kill -9 $update
step killed.then grep -c '"trial":{' $record
until_true "the understudy's verdict" is_settled
step killed.after $edge update status --json

# Ends again and again: given up by systemd, and started again by its OnFailure.
mkdir -p /run/systemd/system/moead-edge.service.d
printf '[Service]\nRestartSec=100ms\n' >/run/systemd/system/moead-edge.service.d/quick.conf
systemctl daemon-reload
# What was started by hand or by updates counts too.
systemctl reset-failed moead-edge
for kill in 1 2 3 4 5 6; do
    old=$(pid)
    [ "$old" = 0 ] || kill -9 "$old"
    until systemctl is-failed -q moead-edge || is_other_pid "$old" ||
        journalctl -b -u moead-edge-update -o cat --no-pager | grep -q 'started again'; do sleep 0.1; done
done
until_true "the update unit" eval "journalctl -b -u moead-edge-update -o cat --no-pager | grep -q 'had been given up'"
until_true "frames after the loop" judged 1
step loop.after $edge update status --json
step loop.journal journalctl -b -u moead-edge-update -o cat --no-pager
journal
