//! The question before a page connects to a server that only its address names.
//!
//! Names under `.test` lead to this machine, so that a page and its server can be on different hosts.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;

use browser_driver::Page;
use serde_json::json;

use super::setup::{
    DESKTOP, IN_LOBBY, PATIENCE, PHONE, SMALL, Setup, assert_quiet, built_with, encoded,
    photograph, text,
};

const ASKED: &str = "document.querySelector('#consent[open]') !== null";

/// Presses a key, whose number is a virtual key code of Windows.
fn press(page: &Page, key: &str, number: u32, text: &str) {
    for kind in ["keyDown", "keyUp"] {
        let key = json!({
            "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": number, "text": text,
        });
        page.developer("Input.dispatchKeyEvent", key).unwrap();
    }
}

/// Agrees to connect, as somebody without a mouse does.
fn agree(page: &Page) {
    page.wait_for(ASKED, PATIENCE).unwrap();
    press(page, "Tab", 9, "");
    assert_eq!(page.run("return document.activeElement.textContent;").unwrap(), "Connect");
    press(page, "Enter", 13, "\r");
}

#[test]
fn a_foreign_server_is_sent_nothing_before_the_player_agrees() {
    let setup = Setup::new();
    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("foreign.test:{}", foreign.local_addr().unwrap().port());
    let connections = || {
        foreign.set_nonblocking(true).unwrap();
        std::iter::from_fn(|| foreign.accept().ok()).count()
    };
    for (size, name) in [(DESKTOP, "consent-desktop"), (PHONE, "consent-phone")] {
        let page = setup.tab(&format!("server=ws://{host}&room=TEST"), size);
        page.wait_for(ASKED, PATIENCE).unwrap();
        assert_eq!(text(&page, "consent-server"), host);
        assert!(text(&page, "consent-text").contains("IP address"));
        photograph(&page, name);
        assert_eq!(
            page.run("return document.activeElement.textContent;").unwrap(),
            "Do not connect"
        );
        press(&page, "Escape", 27, "");
        page.wait_for("!document.getElementById('error').hidden", PATIENCE).unwrap();
        assert!(text(&page, "error").contains(&format!("Not connected to {host}")));
        photograph(&page, &name.replace("consent", "refused"));
        assert_eq!(page.run("return window.probe.told;").unwrap(), 0, "the game has not begun");
        assert_eq!(connections(), 0);

        // Pressing the button again asks again.
        page.run("document.getElementById('go').click(); return null;").unwrap();
        agree(&page);
        foreign.set_nonblocking(false).unwrap();
        let (connection, _) = foreign.accept().unwrap();
        let mut request = BufReader::new(connection).lines();
        assert_eq!(request.next().unwrap().unwrap(), "GET /netplay HTTP/1.1");
        assert!(request.any(|line| line.unwrap() == format!("Host: {host}")));
    }
}

#[test]
fn a_tab_asks_once_for_each_foreign_server() {
    let setup = Setup::new();
    let foreign = setup.server().replace("127.0.0.1", "foreign.test");
    let page = setup.tab(&format!("server={foreign}&room=TEST"), SMALL);
    agree(&page);
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();
    page.reload().unwrap();
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();
    assert_quiet(&page);

    // Nobody has agreed to the other one.
    let other = foreign.replace("foreign", "other");
    page.goto(&setup.site.url(&format!("server={other}&room=TEST"))).unwrap();
    page.wait_for(ASKED, PATIENCE).unwrap();
    // Another tab does not know what was agreed to in this one.
    let page = setup.tab(&format!("server={foreign}&room=TEST"), SMALL);
    page.wait_for(ASKED, PATIENCE).unwrap();
}

#[test]
fn a_page_asks_neither_for_its_own_host_nor_for_servers_it_was_built_with() {
    let setup = Setup::new();
    let on = |host: &str| setup.server().replace("127.0.0.1", host);
    // Every other test joins 127.0.0.1 from 127.0.0.1: they are on this machine under each of its names.
    let page = setup.tab(&format!("server={}&room=A", on("localhost")), SMALL);
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();

    let address = |server: &str| setup.site.url(&format!("server={server}&room=B"));
    let elsewhere = |server: &str| address(server).replacen("127.0.0.1", "page.test", 1);
    page.goto(&elsewhere(&on("page.test"))).unwrap();
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();
    // A page of another host must not reach into the machine of its player.
    page.goto(&elsewhere(&on("127.0.0.1"))).unwrap();
    page.wait_for(ASKED, PATIENCE).unwrap();

    let built =
        built_with(&[("netplay-servers", &format!("{} wss://other.test", on("built.test")))]);
    page.goto(&built.url("room=C")).unwrap();
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();
    assert_eq!(
        text(&page, "link"),
        built
            .url("server=SERVER&room=C")
            .replace("SERVER", &on("built.test").replace(':', "%3A").replace('/', "%2F"))
    );
    // Another port of it is another server.
    page.goto(&built.url("server=ws://built.test:9&room=C")).unwrap();
    page.wait_for(ASKED, PATIENCE).unwrap();
}

#[test]
fn the_question_names_the_host_as_dns_does_whatever_the_address_says() {
    let setup = Setup::new();
    // Cyrillic letters that look like Latin ones; markup; a path that looks like another host; a long name.
    let long = "a-name-that-ends-where-nobody-looks.".repeat(6);
    let shown = [
        ("ws://аррӏе.test", "xn--80ak6aa92e.test"),
        ("ws://foreign.test/<img src=x onerror=hacked=1>", "foreign.test"),
        ("ws://foreign.test\\@127.0.0.1/", "foreign.test"),
        ("WS://FOREIGN%2Etest:80/ws://127.0.0.1", "foreign.test"),
        (&format!("ws://{long}test"), &format!("{long}test")),
    ];
    for (server, host) in shown {
        let page = setup.tab(&format!("room=TEST&server={}", encoded(server)), PHONE);
        page.wait_for(ASKED, PATIENCE).unwrap();
        assert_eq!(text(&page, "consent-server"), host, "{server}");
        let wide = "document.body.scrollWidth <= innerWidth \
                    && consent.scrollWidth <= consent.clientWidth && consent.querySelector('img') === null";
        assert_eq!(page.run(&format!("return {wide};")).unwrap(), true, "{server}");
        if server.contains("looks") {
            photograph(&page, "consent-long");
        }
    }
    // What is no address of a server, or could be taken for another, is refused; nothing of it is repeated.
    for server in [
        "ws://127.0.0.1@foreign.test",
        "ws://me:secret@foreign.test",
        "ws://127.0.0.1#.foreign.test",
        "ws://a\u{202e}tset.ngierof",
        "javascript:hacked=1",
        "<img src=x onerror=hacked=1>",
    ] {
        let page = setup.tab(&format!("room=TEST&server={}", encoded(server)), SMALL);
        page.wait_for("!document.getElementById('error').hidden", PATIENCE).unwrap();
        let error = text(&page, "error");
        assert!(error.contains("ws://host:port") && !error.contains("foreign"), "{error}");
        assert_eq!(page.run("return window.hacked ?? null;").unwrap(), json!(null));
    }
}
