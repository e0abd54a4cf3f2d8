//! A virtual machine on x86: every word.

use insta::assert_snapshot;

use super::json;
use crate::doctor::tests::Machine;

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
