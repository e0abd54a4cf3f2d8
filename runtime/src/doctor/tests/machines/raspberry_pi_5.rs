//! A Raspberry Pi 5: every word.

use insta::assert_snapshot;

use super::json;
use crate::doctor::tests::Machine;

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
