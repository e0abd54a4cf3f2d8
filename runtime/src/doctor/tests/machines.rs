//! Machines as they were recorded: every word of the report.

use insta::assert_snapshot;

use super::Machine;
use crate::sinks::findings;

fn json(machine: &Machine) -> String {
    serde_json::to_string_pretty(&findings::json(&machine.findings())).unwrap()
}

#[test]
fn a_jetson_orin_nano() {
    assert_snapshot!(Machine::recorded("jetson-orin-nano").text(), @"
    board
      ok       model            NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super
      ok       compatible       nvidia,p3768-0000+p3767-0005-super, nvidia,p3767-0005, nvidia,tegra234
    system
      ok       name             Ubuntu 22.04.5 LTS
      ok       kernel           Linux 5.15.148-tegra
    cpu
      ok       processor        6 x Cortex-A78AE
      ok       instructions     asimd asimdhp asimddp
      ok       cores            6
      ok       load             0.42 over a minute, on 6 cores
    memory
      ok       memory           6.0 GB of 8.0 GB are free
      ok       swap             4.0 GB in compressed memory, 0 bytes used (6 areas)
    storage
      ok       /                91 GB of 125 GB are free
    graphics
      ok       L4T              36.4.3
      ok       JetPack          6.2+b77
      ok       driver           540.4.0
      ok       CUDA             12.6.11
      ok       cuDNN            9.3.0
      ok       TensorRT         10.3.0
    power
      ok       power mode       MAXN_SUPER
      ok       governor         schedutil on cores 0-5
      ok       clock            729 to 1190 MHz now, at most 1728 MHz on cores 0-5
      ok       graphics clock   306 MHz now, at most 1020 MHz
    heat
      ok       temperature      49.1 °C at gpu-thermal; slows down at 99 °C, stops at 104.5 °C
      ok       throttling       none since the start
    time
      ok       synchronisation  the clock is set by another one
      ok       hardware clock   nvvrs_pseq nvvrs_pseq-rtc
    watchdog
      ok       watchdog         NVIDIA Tegra186 WDT, restarts after 120 s
    cameras
      note     cameras          none that can be used
      note     /dev/video0      vi-output, imx219 9-0010: not a camera but the raw node of a sensor on a Jetson (driver tegra-video; formats RG10)
    permissions
      ok       devices          this user may open all that a run needs

    2 notes, 27 ok
    ");
}

#[test]
fn a_raspberry_pi_5() {
    assert_snapshot!(Machine::recorded("raspberry-pi-5").text(), @"
    board
      ok       model               Raspberry Pi 5 Model B Rev 1.0
      ok       compatible          raspberrypi,5-model-b, brcm,bcm2712
    system
      ok       name                Debian GNU/Linux 12 (bookworm)
      ok       kernel              Linux 6.6.51+rpt-rpi-2712
    cpu
      ok       processor           4 x Cortex-A76
      ok       instructions        asimd asimdhp asimddp
      ok       cores               4
      ok       load                0.08 over a minute, on 4 cores
    memory
      ok       memory              7.5 GB of 8.4 GB are free
      ok       swap                105 MB on a disk, 0 bytes used (1 area)
    storage
      ok       /                   25 GB of 31 GB are free
    graphics
      ok       graphics processor  none with an NVIDIA driver: models run on the CPU
    power
      ok       governor            ondemand on cores 0-3
      ok       clock               1500 MHz now, at most 2400 MHz on cores 0-3
    heat
      ok       temperature         48 °C at cpu-thermal; slows down at 80 °C, stops at 110 °C
      ok       throttling          none since the start
      ok       power supply        5000 mA
    time
      ok       synchronisation     the clock is set by systemd-timesyncd
      ok       hardware clock      rpi-rtc soc:rpi_rtc
    watchdog
      note     watchdog            Broadcom BCM2835 Watchdog timer, switched off
                                   remedy: a service manager feeds it: `RuntimeWatchdogSec=30` in /etc/systemd/system.conf, then `sudo systemctl daemon-reexec`
    cameras
      ok       /dev/video0         HD Webcam: HD Webcam
      note     /dev/video19        rpi-hevc-dec: not a camera: a codec, which changes pictures (driver rpi-hevc-dec)
    permissions
      ok       devices             this user may open all that a run needs

    2 notes, 21 ok
    ");
}

#[test]
fn a_virtual_machine() {
    assert_snapshot!(Machine::recorded("x86-virtual-machine").text(), @"
    board
      note     model               not known: neither a device tree nor firmware names it
      note     virtualisation      virtual machine: times vary with what else its host does
      note     container           container: cameras and graphics processors are seen only if they were handed in
    system
      ok       name                Debian GNU/Linux 12 (bookworm)
      ok       kernel              Linux 6.18.44-fc-v595
    cpu
      ok       processor           AMD EPYC
      ok       instructions        avx2 fma f16c avx512f avx512_vnni
      ok       cores               2
      note     load                12.01 over a minute, on 2 cores: programs wait for each other
                                   remedy: `top` shows which program it is
    memory
      ok       memory              19 GB of 25 GB are free
      ok       swap                none
    storage
      ok       /                   43 GB of 271 GB are free
    graphics
      ok       graphics processor  none with an NVIDIA driver: models run on the CPU
    heat
      note     temperature         not known: the kernel shows no sensor
    time
      note     synchronisation     not known: a container is not shown what sets the clock of its host
    watchdog
      note     watchdog            none: nothing restarts this machine when its kernel hangs
    cameras
      note     cameras             were not asked
    permissions
      ok       user                root, who may open everything; a service needs its own user and groups

    8 notes, 10 ok
    ");
}

#[test]
fn a_jetson_orin_nano_for_programs() {
    assert_snapshot!(json(&Machine::recorded("jetson-orin-nano")), @r#"
    {
      "schema": 1,
      "worst": "note",
      "counts": {
        "ok": 27,
        "note": 2,
        "warning": 0,
        "problem": 0
      },
      "findings": [
        {
          "area": "board",
          "fact": "model",
          "state": "ok",
          "value": "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super",
          "remedy": null
        },
        {
          "area": "board",
          "fact": "compatible",
          "state": "ok",
          "value": "nvidia,p3768-0000+p3767-0005-super, nvidia,p3767-0005, nvidia,tegra234",
          "remedy": null
        },
        {
          "area": "system",
          "fact": "name",
          "state": "ok",
          "value": "Ubuntu 22.04.5 LTS",
          "remedy": null
        },
        {
          "area": "system",
          "fact": "kernel",
          "state": "ok",
          "value": "Linux 5.15.148-tegra",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "processor",
          "state": "ok",
          "value": "6 x Cortex-A78AE",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "instructions",
          "state": "ok",
          "value": "asimd asimdhp asimddp",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "cores",
          "state": "ok",
          "value": "6",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "load",
          "state": "ok",
          "value": "0.42 over a minute, on 6 cores",
          "remedy": null
        },
        {
          "area": "memory",
          "fact": "memory",
          "state": "ok",
          "value": "6.0 GB of 8.0 GB are free",
          "remedy": null
        },
        {
          "area": "memory",
          "fact": "swap",
          "state": "ok",
          "value": "4.0 GB in compressed memory, 0 bytes used (6 areas)",
          "remedy": null
        },
        {
          "area": "storage",
          "fact": "/",
          "state": "ok",
          "value": "91 GB of 125 GB are free",
          "remedy": null
        },
        {
          "area": "graphics",
          "fact": "L4T",
          "state": "ok",
          "value": "36.4.3",
          "remedy": null
        },
        {
          "area": "graphics",
          "fact": "JetPack",
          "state": "ok",
          "value": "6.2+b77",
          "remedy": null
        },
        {
          "area": "graphics",
          "fact": "driver",
          "state": "ok",
          "value": "540.4.0",
          "remedy": null
        },
        {
          "area": "graphics",
          "fact": "CUDA",
          "state": "ok",
          "value": "12.6.11",
          "remedy": null
        },
        {
          "area": "graphics",
          "fact": "cuDNN",
          "state": "ok",
          "value": "9.3.0",
          "remedy": null
        },
        {
          "area": "graphics",
          "fact": "TensorRT",
          "state": "ok",
          "value": "10.3.0",
          "remedy": null
        },
        {
          "area": "power",
          "fact": "power mode",
          "state": "ok",
          "value": "MAXN_SUPER",
          "remedy": null
        },
        {
          "area": "power",
          "fact": "governor",
          "state": "ok",
          "value": "schedutil on cores 0-5",
          "remedy": null
        },
        {
          "area": "power",
          "fact": "clock",
          "state": "ok",
          "value": "729 to 1190 MHz now, at most 1728 MHz on cores 0-5",
          "remedy": null
        },
        {
          "area": "power",
          "fact": "graphics clock",
          "state": "ok",
          "value": "306 MHz now, at most 1020 MHz",
          "remedy": null
        },
        {
          "area": "heat",
          "fact": "temperature",
          "state": "ok",
          "value": "49.1 °C at gpu-thermal; slows down at 99 °C, stops at 104.5 °C",
          "remedy": null
        },
        {
          "area": "heat",
          "fact": "throttling",
          "state": "ok",
          "value": "none since the start",
          "remedy": null
        },
        {
          "area": "time",
          "fact": "synchronisation",
          "state": "ok",
          "value": "the clock is set by another one",
          "remedy": null
        },
        {
          "area": "time",
          "fact": "hardware clock",
          "state": "ok",
          "value": "nvvrs_pseq nvvrs_pseq-rtc",
          "remedy": null
        },
        {
          "area": "watchdog",
          "fact": "watchdog",
          "state": "ok",
          "value": "NVIDIA Tegra186 WDT, restarts after 120 s",
          "remedy": null
        },
        {
          "area": "cameras",
          "fact": "cameras",
          "state": "note",
          "value": "none that can be used",
          "remedy": null
        },
        {
          "area": "cameras",
          "fact": "/dev/video0",
          "state": "note",
          "value": "vi-output, imx219 9-0010: not a camera but the raw node of a sensor on a Jetson (driver tegra-video; formats RG10)",
          "remedy": null
        },
        {
          "area": "permissions",
          "fact": "devices",
          "state": "ok",
          "value": "this user may open all that a run needs",
          "remedy": null
        }
      ]
    }
    "#);
}

#[test]
fn a_raspberry_pi_5_for_programs() {
    assert_snapshot!(json(&Machine::recorded("raspberry-pi-5")), @r#"
    {
      "schema": 1,
      "worst": "note",
      "counts": {
        "ok": 21,
        "note": 2,
        "warning": 0,
        "problem": 0
      },
      "findings": [
        {
          "area": "board",
          "fact": "model",
          "state": "ok",
          "value": "Raspberry Pi 5 Model B Rev 1.0",
          "remedy": null
        },
        {
          "area": "board",
          "fact": "compatible",
          "state": "ok",
          "value": "raspberrypi,5-model-b, brcm,bcm2712",
          "remedy": null
        },
        {
          "area": "system",
          "fact": "name",
          "state": "ok",
          "value": "Debian GNU/Linux 12 (bookworm)",
          "remedy": null
        },
        {
          "area": "system",
          "fact": "kernel",
          "state": "ok",
          "value": "Linux 6.6.51+rpt-rpi-2712",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "processor",
          "state": "ok",
          "value": "4 x Cortex-A76",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "instructions",
          "state": "ok",
          "value": "asimd asimdhp asimddp",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "cores",
          "state": "ok",
          "value": "4",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "load",
          "state": "ok",
          "value": "0.08 over a minute, on 4 cores",
          "remedy": null
        },
        {
          "area": "memory",
          "fact": "memory",
          "state": "ok",
          "value": "7.5 GB of 8.4 GB are free",
          "remedy": null
        },
        {
          "area": "memory",
          "fact": "swap",
          "state": "ok",
          "value": "105 MB on a disk, 0 bytes used (1 area)",
          "remedy": null
        },
        {
          "area": "storage",
          "fact": "/",
          "state": "ok",
          "value": "25 GB of 31 GB are free",
          "remedy": null
        },
        {
          "area": "graphics",
          "fact": "graphics processor",
          "state": "ok",
          "value": "none with an NVIDIA driver: models run on the CPU",
          "remedy": null
        },
        {
          "area": "power",
          "fact": "governor",
          "state": "ok",
          "value": "ondemand on cores 0-3",
          "remedy": null
        },
        {
          "area": "power",
          "fact": "clock",
          "state": "ok",
          "value": "1500 MHz now, at most 2400 MHz on cores 0-3",
          "remedy": null
        },
        {
          "area": "heat",
          "fact": "temperature",
          "state": "ok",
          "value": "48 °C at cpu-thermal; slows down at 80 °C, stops at 110 °C",
          "remedy": null
        },
        {
          "area": "heat",
          "fact": "throttling",
          "state": "ok",
          "value": "none since the start",
          "remedy": null
        },
        {
          "area": "heat",
          "fact": "power supply",
          "state": "ok",
          "value": "5000 mA",
          "remedy": null
        },
        {
          "area": "time",
          "fact": "synchronisation",
          "state": "ok",
          "value": "the clock is set by systemd-timesyncd",
          "remedy": null
        },
        {
          "area": "time",
          "fact": "hardware clock",
          "state": "ok",
          "value": "rpi-rtc soc:rpi_rtc",
          "remedy": null
        },
        {
          "area": "watchdog",
          "fact": "watchdog",
          "state": "note",
          "value": "Broadcom BCM2835 Watchdog timer, switched off",
          "remedy": "a service manager feeds it: `RuntimeWatchdogSec=30` in /etc/systemd/system.conf, then `sudo systemctl daemon-reexec`"
        },
        {
          "area": "cameras",
          "fact": "/dev/video0",
          "state": "ok",
          "value": "HD Webcam: HD Webcam",
          "remedy": null
        },
        {
          "area": "cameras",
          "fact": "/dev/video19",
          "state": "note",
          "value": "rpi-hevc-dec: not a camera: a codec, which changes pictures (driver rpi-hevc-dec)",
          "remedy": null
        },
        {
          "area": "permissions",
          "fact": "devices",
          "state": "ok",
          "value": "this user may open all that a run needs",
          "remedy": null
        }
      ]
    }
    "#);
}

#[test]
fn a_virtual_machine_for_programs() {
    assert_snapshot!(json(&Machine::recorded("x86-virtual-machine")), @r#"
    {
      "schema": 1,
      "worst": "note",
      "counts": {
        "ok": 10,
        "note": 8,
        "warning": 0,
        "problem": 0
      },
      "findings": [
        {
          "area": "board",
          "fact": "model",
          "state": "note",
          "value": "not known: neither a device tree nor firmware names it",
          "remedy": null
        },
        {
          "area": "board",
          "fact": "virtualisation",
          "state": "note",
          "value": "virtual machine: times vary with what else its host does",
          "remedy": null
        },
        {
          "area": "board",
          "fact": "container",
          "state": "note",
          "value": "container: cameras and graphics processors are seen only if they were handed in",
          "remedy": null
        },
        {
          "area": "system",
          "fact": "name",
          "state": "ok",
          "value": "Debian GNU/Linux 12 (bookworm)",
          "remedy": null
        },
        {
          "area": "system",
          "fact": "kernel",
          "state": "ok",
          "value": "Linux 6.18.44-fc-v595",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "processor",
          "state": "ok",
          "value": "AMD EPYC",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "instructions",
          "state": "ok",
          "value": "avx2 fma f16c avx512f avx512_vnni",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "cores",
          "state": "ok",
          "value": "2",
          "remedy": null
        },
        {
          "area": "cpu",
          "fact": "load",
          "state": "note",
          "value": "12.01 over a minute, on 2 cores: programs wait for each other",
          "remedy": "`top` shows which program it is"
        },
        {
          "area": "memory",
          "fact": "memory",
          "state": "ok",
          "value": "19 GB of 25 GB are free",
          "remedy": null
        },
        {
          "area": "memory",
          "fact": "swap",
          "state": "ok",
          "value": "none",
          "remedy": null
        },
        {
          "area": "storage",
          "fact": "/",
          "state": "ok",
          "value": "43 GB of 271 GB are free",
          "remedy": null
        },
        {
          "area": "graphics",
          "fact": "graphics processor",
          "state": "ok",
          "value": "none with an NVIDIA driver: models run on the CPU",
          "remedy": null
        },
        {
          "area": "heat",
          "fact": "temperature",
          "state": "note",
          "value": "not known: the kernel shows no sensor",
          "remedy": null
        },
        {
          "area": "time",
          "fact": "synchronisation",
          "state": "note",
          "value": "not known: a container is not shown what sets the clock of its host",
          "remedy": null
        },
        {
          "area": "watchdog",
          "fact": "watchdog",
          "state": "note",
          "value": "none: nothing restarts this machine when its kernel hangs",
          "remedy": null
        },
        {
          "area": "cameras",
          "fact": "cameras",
          "state": "note",
          "value": "were not asked",
          "remedy": null
        },
        {
          "area": "permissions",
          "fact": "user",
          "state": "ok",
          "value": "root, who may open everything; a service needs its own user and groups",
          "remedy": null
        }
      ]
    }
    "#);
}

#[test]
fn a_machine_with_nothing() {
    assert_snapshot!(Machine::empty().text(), @"
    board
      note     model               not known: neither a device tree nor firmware names it
    system
      note     name                not known: there is no /etc/os-release
    cpu
      warning  processor           not known: /proc/cpuinfo cannot be read, and engines that look there choose slower kernels
                                   remedy: a service with `ProcSubset=pid` is not shown it: take that line out
    memory
      note     memory              not known: /proc/meminfo cannot be read
    graphics
      ok       graphics processor  none with an NVIDIA driver: models run on the CPU
    heat
      note     temperature         not known: the kernel shows no sensor
    time
      warning  synchronisation     the clock is not set by another one: dates in results drift, and are wrong after a start without a battery
                                   remedy: `sudo timedatectl set-ntp true`, with a way to a time server
      note     hardware clock      none: after a start the date is wrong until a time server is reached
    watchdog
      note     watchdog            none: nothing restarts this machine when its kernel hangs
    cameras
      note     cameras             were not asked

    2 warnings, 7 notes, 1 ok
      warning  cpu: processor
      warning  time: synchronisation
    ");
}
