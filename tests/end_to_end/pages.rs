//! Reports in a real browser.

use std::path::Path;

use moead_tests::browser::Browser;

/// Opens a page and sees to it that it asked for itself and nothing else.
pub(crate) fn look_at(browser: &mut Browser, page: &Path, screenshot: &str) {
    let address = format!("file://{}", page.display());
    browser.requests.clear();
    browser.navigate(&address);
    browser.wait_for("document.readyState === 'complete' && document.querySelector('main') !== null");
    // Those further down are not decoded before they are seen.
    browser.wait_for(
        "[...document.images].every((image) => (image.loading = 'eager') && image.complete && image.naturalWidth > 0)",
    );
    let foreign: Vec<_> =
        browser.requests.iter().filter(|asked| **asked != address && !asked.starts_with("data:image/jpeg;")).collect();
    assert!(foreign.is_empty() && browser.requests.contains(&address), "{foreign:?}");
    assert_eq!(browser.complaints, [""; 0]);
    let sizes = browser.evaluate("[document.documentElement.scrollWidth, innerWidth]");
    assert_eq!(sizes[0], sizes[1], "nothing is cut off at the side");
    browser.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(screenshot), true);
}
