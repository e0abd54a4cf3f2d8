#!/bin/sh
# Records what `moead-edge doctor` reads of this machine into a folder, for `moead-edge doctor --root FOLDER` elsewhere.
#
# usage: record.sh FOLDER [PLACE]     FOLDER is made; PLACE is where results are written (default: /)
#
# Reads only, needs no root, nothing but a shell with coreutils and awk. Left out: serial numbers, host and user names,
# addresses, names of running programs. Look through FOLDER before you send it: it is all text.
set -eu
folder=$1
place=${2:-/}
mkdir "$folder"

# The first 64 kB of each file, if it can be read; numbers of boards are taken out.
keep() {
  for file in "$@"; do
    [ -f "$file" ] || continue
    target=$folder$file
    mkdir -p "$(dirname "$target")"
    case $file in
    */cpuinfo) sed -e '/^Serial[[:space:]]*:/d' "$file" | head -c 65536 >"$target" ;;
    *) head -c 65536 "$file" >"$target" 2>/dev/null || rm -f "$target" ;;
    esac
    # Sensors that are switched off answer with an error.
    [ -s "$target" ] || rm -f "$target"
  done
}

keep /proc/device-tree/model /proc/device-tree/compatible /proc/cpuinfo /proc/meminfo /proc/swaps /proc/loadavg \
  /proc/sys/kernel/osrelease /proc/sys/vm/swappiness /proc/driver/nvidia/version \
  /etc/os-release /etc/nv_tegra_release /etc/nvpmodel.conf /var/lib/nvpmodel/status /usr/local/cuda/version.json \
  /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/product_name /sys/class/dmi/id/board_name \
  /sys/devices/system/cpu/online /sys/devices/system/cpu/present \
  /sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count \
  /sys/devices/platform/soc*/soc*:firmware/get_throttled /proc/device-tree/chosen/power/max_current \
  /sys/class/rtc/rtc*/name /sys/class/watchdog/watchdog*/identity /sys/class/watchdog/watchdog*/state \
  /sys/class/watchdog/watchdog*/timeout /sys/class/video4linux/video*/name \
  /sys/class/thermal/thermal_zone*/type /sys/class/thermal/thermal_zone*/temp \
  /sys/class/thermal/thermal_zone*/trip_point_*_type /sys/class/thermal/thermal_zone*/trip_point_*_temp \
  /sys/class/hwmon/hwmon*/name /sys/class/hwmon/hwmon*/in0_lcrit_alarm /sys/class/hwmon/hwmon*/oc*_event_cnt
for policy in /sys/devices/system/cpu/cpufreq/policy*; do
  for name in affected_cpus scaling_driver scaling_governor energy_performance_preference scaling_min_freq \
    scaling_max_freq scaling_cur_freq cpuinfo_max_freq; do
    keep "$policy/$name"
  done
done
for device in /sys/class/devfreq/*; do
  keep "$device/cur_freq" "$device/max_freq"
done

# Lines out of files that hold more than is wanted.
mkdir -p "$folder/proc/self" "$folder/answers"
grep '^Cpus_allowed_list:' /proc/self/status >"$folder/proc/self/status"
[ ! -r /proc/vmstat ] || grep '^oom_kill ' /proc/vmstat >"$folder/proc/vmstat" || true
if [ -r /var/lib/dpkg/status ]; then
  mkdir -p "$folder/var/lib/dpkg"
  awk -v RS= '/^Package: nvidia-jetpack\n/ { print $0 "\n" }' /var/lib/dpkg/status >"$folder/var/lib/dpkg/status"
fi

# Control groups: the limits on this shell, without the names of its services or containers.
number=0
while IFS=: read -r hierarchy controllers group; do
  case "$hierarchy:$controllers" in
  0:) base=/sys/fs/cgroup files='cpu.max memory.max' ;;
  *:cpu | *:cpu,*) base=/sys/fs/cgroup/cpu files='cpu.cfs_quota_us cpu.cfs_period_us' ;;
  *:memory) base=/sys/fs/cgroup/memory files=memory.limit_in_bytes ;;
  *) continue ;;
  esac
  path='' from=$group steps=''
  while [ "$from" != / ] && [ -n "$from" ]; do
    steps="${from##*/} $steps"
    from=${from%/*}
  done
  here='' there=''
  for step in '' $steps; do
    if [ -n "$step" ]; then
      number=$((number + 1))
      here=$here/$step there=$there/group$number
    fi
    for file in $files; do
      [ -r "$base$here/$file" ] || continue
      mkdir -p "$folder$base$there"
      cat "$base$here/$file" >"$folder$base$there/$file"
    done
  done
  echo "$hierarchy:$controllers:${there:-/}" >>"$folder/proc/self/cgroup"
done </proc/self/cgroup

# Files whose names are all that matters.
for file in /.dockerenv /run/.containerenv /run/systemd/timesync/synchronized /run/chrony/chronyd.pid /run/chronyd.pid \
  /run/ntpd.pid /run/ptp4l /usr/lib/*-linux-gnu/libcudnn.so.* /usr/lib/*-linux-gnu/libnvinfer.so.* \
  /usr/local/cuda/lib64/libcudart.so.* /usr/lib64/libcudnn.so.* /usr/lib64/libnvinfer.so.*; do
  [ -e "$file" ] || continue
  mkdir -p "$(dirname "$folder$file")"
  : >"$folder$file"
done

# What has to be asked for.
df -PB1 "$place" | awk 'NR == 2 { print $2, $4, $6 }' | while read -r total free mount; do
  # The last line about a place is what is mounted there now.
  access=$(awk -v mount="$mount" '$2 == mount { options = $4 } END { print options ~ /^ro(,|$)/ ? "ro" : "rw" }' /proc/self/mounts)
  echo "$total $free $access $mount"
done >"$folder/answers/storage"
id -u >"$folder/answers/identity"
# A group that is named like the user says who the user is.
id -Gn | tr ' ' '\n' | sed "s/^$(id -un)\$/own/" | tr '\n' ' ' >>"$folder/answers/identity"
for node in /dev/video* /dev/media* /dev/nvhost* /dev/nvmap /dev/dri/render*; do
  [ ! -c "$node" ] || stat -c '%a %G %n' "$node" >>"$folder/answers/devices"
done
if command -v timedatectl >/dev/null; then
  timedatectl show -p NTPSynchronized --value >"$folder/answers/clock" 2>/dev/null || rm -f "$folder/answers/clock"
fi
# Names and buses of cameras, without links that hold serial numbers.
if command -v moead-edge >/dev/null; then
  moead-edge devices --json 2>/dev/null | sed 's/"links":\[[^]]*\]/"links":[]/g; s/"uri":"[^"]*"/"uri":null/g' \
    >"$folder/answers/cameras.json" || rm -f "$folder/answers/cameras.json"
fi
echo "recorded: $folder"
