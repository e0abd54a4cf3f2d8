#!/bin/bash
# Records the answers of the kernel's test cameras, inside a machine with `vivid` and `v4l2loopback` (as root).
#
# usage: record.sh FOLDER     (with vivid n_devs=2 node_types=0x1,0x1 multiplanar=1,2 as video0 and video1,
#                              and v4l2loopback devices=2 video_nr=7,8 exclusive_caps=1,1 card_label=Line1,Line2)
set -euo pipefail
here=$(dirname "$0")
kernel="Linux $(uname -r)"
"$here/record.py" /dev/video0 "$kernel, vivid n_devs=1 node_types=0x1" \
  YUYV 320 180 0 YUYV 640 360 0 YUYV 640 480 0 YUYV 1280 720 0 YUYV 320 180 1280 NV12 320 180 0 RGB3 320 180 0 \
  GREY 320 180 0 "Y16 " 320 180 0 MJPG 320 180 0 >"$1/vivid.json"
"$here/record.py" /dev/video1 "$kernel, vivid n_devs=1 node_types=0x1 multiplanar=2" >"$1/vivid-multiplanar.json"
"$here/record.py" /dev/video7 "$kernel, v4l2loopback 0.12.7 exclusive_caps=1, no producer" >"$1/v4l2loopback-idle.json"
number=7
for format in YUYV MJPG; do
  python3 - "/dev/video$number" "$format" <<'PLAYER' &
import fcntl, os, struct, sys, time
node = os.open(sys.argv[1], os.O_RDWR)
width, height = 320, 180
row = 0 if sys.argv[2] == "MJPG" else width * 2
pixels = (width, height, struct.unpack("<I", sys.argv[2].encode())[0], 1, row, width * height * 2, 8)
fcntl.ioctl(node, 0xC0D05605, struct.pack("<2I7I", 2, 0, *pixels).ljust(208, b"\0"))
while True:
    os.write(node, bytes(width * height * 2))
    time.sleep(0.05)
PLAYER
  player=$!
  # Python takes its time in an emulated machine.
  until v4l2-ctl -d "/dev/video$number" --list-formats | grep -q "'$format'"; do
    kill -0 "$player" || exit 1
    sleep 1
  done
  "$here/record.py" "/dev/video$number" "$kernel, v4l2loopback 0.12.7 exclusive_caps=1, a producer of $format 320x180" \
    YUYV 320 180 0 MJPG 320 180 0 YUYV 640 480 0 >"$1/v4l2loopback-${format,,}.json"
  kill "$player"
  number=$((number + 1))
done
