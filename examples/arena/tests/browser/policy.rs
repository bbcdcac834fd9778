//! What scripts may do on the page, and where it keeps its secrets.
//!
//! A match in which the policy (CSP) forbids anything fails as every test with [`assert_quiet`] does: the probe notes it.

use serde_json::json;

use super::setup::{PATIENCE, SMALL, Setup, assert_quiet, report};

#[test]
fn the_page_runs_no_script_that_is_not_its_own() {
    let setup = Setup::new();
    let page = setup.tab("", SMALL);
    page.wait_for("!document.getElementById('go').disabled", PATIENCE).unwrap();
    assert_quiet(&page);
    // The page itself has none: the first one belongs to these tests.
    let inline = "return [...document.scripts].slice(1).filter((script) => !script.src).length;";
    assert_eq!(page.run(inline).unwrap(), 0);

    let forbidden = [
        (
            "script-src-elem",
            "const s = document.createElement('script'); s.textContent = 'hacked = 1'; document.head.append(s);",
        ),
        (
            "script-src-attr",
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"hacked = 1\">');",
        ),
        ("script-src", "try { Function('hacked = 1')(); } catch {}"),
        (
            "script-src-elem",
            "const s = document.createElement('script'); s.src = 'http://foreign.test/x.js'; document.head.append(s);",
        ),
        ("connect-src", "fetch('http://foreign.test/').catch(() => {});"),
        ("img-src", "new Image().src = 'http://foreign.test/x.png';"),
        ("style-src-attr", "document.body.setAttribute('style', 'color: red');"),
        (
            "base-uri",
            "const b = document.createElement('base'); b.href = 'http://foreign.test/'; document.head.append(b);",
        ),
        (
            "form-action",
            "const f = document.createElement('form'); f.action = 'http://foreign.test/'; document.body.append(f); f.submit();",
        ),
        (
            "frame-src",
            "const f = document.createElement('iframe'); f.src = 'http://foreign.test/'; document.body.append(f);",
        ),
        (
            "object-src",
            "const o = document.createElement('object'); o.data = 'http://foreign.test/'; document.body.append(o);",
        ),
    ];
    for (directive, script) in forbidden {
        page.run("window.probe.console.length = 0; return null;").unwrap();
        // Not at once: while WebDriver runs a script, `eval` is allowed.
        page.run(&format!("setTimeout(() => {{ {script} }}); return null;")).unwrap();
        let noted =
            format!("window.probe.console.some((line) => line.startsWith('policy: {directive} '))");
        page.wait_for(&noted, PATIENCE).unwrap();
    }
    assert_eq!(page.run("return window.hacked ?? null;").unwrap(), json!(null));
}

#[test]
fn the_secrets_of_a_tab_are_in_its_session_storage_and_nowhere_else() {
    let setup = Setup::new();
    let _bot = setup.opponent(2);
    let page = setup.player(2, "undrawn&frames=120&name=Ann");
    report(&page);
    let kept = page.run("return sessionStorage.getItem('arena-session');").unwrap();
    let kept: serde_json::Value = serde_json::from_str(kept.as_str().unwrap()).unwrap();
    let seen = page
        .run(
            "return [document.documentElement.outerHTML, location.href, window.name, document.cookie, \
             JSON.stringify({ ...localStorage }), window.probe.log.join('\\n'), \
             JSON.stringify(window.probe.report)].join('\\n');",
        )
        .unwrap();
    let seen = seen.as_str().unwrap();
    assert!(
        seen.contains("arena-name") && seen.contains("Ann"),
        "what is no secret is there: {seen}"
    );
    for secret in ["identity", "resume_token"] {
        let secret = kept[secret].as_str().unwrap();
        assert!(secret.len() >= 32 && !seen.contains(secret), "{seen}");
    }
    // A tab that leaves the room keeps no secret.
    page.run("window.wasmBindings.wish('leave'); return null;").unwrap();
    page.wait_for("sessionStorage.getItem('arena-session') === null", PATIENCE).unwrap();
    assert_quiet(&page);
}
