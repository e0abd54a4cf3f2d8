# The first day: it boots, judges, is killed and comes back, and takes an update. Every write is logged by the host.
until_true "the first frames" judged 3
step units systemctl show -p ActiveEnterTimestampMonotonic,ActiveState,NRestarts moead-edge empty
step camera cat /sys/class/video4linux/video0/name
step cache cat /sys/block/vda/queue/write_cache
old=$(pid)
kill -9 "$old"
until_true "another process" is_other_pid "$old"
until_true "frames after the kill" judged 3
step back systemctl show -p ActiveState,NRestarts moead-edge
mark BEGIN
apply update 2 --frames 3 --soak 12s
mark END
step health $edge health
step units.after systemctl show -p ActiveState,NRestarts moead-edge
journal
