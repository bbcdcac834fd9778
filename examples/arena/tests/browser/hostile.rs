//! A hostile server: whatever it sends, the page says what is wrong, or plays on; it stays alive.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use async_tungstenite::tungstenite::Message;
use async_tungstenite::tungstenite::client::IntoClientRequest;
use async_tungstenite::tungstenite::handshake::client::Request;
use async_tungstenite::tungstenite::http::HeaderValue;
use async_tungstenite::tungstenite::protocol::WebSocketConfig;
use browser_driver::Page;
use futures::StreamExt;
use serde_json::{Value, json};

use super::setup::{PATIENCE, SMALL, Setup, plays};

/// What a hostile server sends in place of a message of an honest one.
type Lie = dyn Fn(Value) -> Vec<Message> + Send + Sync;

/// A server that changes what an honest one tells the players.
struct HostileServer {
    address: SocketAddr,
}

impl HostileServer {
    fn new(honest: String, lie: impl Fn(Value) -> Vec<Message> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let lie: Arc<Lie> = Arc::new(lie);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let mut request = format!("{honest}/netplay").into_client_request().unwrap();
                // The name by which the players reach it: their proof of key is made for that one.
                let name = HeaderValue::from_str(&address.to_string()).unwrap();
                request.headers_mut().insert("Host", name);
                smol::spawn(pass(client.unwrap(), request, lie.clone())).detach();
            }
        });
        Self { address }
    }

    /// A page that joins the room through it.
    fn page(&self, setup: &Setup) -> Page {
        setup.tab(&format!("server=ws://{}&room=TEST&autopilot&undrawn", self.address), SMALL)
    }
}

async fn pass(client: TcpStream, honest: Request, lie: Arc<Lie>) {
    let client = smol::Async::new(client).unwrap();
    // Larger messages than a client of this library ever accepts.
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    let client = async_tungstenite::accept_async_with_config(client, Some(config)).await.unwrap();
    let (server, _) = async_tungstenite::smol::connect_async(honest).await.unwrap();
    let (mut to_client, mut from_client) = client.split();
    let (mut to_server, mut from_server) = server.split();
    let up = async {
        while let Some(Ok(message)) = from_client.next().await {
            if to_server.send(message).await.is_err() {
                break;
            }
        }
    };
    let down = async {
        while let Some(Ok(message)) = from_server.next().await {
            let told = match &message {
                Message::Text(text) => lie(serde_json::from_str(text.as_str()).unwrap()),
                _ => vec![message],
            };
            for message in told {
                if to_client.send(message).await.is_err() {
                    return;
                }
            }
        }
    };
    futures::future::join(up, down).await;
}

fn text(json: &Value) -> Message {
    Message::Text(json.to_string().into())
}

/// A refusal whose sentence has markup in it.
fn refused() -> Value {
    let detail = "<img src=x onerror=\"window.hacked = 1\">";
    json!({ "type": "refused", "reason": { "kind": "unauthorized", "detail": detail } })
}

/// The game has neither ended with an error nor shown what the server sent as a part of the page.
#[track_caller]
fn assert_alive(page: &Page, about: &str) {
    let frames = page.run("return window.probe.frames;").unwrap();
    let told = page.run("return window.probe.told;").unwrap();
    page.wait_for(&format!("probe.frames > {frames} && probe.told > {told}"), PATIENCE).unwrap();
    let lines = page.console().unwrap();
    let broken = |line: &&String| {
        ["uncaught", "rejection", "policy"].iter().any(|what| line.starts_with(what))
            || line.contains("panicked")
    };
    let broken: Vec<_> = lines.iter().filter(broken).collect();
    assert!(broken.is_empty(), "{about}: {broken:#?}");
    assert_eq!(page.run("return window.hacked ?? document.images.length;").unwrap(), 0, "{about}");
}

#[test]
fn a_page_says_what_is_wrong_with_a_server_that_never_lets_it_in() {
    let setup = Setup::new();
    let welcome = |room: &str| {
        json!({
            "type": "welcome", "version": 5, "room": room, "size": 2, "resume": "", "grace_ms": 0,
            "ice_servers": [],
        })
    };
    let answers = [
        ("no JSON", Message::Text("\u{0}{{{".into())),
        ("another protocol", text(&json!({ "jsonrpc": "2.0" }))),
        ("bytes", Message::Binary(vec![0xff; 64].into())),
        ("markup in a sentence", text(&refused())),
        ("markup in the code of the room", text(&welcome("<script>hacked=1</script>"))),
        ("32 MiB", Message::Text("[".repeat(32 << 20).into())),
        ("deeply nested", Message::Text("[".repeat(60_000).into())),
        ("the end", Message::Close(None)),
    ];
    for (about, answer) in answers {
        let hostile = HostileServer::new(setup.server(), move |_| vec![answer.clone()]);
        let page = hostile.page(&setup);
        page.wait_for("window.probe.state?.state === 'ended'", PATIENCE).unwrap();
        let reason = page.run("return window.probe.state.reason;").unwrap();
        assert!(reason.as_str().unwrap().len() > 10, "{about}: {reason}");
        assert_alive(&page, about);
    }
}

#[test]
fn a_page_survives_a_server_that_sends_too_much_and_nonsense() {
    let setup = Setup::new();
    let hostile = HostileServer::new(setup.server(), |message| {
        if message["type"] != "roster" {
            return vec![text(&message)];
        }
        let members: Vec<_> = (0..1_700).map(|key| format!("{key:032x}")).collect();
        let mut crowd = message.clone();
        crowd["roster"] = json!({ "size": 2, "members": members, "players": vec![1; 1_700] });
        let mut told = vec![text(&message)];
        for number in 0..100_u64 {
            crowd["revision"] = json!(number + 1_000);
            told.push(text(&crowd));
        }
        for number in 0..2_000 {
            told.push(Message::Text(format!("{{\"type\":\"nonsense {number}\"}}").into()));
            told.push(Message::Binary(vec![number as u8; 40].into()));
        }
        told.push(Message::Text("x".repeat(16 << 20).into()));
        told.push(Message::Binary(vec![1; 16 << 20].into()));
        // The page has read all of it, or left, when it ends.
        told.push(text(&refused()));
        told
    });
    let page = hostile.page(&setup);
    page.wait_for("window.probe.state?.state === 'ended'", PATIENCE).unwrap();
    assert_alive(&page, "a flood");
}

#[test]
fn a_page_plays_though_the_ice_servers_of_its_server_are_none() {
    let setup = Setup::new();
    let _bot = setup.opponent(2);
    let hostile = HostileServer::new(setup.server(), |mut message| {
        if !message["ice_servers"].is_null() {
            message["ice_servers"] = json!([
                { "urls": ["javascript:alert(1)"] },
                { "urls": ["http://127.0.0.1/"] },
                { "urls": [""] },
                { "urls": [] },
                { "urls": ["stun:"] },
                { "urls": ["stun:[::1"] },
                { "urls": ["stun:127.0.0.1:99999"] },
                { "urls": ["turn:127.0.0.1:3478"] },
                { "urls": ["turn:127.0.0.1:3478?transport=carrier-pigeon"], "username": "a", "credential": "b" },
                { "urls": ["<img src=x>"], "username": "\u{202e}", "credential": "" },
            ]);
        }
        vec![text(&message)]
    });
    let page = hostile.page(&setup);
    plays(&page, 60);
    assert_alive(&page, "bad ICE servers");
}
