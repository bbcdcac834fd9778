//! Invitations: shown, copied, shared and scanned, on a page of its own and in a frame of another site.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use browser_driver::{Page, Site};

use super::setup::{
    DESKTOP, IN_LOBBY, PATIENCE, PHONE, READY, SMALL, Setup, assert_quiet, built_with, framed,
    photograph, plays, press, text,
};

/// The page of a game on a site that has it in a frame.
const ADDRESS: &str = "https://somebody.itch.io/arena";

/// What itch.io lets a page in its frame do: to share, but not to write to the clipboard.
const LIKE_ITCH: &str = "allow=\"autoplay; fullscreen *; geolocation; microphone; camera; midi; monetization; \
     xr-spatial-tracking; gamepad; gyroscope; accelerometer; xr; cross-origin-isolated; web-share\" \
     allowfullscreen=\"true\" scrolling=\"no\"";

/// As little as the page needs.
const SANDBOXED: &str = "sandbox=\"allow-scripts allow-same-origin allow-forms\"";

/// The page in the frame of a site, which is on another origin.
fn in_frame(setup: &Setup, site: &Site, size: (u32, u32)) -> Page {
    // Both hosts are trustworthy to a browser, as those with https are: otherwise there is no clipboard at all.
    let page = setup.open(&site.url("").replace("127.0.0.1", "localhost"), size);
    page.enter_frame().unwrap();
    page.wait_for(READY, PATIENCE).unwrap();
    page
}

#[test]
fn a_page_in_a_frame_invites_to_the_site_around_it_and_is_joined_by_a_code() {
    let setup = Setup::new();
    let built = built_with(&[("netplay-servers", &setup.server()), ("netplay-invite", ADDRESS)]);
    for (attributes, size, name) in
        [(LIKE_ITCH, DESKTOP, "frame-desktop"), (SANDBOXED, PHONE, "frame-phone")]
    {
        let [drawn, undrawn] = ["autopilot", "autopilot&undrawn"]
            .map(|parameters| framed(&built.url(parameters), attributes));
        let page = in_frame(&setup, &drawn, size);
        press(&page, "#go");
        page.wait_for(IN_LOBBY, PATIENCE).unwrap();
        assert_eq!(text(&page, "link"), ADDRESS);
        let typed = text(&page, "typed");
        // The page is built with the server: nobody has to type it.
        let code = typed.strip_prefix("Room: ").unwrap();
        photograph(&page, name);

        press(&page, "#copy");
        page.wait_for("document.getElementById('copy').textContent !== 'Copy'", PATIENCE).unwrap();
        let selected = page.run("return String(getSelection());").unwrap();
        let selected = selected.as_str().unwrap();
        assert!(selected.contains(ADDRESS) && selected.contains(&typed), "{selected:?}");

        let other = in_frame(&setup, &undrawn, SMALL);
        // As it may be written down.
        let (first, second) = code.split_at(4);
        other.type_into("room", &format!("{} {second}", first.to_lowercase())).unwrap();
        press(&other, "#go");
        for page in [&page, &other] {
            plays(page, 30);
            assert_quiet(page);
        }
    }
}

#[test]
fn a_player_who_types_a_code_takes_the_room_as_it_is() {
    let setup = Setup::new();
    let address = format!("server={}", setup.server());
    let first = setup.tab(&format!("{address}&room=THREE&players=3"), SMALL);
    first.wait_for(IN_LOBBY, PATIENCE).unwrap();
    let second = setup.tab(&address, DESKTOP);
    second.wait_for(READY, PATIENCE).unwrap();
    assert_eq!(second.run("return document.getElementById('players').hidden;").unwrap(), false);
    second.type_into("room", "THREE").unwrap();
    assert_eq!(second.run("return document.getElementById('players').hidden;").unwrap(), true);
    second.click("go").unwrap();
    second.wait_for(IN_LOBBY, PATIENCE).unwrap();
    // It knows of no size until the server says it: the link of a guest has none.
    assert!(!text(&second, "link").contains("players"));
    second.wait_for("window.probe.state.links.length === 1", PATIENCE).unwrap();
    assert_quiet(&second);
}

#[test]
fn the_qr_code_of_a_page_says_its_link() {
    let setup = Setup::new();
    for (size, name) in [(DESKTOP, "qr-desktop"), (PHONE, "qr-phone")] {
        let page = setup.tab(&format!("server={}&room={name}", setup.server()), size);
        page.wait_for(IN_LOBBY, PATIENCE).unwrap();
        page.click("show-qr").unwrap();
        assert_eq!(scanned(&photograph(&page, name)), text(&page, "link"));
        page.click("close-qr").unwrap();
        assert_eq!(page.run("return document.getElementById('qr').open;").unwrap(), false);
        assert_quiet(&page);
    }
    // Once the match begins, nothing is before it.
    let page = setup.tab(&setup.address(2, "autopilot"), SMALL);
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();
    press(&page, "#show-qr");
    let _bot = setup.opponent(2);
    plays(&page, 10);
    assert_eq!(page.run("return document.getElementById('qr').open;").unwrap(), false);
}

