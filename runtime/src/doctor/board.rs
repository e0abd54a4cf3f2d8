//! Which computer this is.

use super::finding::{Area, Finding};
use super::root::{Root, cut};

/// The computer, as far as it says what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// Its name, by its maker.
    pub model: Option<String>,
    /// Whether it is one of those that have ways of their own.
    pub kind: Kind,
    /// What stands between this process and it.
    pub shelter: Shelter,
}

/// What stands between a process and the computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelter {
    /// Nothing.
    Bare,
    /// Another machine, which has the clock and the devices.
    VirtualMachine,
    /// A part of the machine's files, which may hide what runs beside it. In a virtual machine too.
    Container,
}

/// Boards whose power and heat are told in places of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// NVIDIA Jetson.
    Jetson,
    /// Raspberry Pi.
    RaspberryPi,
    /// Any other.
    Other,
}

impl Board {
    /// As the device tree says, or on PCs the firmware.
    pub fn of(root: &Root) -> Self {
        // Names between zeros, the most exact first: `nvidia,p3768-0000+p3767-0005`, then `nvidia,tegra234`.
        let compatible = root.text("proc/device-tree/compatible").unwrap_or_default();
        let is_a = |prefix: &str| compatible.split('\0').any(|name| name.starts_with(prefix));
        let kind = match () {
            () if is_a("nvidia,tegra") || root.has("etc/nv_tegra_release") => Kind::Jetson,
            () if is_a("raspberrypi,") => Kind::RaspberryPi,
            () => Kind::Other,
        };
        let shelter = match () {
            () if root.has(".dockerenv") || root.has("run/.containerenv") => Shelter::Container,
            () if is_virtual(root) => Shelter::VirtualMachine,
            () => Shelter::Bare,
        };
        Self { model: root.line("proc/device-tree/model").or_else(|| firmware_name(root)), kind, shelter }
    }

    pub(super) fn findings(&self, root: &Root) -> Vec<Finding> {
        const AREA: Area = Area::Board;
        let mut findings = vec![match &self.model {
            Some(model) => Finding::ok(AREA, "model", model),
            None => Finding::note(AREA, "model", "not known: neither a device tree nor firmware names it"),
        }];
        if let Some(compatible) = root.text("proc/device-tree/compatible") {
            let names: Vec<_> = compatible.split('\0').filter(|name| !name.is_empty()).collect();
            if !names.is_empty() {
                findings.push(Finding::ok(AREA, "compatible", cut(&names.join(", "))));
            }
        }
        if is_virtual(root) {
            let text = "virtual machine: times vary with what else its host does";
            findings.push(Finding::note(AREA, "virtualisation", text));
        }
        if self.shelter == Shelter::Container {
            let text = "container: cameras and graphics processors are seen only if they were handed in";
            findings.push(Finding::note(AREA, "container", text));
        }
        findings
    }
}

/// Maker and product of a PC. Firmware that was never filled in says so in words, which are no name.
fn firmware_name(root: &Root) -> Option<String> {
    let line = |name: &str| root.line(format!("sys/class/dmi/id/{name}"));
    let is_name = |text: &String| !text.starts_with("To Be Filled") && !text.starts_with("Default string");
    let product = line("product_name").filter(is_name).or_else(|| line("board_name").filter(is_name))?;
    let maker = line("sys_vendor").filter(is_name).filter(|maker| !product.starts_with(maker));
    Some(maker.map_or_else(|| product.clone(), |maker| format!("{maker} {product}")))
}

fn is_virtual(root: &Root) -> bool {
    let cpu = root.text("proc/cpuinfo").unwrap_or_default();
    let has_flag = |line: &str| line.starts_with("flags") && line.split_whitespace().any(|flag| flag == "hypervisor");
    cpu.lines().any(has_flag) || root.line("sys/class/dmi/id/sys_vendor").is_some_and(|vendor| vendor == "QEMU")
}
