//! One fault each, in a machine that has none: what is told in addition, with its remedy.

use insta::assert_snapshot;

use super::{Machine, Root};
use crate::doctor::disturbances;

/// What the fault adds to the report.
fn told(name: &str, fault: impl Fn(&Machine)) -> String {
    let (whole, faulty) = (Machine::recorded(name), Machine::recorded(name));
    fault(&faulty);
    faulty.differs_from(&whole)
}

const PI: &str = "raspberry-pi-5";
const JETSON: &str = "jetson-orin-nano";
const PC: &str = "x86-virtual-machine";
const THROTTLED: &str = "sys/devices/platform/soc/soc:firmware/get_throttled";
const POLICY: &str = "sys/devices/system/cpu/cpufreq/policy0";

#[test]
fn a_weak_supply_now() {
    let told = told(PI, |pi| {
        pi.write(THROTTLED, "50005\n");
    });
    assert_snapshot!(told, @"
    heat
      problem  throttling  now: too little voltage, throttled; cameras drop out and cards are damaged
                           remedy: use the board's own power supply (a Raspberry Pi 5 wants 5 V and 5 A), a short thick cable, and a hub with a supply of its own for what is plugged in

    1 problem
      problem  heat: throttling
    ");
}

#[test]
fn a_weak_supply_by_the_kernels_alarm() {
    let told = told(PI, |pi| {
        pi.remove(THROTTLED).write("sys/class/hwmon/hwmon2/in0_lcrit_alarm", "1\n");
    });
    assert_snapshot!(told, @"
    heat
      problem  voltage  too little: cameras drop out and cards are damaged
                        remedy: use the board's own power supply (a Raspberry Pi 5 wants 5 V and 5 A), a short thick cable, and a hub with a supply of its own for what is plugged in

    1 problem
      problem  heat: voltage
    ");
}

#[test]
fn a_weak_supply_where_the_device_tree_is_newer() {
    let told = told(PI, |pi| {
        pi.remove(THROTTLED);
        pi.write("sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled", "20002\n");
        pi.write("proc/device-tree/chosen/power/max_current", 3000_u32.to_be_bytes());
    });
    assert_snapshot!(told, @"
    heat
      warning  throttling    now: the clock is capped
                             remedy: cool it: the fan, the heat sink's contact, the air around it
      warning  power supply  3000 mA, of the 5000 that the board wants: cameras and other USB devices share 600
                             remedy: use the board's own power supply (a Raspberry Pi 5 wants 5 V and 5 A), a short thick cable, and a hub with a supply of its own for what is plugged in

    2 warnings
      warning  heat: throttling
      warning  heat: power supply
    ");
}

#[test]
fn a_weak_supply_some_time_ago() {
    assert_snapshot!(told(PI, |pi| { pi.write(THROTTLED, "0x50000\n"); }), @"
    heat
      warning  throttling  since the start: too little voltage, throttled
                           remedy: use the board's own power supply (a Raspberry Pi 5 wants 5 V and 5 A), a short thick cable, and a hub with a supply of its own for what is plugged in

    1 warning
      warning  heat: throttling
    ");
}

#[test]
fn a_board_that_was_too_warm() {
    let told = told(PI, |pi| {
        pi.write(THROTTLED, "e0008\n").write("sys/class/thermal/thermal_zone0/temp", "82300\n");
    });
    assert_snapshot!(told, @"
    heat
      warning  temperature  82.3 °C at cpu-thermal; slows down at 80 °C, stops at 110 °C: slowed down
                            remedy: cool it: dust, the fan, the heat sink's contact, the air around the machine
      warning  throttling   now: the soft limit of the temperature is reached
                            remedy: cool it: the fan, the heat sink's contact, the air around it

    2 warnings
      warning  heat: temperature
      warning  heat: throttling
    ");
}

#[test]
fn a_governor_that_saves_power() {
    let told = told(PI, |pi| {
        pi.write(&format!("{POLICY}/scaling_governor"), "powersave\n");
    });
    assert_snapshot!(told, @"
    power
      warning  governor  powersave on cores 0-3: the clock stays at its lowest
                         remedy: `echo performance | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor`, until the next start

    1 warning
      warning  power: governor
    ");
}

#[test]
fn a_governor_of_the_same_name_that_does_not() {
    let told = told(PI, |pi| {
        pi.write(&format!("{POLICY}/scaling_governor"), "powersave\n");
        pi.write(&format!("{POLICY}/scaling_driver"), "intel_pstate\n");
        pi.write(&format!("{POLICY}/energy_performance_preference"), "power\n");
    });
    assert_snapshot!(told, @"
    power
      note     governor  powersave by intel_pstate on cores 0-3, told to save power
                         remedy: `echo balance_performance | sudo tee /sys/devices/system/cpu/cpufreq/policy*/energy_performance_preference`, until the next start

    1 note
    ");
}

#[test]
fn a_clock_that_is_capped() {
    let told = told(PI, |pi| {
        pi.write(&format!("{POLICY}/scaling_max_freq"), "1500000\n");
    });
    assert_snapshot!(told, @"
    power
      note     clock  1500 MHz now, at most 1500 of 2400 MHz, and fixed there on cores 0-3

    1 note
    ");
}

#[test]
fn a_jetson_in_its_slowest_mode() {
    let told = told(JETSON, |jetson| {
        jetson.write("var/lib/nvpmodel/status", "pmode:0003\n");
        jetson.write("sys/devices/system/cpu/online", "0-3\n");
        jetson.write("proc/self/status", "Cpus_allowed_list:\t0-3\n");
    });
    assert_snapshot!(told, @"
    cpu
      note     cores       4 of 6 are switched on
    power
      warning  power mode  7W, the slowest; the fastest is MAXN_SUPER
                           remedy: `sudo nvpmodel -m 2`, if the power supply and the cooling are made for it

    1 warning, 1 note
      warning  power: power mode
    ");
}

#[test]
fn a_jetson_whose_supply_is_too_weak() {
    let told = told(JETSON, |jetson| {
        jetson.write("sys/class/hwmon/hwmon2/oc1_event_cnt", "2\n");
        jetson.write("sys/class/hwmon/hwmon2/oc3_event_cnt", "37\n");
    });
    assert_snapshot!(told, @"
    heat
      warning  throttling  since the start: too little voltage (2 times), too much current at once (37 times)
                           remedy: use a supply for the watts of the power mode, or a lower mode: `sudo nvpmodel -q` tells which it is

    1 warning
      warning  heat: throttling
    ");
}

#[test]
fn a_jetson_without_its_packages() {
    let told = told(JETSON, |jetson| {
        jetson.remove("var/lib/dpkg/status").remove("usr/local/cuda/version.json");
        jetson
            .remove("usr/lib/aarch64-linux-gnu/libnvinfer.so.10")
            .remove("usr/lib/aarch64-linux-gnu/libnvinfer.so.10.3.0");
    });
    assert_snapshot!(told, @"
    graphics
      ok       JetPack   6.2, by its L4T; the package is not installed
      note     CUDA      not found: the graphics processor cannot be used with it
      note     TensorRT  not found: the graphics processor cannot be used with it
                         remedy: `sudo apt install nvidia-jetpack`

    2 notes, 1 ok
    ");
}

#[test]
fn a_board_about_to_switch_itself_off() {
    let told = told(JETSON, |jetson| {
        jetson.write("sys/class/thermal/thermal_zone8/temp", "101500\n");
    });
    assert_snapshot!(told, @"
    heat
      problem  temperature  101.5 °C at tj-thermal; slows down at 99 °C, stops at 104.5 °C: about to switch itself off
                            remedy: cool it: dust, the fan, the heat sink's contact, the air around the machine

    1 problem
      problem  heat: temperature
    ");
}

#[test]
fn a_disk_that_is_full_and_one_that_can_only_be_read() {
    let told = told(PI, |pi| {
        pi.write(
            "answers/storage",
            "31005945856 20480 rw /\n1000000000000 900000000 rw /mnt/results\n8000000000 4000000000 ro /srv\n",
        );
    });
    assert_snapshot!(told, @"
    storage
      problem  /             20 kB of 31 GB are free
                             remedy: make room: `sudo du -xh -d2 /` shows what takes it
      warning  /mnt/results  900 MB of 1.0 TB are free
                             remedy: make room: `sudo du -xh -d2 /mnt/results` shows what takes it
      problem  /srv          can only be read: no result can be written; 4.0 GB of 8.0 GB are free
                             remedy: `sudo dmesg | tail` says why, if it was not meant; then `sudo mount -o remount,rw /srv`

    2 problems, 1 warning
      warning  storage: /mnt/results
      problem  storage: /
      problem  storage: /srv
    ");
}

#[test]
fn a_user_outside_of_the_camera_group() {
    let told = told(PI, |pi| {
        pi.write("answers/identity", "1001\nown users\n");
    });
    assert_snapshot!(told, @r#"
    permissions
      problem  devices  /dev/video0 and 4 other nodes can be opened by the group video only, and this user is no member
                        remedy: `sudo usermod -aG video "$USER"`, then log in again; a service gets it with `SupplementaryGroups=video`

    1 problem
      problem  permissions: devices
    "#);
}

#[test]
fn a_user_who_may_not_reach_the_graphics_processor() {
    let told = told(JETSON, |jetson| {
        jetson.write("answers/identity", "1001\nown video\n");
    });
    assert_snapshot!(told, @r#"
    permissions
      problem  devices  /dev/dri/renderD128 can be opened by the group render only, and this user is no member
                        remedy: `sudo usermod -aG render "$USER"`, then log in again; a service gets it with `SupplementaryGroups=render`

    1 problem
      problem  permissions: devices
    "#);
}

#[test]
fn a_clock_that_nobody_sets() {
    let told = told(PI, |pi| {
        pi.remove("run/systemd/timesync/synchronized").remove("sys/class/rtc/rtc0/name");
        std::fs::remove_dir(pi.path("sys/class/rtc/rtc0")).unwrap();
    });
    assert_snapshot!(told, @"
    time
      warning  synchronisation  systemd-timesyncd has reached no time server since the start
                                remedy: `timedatectl timesync-status` says what it tries
      note     hardware clock   none: after a start the date is wrong until a time server is reached

    1 warning, 1 note
      warning  time: synchronisation
    ");
}

#[test]
fn a_clock_by_the_kernels_own_word() {
    assert_snapshot!(told(JETSON, |jetson| { jetson.write("answers/clock", "no\n"); }), @"
    time
      warning  synchronisation  the clock is not set by another one: dates in results drift, and are wrong after a start without a battery
                                remedy: `sudo timedatectl set-ntp true`, with a way to a time server

    1 warning
      warning  time: synchronisation
    ");
}

#[test]
fn a_clock_that_chrony_looks_after() {
    assert_snapshot!(told(PC, |pc| { pc.write("run/chrony/chronyd.pid", "1\n"); }), @"
    time
      note     synchronisation  chronyd runs; whether it succeeds is known to it alone
                                remedy: `chronyc tracking` asks it

    1 note
    ");
}

#[test]
fn a_machine_without_memory_to_spare() {
    let told = told(PI, |pi| {
        pi.write("proc/meminfo", "MemTotal: 945632 kB\nMemAvailable: 110000 kB\n");
        pi.write("proc/swaps", "Filename Type Size Used Priority\n/var/swap file 102396 90000 -2\n");
        pi.write("proc/vmstat", "nr_free_pages 1\noom_kill 3\n");
    });
    assert_snapshot!(told, @"
    memory
      warning  memory         113 MB of 968 MB are free: too little for a model and pictures
                              remedy: close other programs: `ps -eo rss,comm --sort=-rss | head` lists the largest
      warning  swap           105 MB on a disk, 92 MB used: what is on the disk comes back late
                              remedy: swap later: `sudo sysctl vm.swappiness=10`; or close other programs
      warning  out of memory  the kernel has killed 3 processes since the start
                              remedy: `sudo dmesg | grep -i 'killed process'` says which

    3 warnings
      warning  memory: memory
      warning  memory: swap
      warning  memory: out of memory
    ");
}

#[test]
fn a_service_with_limits() {
    let told = told(PI, |pi| {
        pi.write("sys/fs/cgroup/group1/cpu.max", "150000 100000\n");
        pi.write("sys/fs/cgroup/group1/memory.max", "200000000\n");
        pi.write("proc/self/status", "Cpus_allowed_list:\t0,2\n");
    });
    assert_snapshot!(told, @"
    cpu
      note     allowed cores  this process may use 2 of 4 cores
                              remedy: `CPUAffinity=` of a service or `taskset` says which
      warning  cpu quota      this process may use the time of 1.50 of 4 cores; beyond that it is stopped for a while
                              remedy: raise `CPUQuota=` of the service, or `--cpus` of the container, and give the engine no more threads than that
    memory
      warning  memory limit   this process is killed when it takes more than 200 MB
                              remedy: raise `MemoryMax=` of the service, or `--memory` of the container

    2 warnings, 1 note
      warning  cpu: cpu quota
      warning  memory: memory limit
    ");
}

#[test]
fn a_service_that_is_not_shown_the_processor() {
    assert_snapshot!(told(PI, |pi| { pi.remove("proc/cpuinfo"); }), @"
    cpu
      warning  processor  not known: /proc/cpuinfo cannot be read, and engines that look there choose slower kernels
                          remedy: a service with `ProcSubset=pid` is not shown it: take that line out

    1 warning
      warning  cpu: processor
    ");
}

#[test]
fn a_busy_machine() {
    assert_snapshot!(told(PI, |pi| { pi.write("proc/loadavg", "7.91 5.02 3.00 9/201 1234\n"); }), @"
    cpu
      note     load  7.91 over a minute, on 4 cores: programs wait for each other
                     remedy: `top` shows which program it is

    1 note
    ");
}

#[test]
fn what_disturbs_a_measurement() {
    let pi = Machine::recorded(PI);
    let facts = || -> Vec<String> {
        let root = Root::recorded(&pi.path("")).unwrap();
        disturbances(&root).into_iter().map(|finding| finding.fact).collect()
    };
    assert_eq!(facts(), [""; 0]);
    pi.write("proc/loadavg", "9.50 7.00 5.00 3/200 4000\n");
    pi.write(&format!("{POLICY}/scaling_governor"), "powersave\n");
    pi.write(THROTTLED, "50005\n");
    assert_eq!(facts(), ["load", "governor", "throttling"]);
}
