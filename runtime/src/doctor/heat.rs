//! Temperature, and how far it is from where the machine slows itself down.

use super::board::Kind;
use super::finding::{Area, Finding};
use super::quantity::Temperature;
use super::root::Root;

const AREA: Area = Area::Heat;
const ZONES: &str = "sys/class/thermal";

/// Where a Raspberry Pi's firmware begins to lower clocks, of which the kernel's zones say nothing.
const PI_SLOWS: Temperature = Temperature(80_000);
/// Where no zone says anything: most silicon slows down between 85 and 105 °C.
const SLOWS: Temperature = Temperature(85_000);
/// As near to a limit as this is warm.
const MARGIN: i64 = 5_000;

pub(super) fn findings(root: &Root, kind: Kind) -> Vec<Finding> {
    let zones: Vec<_> =
        root.names(ZONES, "thermal_zone").iter().filter_map(|name| Zone::of(root, name, kind)).collect();
    let Some(hottest) = zones.iter().min_by_key(|zone| zone.margin()) else {
        return vec![Finding::note(AREA, "temperature", "not known: the kernel shows no sensor")];
    };
    let Zone { name, now, slows, stops } = hottest;
    let limits = match stops {
        Some(stops) if stops > slows => format!("slows down at {slows}, stops at {stops}"),
        _ => format!("slows down at {slows}"),
    };
    let value = format!("{now} at {name}; {limits}");
    let cool = "cool it: dust, the fan, the heat sink's contact, the air around the machine";
    vec![match hottest.margin() {
        _ if stops.is_some_and(|stops| now.0 >= stops.0.saturating_sub(MARGIN)) => {
            Finding::problem(AREA, "temperature", format!("{value}: about to switch itself off")).remedy(cool)
        }
        margin if margin <= 0 => Finding::warning(AREA, "temperature", format!("{value}: slowed down")).remedy(cool),
        margin if margin <= MARGIN => {
            Finding::warning(AREA, "temperature", format!("{value}: nearly there")).remedy(cool)
        }
        _ => Finding::ok(AREA, "temperature", value),
    }]
}

struct Zone {
    name: String,
    now: Temperature,
    slows: Temperature,
    stops: Option<Temperature>,
}

impl Zone {
    /// None for a zone whose sensor is off: reading it is an error on some Jetsons.
    fn of(root: &Root, name: &str, kind: Kind) -> Option<Self> {
        let path = |file: &str| format!("{ZONES}/{name}/{file}");
        let now = root.number(path("temp")).map(Temperature).filter(is_honest)?;
        let trips: Vec<_> = root.names(format!("{ZONES}/{name}"), "trip_point_");
        let trips = trips.iter().filter_map(|file| {
            let point = file.strip_suffix("_type")?;
            let at = root.number(path(&format!("{point}_temp"))).map(Temperature).filter(is_honest)?;
            Some((root.line(path(file))?, at))
        });
        let trips: Vec<_> = trips.collect();
        let lowest =
            |kinds: &[&str]| trips.iter().filter(|(kind, _)| kinds.contains(&kind.as_str())).map(|(_, at)| *at).min();
        let stops = lowest(&["critical"]);
        let told = lowest(&["passive", "hot"]);
        let assumed = if kind == Kind::RaspberryPi { PI_SLOWS } else { SLOWS };
        let slows = match kind {
            Kind::RaspberryPi => told.map_or(PI_SLOWS, |told| told.min(PI_SLOWS)),
            _ => told.or(stops).unwrap_or(assumed),
        };
        Some(Self { name: root.line(path("type")).unwrap_or_else(|| name.to_owned()), now, slows, stops })
    }

    fn margin(&self) -> i64 {
        self.slows.0 - self.now.0
    }
}

/// What silicon can have. Zero is a sensor that does not answer; trips that are switched off lie far outside.
fn is_honest(temperature: &Temperature) -> bool {
    (-60_000..=200_000).contains(&temperature.0) && temperature.0 != 0
}
