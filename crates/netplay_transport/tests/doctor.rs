//! The doctor at real servers of this machine: each cause has its finding, and none where all is well.

use std::io::{Read, Write};
use std::net::TcpListener;

use netplay_core::doctor::{DoctorReport, Finding};
use netplay_server::{AuthConfig, AuthMode, ServerConfig};
use netplay_transport::doctor::{DoctorEvent, DoctorOptions, DoctorTask};

use crate::support::{nowhere, patient, server, server_with, wait_until};

/// Examines a server to the end.
#[track_caller]
fn examine(server: &str) -> DoctorReport {
    let options = DoctorOptions { server: server.to_owned(), ..DoctorOptions::default() };
    let mut task = DoctorTask::start(options);
    let (mut steps, mut report) = (Vec::new(), None);
    wait_until(|| {
        match task.poll() {
            Some(DoctorEvent::Step(step)) => steps.push(step),
            Some(DoctorEvent::Finished(finished)) => report = Some(finished),
            None => {}
        }
        report.is_some()
    });
    let report = report.unwrap();
    assert_eq!(report.steps, steps);
    report
}

/// The codes of what is found.
#[track_caller]
fn codes(server: &str) -> Vec<&'static str> {
    examine(server).findings.iter().map(Finding::code).collect()
}

/// A server that writes this to everybody who says something.
fn says(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    // Ends with the process.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn nothing_is_found_at_a_server_that_is_well() {
    let server = server();
    let report = examine(&server.url());
    assert!(report.is_well(), "{report:?}");
    let names: Vec<String> = report.steps.iter().map(|step| step.kind.to_string()).collect();
    assert_eq!(names, ["name", "tcp", "websocket", "signaling", "room", "clock", "nat"]);
    // Nor where every room needs a password.
    let auth = AuthConfig { mode: AuthMode::Password, ..Default::default() };
    let server = server_with(ServerConfig { auth, ..patient() });
    assert!(examine(&server.url()).is_well());
}

#[test]
fn each_cause_at_a_server_has_its_finding() {
    let server = server();
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    for (url, code) in [
        ("127.0.0.1:1".to_owned(), "bad_address"),
        ("ws://no-such-name.invalid".to_owned(), "name_not_found"),
        (nowhere(), "server_refused"),
        (format!("{}/lobby", server.url()), "wrong_path"),
        (format!("wss://127.0.0.1:{port}"), "not_tls"),
        (says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"), "not_netplay_server"),
        (says("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"), "http_status"),
        (says("220 mail.example ESMTP\r\n"), "not_netplay_server"),
        (says(""), "not_netplay_server"),
    ] {
        assert_eq!(codes(&url), [code], "{url}");
    }
}
