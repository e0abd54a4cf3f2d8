# A start after a cut: whatever it found, it comes to an end, and something runs.
until_true "frames" judged 1
until_true "the end of a trial" eval '[ ! -e $record ] || is_settled'
# Also of what an update left lying about.
until_true "the sweep" eval '! systemctl is-active -q moead-edge-update'
step status $edge update status --json
step units systemctl show -p ActiveEnterTimestampMonotonic,ActiveState moead-edge
step releases ls -A /opt/moead/releases
step files ls -A /opt/moead
journal
