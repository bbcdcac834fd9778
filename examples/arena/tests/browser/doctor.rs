//! The doctor on the page.

use super::setup::{PATIENCE, PHONE, Setup, assert_quiet, photograph, text};

#[test]
fn the_page_shows_each_step_and_what_is_wrong() {
    let setup = Setup::new();
    let page = setup.tab(&format!("doctor&server={}", setup.server()), PHONE);
    page.wait_for(
        "document.getElementById('doctor-note').textContent === 'All is well.'",
        PATIENCE,
    )
    .unwrap();
    let steps = text(&page, "doctor-steps");
    for step in ["websocket", "signaling", "room", "clock", "nat"] {
        assert!(steps.contains(step), "{step} is not in {steps}");
    }
    photograph(&page, "doctor-well");
    assert_quiet(&page);

    // A path that leads nowhere: the page cannot tell.
    let page = setup.tab(&format!("doctor&server={}/elsewhere", setup.server()), PHONE);
    page.wait_for("document.getElementById('doctor-note').textContent === '1 found'", PATIENCE)
        .unwrap();
    let steps = text(&page, "doctor-steps");
    assert!(steps.contains("path") && steps.contains("certificate"), "{steps}");
    photograph(&page, "doctor-path");
}
