//! A Jetson Orin Nano: every word.

use insta::assert_snapshot;

use super::json;
use crate::doctor::tests::Machine;

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
