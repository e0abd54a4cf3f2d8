//! What is said where nothing can be read.

use insta::assert_snapshot;

use crate::doctor::tests::Machine;

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