/// What the only QR code in a picture says.
fn scanned(picture: &Path) -> String {
    let decoder = png::Decoder::new(BufReader::new(File::open(picture).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.bit_depth, png::BitDepth::Eight);
    let grey =
        |pixel: &[u8]| (pixel[..3].iter().map(|part| u32::from(*part)).sum::<u32>() / 3) as u8;
    let grey: Vec<u8> = pixels.chunks_exact(info.color_type.samples()).map(grey).collect();
    let mut scanner = quircs::Quirc::default();
    let codes = scanner.identify(info.width as usize, info.height as usize, &grey);
    let read: Vec<_> = codes.filter_map(|code| code.ok()?.decode().ok()).collect();
    assert_eq!(read.len(), 1, "{} has one QR code that can be read", picture.display());
    String::from_utf8(read[0].payload.clone()).unwrap()
}

#[test]
fn the_page_is_built_with_the_address_that_invites() {
    let setup = Setup::new();
    let server = setup.server();
    let lobby = |site: &Site, parameters: &str| {
        let page = setup.open(&site.url(parameters), SMALL);
        page.wait_for(IN_LOBBY, PATIENCE).unwrap();
        page
    };
    // A site that passes its query on.
    let template = "https://play.test/?r={room}&amp;n={players}#{server}";
    let built = built_with(&[("netplay-servers", &server), ("netplay-invite", template)]);
    let page = lobby(&built, "room=A-1&players=3");
    let encoded = server.replace(':', "%3A").replace('/', "%2F");
    assert_eq!(text(&page, "link"), format!("https://play.test/?r=A-1&n=3#{encoded}"));
    assert_eq!(text(&page, "typed"), "");

    // A server that is not the page's own is typed as well.
    let built = built_with(&[("netplay-servers", "wss://eu.test"), ("netplay-invite", ADDRESS)]);
    let page = lobby(&built, &format!("room=B&server={server}"));
    assert_eq!(text(&page, "typed"), format!("Room: BServer: {server}"));

    // What is no address of a page is not shown.
    let built = built_with(&[("netplay-servers", ""), ("netplay-invite", "javascript:alert(1)")]);
    let page = lobby(&built, &format!("server={server}&room=C"));
    assert_eq!(text(&page, "link"), built.url(&format!("server={encoded}&room=C")));
    assert!(page.console().unwrap().iter().any(|line| line.contains("netplay-invite")));
}

#[test]
fn what_the_device_does_not_share_is_copied_or_selected() {
    let setup = Setup::new();
    let built = built_with(&[("netplay-servers", &setup.server()), ("netplay-invite", ADDRESS)]);
    let page = setup.open(&built.url(""), DESKTOP);
    page.wait_for(READY, PATIENCE).unwrap();
    // Chromium on Linux shares nothing: here is what a phone has.
    page.run(
        "navigator.canShare = (what) => what.url !== undefined; \
         navigator.share = async (what) => { window.shared = what; if (window.refusal) throw window.refusal; }; \
         return null;",
    )
    .unwrap();
    page.click("go").unwrap();
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();
    page.click("share").unwrap();
    let shared = page.wait_for("window.shared", PATIENCE).unwrap();
    assert_eq!(shared["url"], ADDRESS);
    assert_eq!(shared["text"], text(&page, "typed"));

    // The player thinks better of it: nothing else is done instead.
    let refused = |name: &str| {
        page.run(&format!(
            "window.refusal = new DOMException('', '{name}'); window.shared = null; return null;"
        ))
        .unwrap();
        page.click("share").unwrap();
        page.wait_for("window.shared", PATIENCE).unwrap();
    };
    refused("AbortError");
    assert_eq!(text(&page, "copy"), "Copy");

    // The browser allows neither to share nor to copy.
    page.run(
        "navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError')); \
         document.execCommand = () => false; return null;",
    )
    .unwrap();
    refused("NotAllowedError");
    page.wait_for("document.getElementById('copy').textContent === 'Press Ctrl+C'", PATIENCE)
        .unwrap();
    let selected = page.run("return String(getSelection());").unwrap();
    assert!(selected.as_str().unwrap().contains(ADDRESS), "{selected}");
}
