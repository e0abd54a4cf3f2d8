//! One thing that is known about the machine, and whether it is as it should be.

/// What a finding is about, in the order in which a report goes through the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Which computer it is.
    Board,
    /// Operating system and kernel.
    System,
    /// Processor, cores, instructions.
    Cpu,
    /// Memory and swap.
    Memory,
    /// Where results are written.
    Storage,
    /// Graphics processor and the libraries that reach it.
    Graphics,
    /// Power mode and clocks.
    Power,
    /// Temperature and throttling.
    Heat,
    /// Whether dates can be believed.
    Time,
    /// What restarts a machine that hangs.
    Watchdog,
    /// Where pictures come from.
    Cameras,
    /// What the user may open.
    Permissions,
    /// What runs the model.
    Engines,
}

impl Area {
    /// As in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::System => "system",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Storage => "storage",
            Self::Graphics => "graphics",
            Self::Power => "power",
            Self::Heat => "heat",
            Self::Time => "time",
            Self::Watchdog => "watchdog",
            Self::Cameras => "cameras",
            Self::Permissions => "permissions",
            Self::Engines => "engines",
        }
    }
}

/// How a finding is to be taken. Later is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Ok,
    /// Good to know; nothing has to be done.
    Note,
    /// Works, and slower, or not for long, or not always.
    Warning,
    /// Inspection fails, or results cannot be relied on.
    Problem,
}

impl State {
    /// All of them, the worst last.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Note, Self::Warning, Self::Problem];

    /// As in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One thing that is known. `value` and `remedy` may hold the machine's own text, with whatever is in it: who prints them
/// escapes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub area: Area,
    /// Which fact: a few words that stay the same, for programs too. A camera's path or an engine's name where there are several.
    pub fact: String,
    /// How to take it.
    pub state: State,
    /// What was found, and what that means where it is not plain.
    pub value: String,
    /// What to do. Commands stand in backticks.
    pub remedy: Option<String>,
}

impl Finding {
    /// A finding without a remedy.
    pub fn new(area: Area, fact: impl Into<String>, state: State, value: impl Into<String>) -> Self {
        Self { area, fact: fact.into(), state, value: value.into(), remedy: None }
    }

    /// As it should be.
    pub fn ok(area: Area, fact: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(area, fact, State::Ok, value)
    }

    /// Good to know.
    pub fn note(area: Area, fact: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(area, fact, State::Note, value)
    }

    /// Works, and not as well as it could.
    pub fn warning(area: Area, fact: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(area, fact, State::Warning, value)
    }

    /// Does not work.
    pub fn problem(area: Area, fact: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(area, fact, State::Problem, value)
    }

    /// With what can be done about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// The worst state of all; [`State::Ok`] without findings.
pub fn worst(findings: &[Finding]) -> State {
    findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok)
}

/// Whether text from the machine can stand in a command without being anything but a name there: letters, digits, `_`, `-`, `.`
/// and `/`, and not a flag.
pub fn is_plain(name: &str) -> bool {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-./".contains(character);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_is_more() {
        assert!(State::ALL.is_sorted());
        assert_eq!(worst(&[]), State::Ok);
        let finding = |state| Finding::new(Area::Board, "x", state, "y");
        assert_eq!(worst(&[finding(State::Note), finding(State::Problem), finding(State::Ok)]), State::Problem);
    }

    #[test]
    fn a_plain_name_is_nothing_else_to_a_shell() {
        assert!(is_plain("video") && is_plain("/var/lib/moead-1.0"));
        for name in ["", "-rf", "a b", "a;b", "$(a)", "a`b", "a\nb", "ü"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
