//! Where program, model and settings lie on a system: below a release's folder, or where a distribution wants them.

use moead_bundle::release;

/// Absolute paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// The executable.
    pub program: &'static str,
    /// The model file.
    pub model: &'static str,
    /// What profile and maker say.
    pub settings: &'static str,
}

/// Of a release: through `current`, so that one rename switches all of it.
pub const RELEASE: Places = Places {
    program: "/opt/moead/current/moead-edge",
    model: "/opt/moead/current/model.onnx",
    settings: "/opt/moead/current/edge.env",
};

/// Of a distribution's package, and inside a container.
pub const PACKAGE: Places = Places {
    program: "/usr/bin/moead-edge",
    model: "/usr/share/moead-edge/model.onnx",
    settings: "/usr/share/moead-edge/edge.env",
};

/// The site's own settings, which are read last, wherever the rest lies.
pub const SITE_SETTINGS: &str = release::SITE_SETTINGS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_reached_through_current() {
        let current = format!("{}/{}", release::ROOT, release::CURRENT);
        let expected = [release::PROGRAM, release::MODEL, release::SETTINGS].map(|name| format!("{current}/{name}"));
        assert_eq!([RELEASE.program, RELEASE.model, RELEASE.settings].map(str::to_owned), expected);
    }
}
