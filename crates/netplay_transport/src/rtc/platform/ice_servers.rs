//! The STUN and TURN servers that the native WebRTC library can use.
//!
//! It reaches them over UDP only, and refuses to make a connection at all when one URL is malformed: such URLs are left
//! out here. matchbox takes one credential for all servers, so an attempt uses one of the credentials; the next attempt
//! with the same peer uses the next one.

use std::net::SocketAddr;

use matchbox_socket::RtcIceServerConfig;
use netplay_protocol::signaling::IceServer;
use rtc::ice::url::{ProtoType, SchemeType, Url};

use super::logs;

/// How many TURN servers are used in one attempt: one is in use at last, the others are for when it fails.
const MAX_TURN_SERVERS: usize = 4;
/// How many STUN servers are used in one attempt.
const MAX_STUN_SERVERS: usize = 4;

/// A TURN server, reached over UDP. Without `Debug`: it has a credential.
#[derive(Clone)]
pub(super) struct TurnServer {
    /// As it was configured.
    pub(super) url: String,
    host: String,
    port: u16,
    pub(super) username: String,
    pub(super) credential: String,
}

impl TurnServer {
    /// Its addresses, in the order in which they are tried: at most one of each family.
    pub(super) async fn resolve(&self) -> Result<Vec<SocketAddr>, String> {
        let found = smol::net::resolve((self.host.as_str(), self.port)).await;
        let found = found.map_err(|error| error.to_string())?;
        let first = |v4| found.iter().find(move |address| address.is_ipv4() == v4).copied();
        Ok([first(true), first(false)].into_iter().flatten().collect())
    }
}

/// The servers that can be used, sorted by what they are for.
#[derive(Default)]
pub(super) struct Servers {
    stun: Vec<String>,
    pub(super) turn: Vec<TurnServer>,
}

impl Servers {
    /// Sorts the servers out. Says once in the log if TURN servers are left out.
    pub(super) fn new(servers: &[IceServer]) -> Self {
        let mut usable = Self::default();
        for server in servers {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            let (username, credential) = (text(&server.username), text(&server.credential));
            for url in &server.urls {
                let Some(parsed) = parse(url) else {
                    log::debug!("an ICE server has a URL that is not one");
                    continue;
                };
                match (parsed.scheme, parsed.proto) {
                    (SchemeType::Stun, _) => usable.stun.push(without_query(url).to_owned()),
                    (SchemeType::Turn, ProtoType::Udp) if !username.is_empty() => {
                        let (url, host, port) = (url.clone(), parsed.host, parsed.port);
                        let (username, credential) = (username.clone(), credential.clone());
                        usable.turn.push(TurnServer { url, host, port, username, credential });
                    }
                    (SchemeType::Turn | SchemeType::Turns, _) => skipped(url),
                    _ => {}
                }
            }
        }
        usable.stun.truncate(MAX_STUN_SERVERS);
        usable
    }

    /// What matchbox is given in the attempt of this number: every STUN server, and the TURN servers of one credential.
    pub(super) fn config(&self, attempt: usize) -> RtcIceServerConfig {
        let mut groups: Vec<Vec<&TurnServer>> = Vec::new();
        for server in &self.turn {
            let same = |group: &&mut Vec<&TurnServer>| {
                let first = group.first();
                first.is_some_and(|first| {
                    (&first.username, &first.credential) == (&server.username, &server.credential)
                })
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(server),
                None => groups.push(vec![server]),
            }
        }
        let chosen = (!groups.is_empty()).then(|| groups.swap_remove(attempt % groups.len()));
        let turn = chosen.unwrap_or_default();
        let first = turn.first();
        let turn_urls = turn.iter().take(MAX_TURN_SERVERS).map(|server| &server.url);
        RtcIceServerConfig {
            urls: self.stun.iter().chain(turn_urls).cloned().collect(),
            username: first.map(|server| server.username.clone()),
            credential: first.map(|server| server.credential.clone()),
        }
    }

    /// The TURN servers of one attempt that uses nothing else: different ones in each, where there are many.
    pub(super) fn turn_servers(&self, attempt: usize) -> Vec<TurnServer> {
        let from = attempt.wrapping_mul(MAX_TURN_SERVERS) % self.turn.len().max(1);
        let all = self.turn.iter().cycle().skip(from);
        all.take(self.turn.len().min(MAX_TURN_SERVERS)).cloned().collect()
    }
}

fn parse(url: &str) -> Option<Url> {
    let url = if url.starts_with("stun") { without_query(url) } else { url };
    Url::parse_url(url).ok().filter(|url| !url.host.is_empty())
}

/// STUN URLs have no query (RFC 7064), but are often written with one.
fn without_query(url: &str) -> &str {
    url.split_once('?').map_or(url, |(url, _)| url)
}

fn skipped(url: &str) {
    if logs::admits_once("not using the TURN server") {
        log::warn!("not using the TURN server {url}: only UDP is supported outside of browsers");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(urls: &[&str], user: Option<&str>) -> IceServer {
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        let username = user.map(str::to_owned);
        IceServer { urls, credential: username.clone(), username }
    }

    #[test]
    fn each_attempt_uses_the_next_credential() {
        let servers = Servers::new(&[
            server(&["stun:a.example"], None),
            server(&["turn:b.example", "turn:c.example:99?transport=udp"], Some("one")),
            server(&["turn:d.example"], Some("two")),
        ]);
        for (attempt, user, urls) in [
            (0, "one", vec!["stun:a.example", "turn:b.example", "turn:c.example:99?transport=udp"]),
            (1, "two", vec!["stun:a.example", "turn:d.example"]),
            (2, "one", vec!["stun:a.example", "turn:b.example", "turn:c.example:99?transport=udp"]),
        ] {
            let config = servers.config(attempt);
            assert_eq!(config.urls, urls);
            assert_eq!(
                (config.username.as_deref(), config.credential.as_deref()),
                (Some(user), Some(user))
            );
        }
    }

    #[test]
    fn what_the_library_cannot_use_is_left_out() {
        let servers = Servers::new(&[
            server(
                &["turn:a.example?transport=tcp", "turns:b.example", "turn:c.example"],
                Some("one"),
            ),
            server(
                &["", "turn:", "stun:", "http://d.example", "turn:e.example?x", "stun:[::1"],
                Some("two"),
            ),
            server(&["turn:f.example"], None),
            server(&["stun:g.example?transport=udp"], None),
        ]);
        let turn: Vec<&str> = servers.turn.iter().map(|server| server.url.as_str()).collect();
        assert_eq!(
            (servers.stun, turn),
            (vec!["stun:g.example".to_owned()], vec!["turn:c.example"])
        );
        let none = Servers::default().config(7);
        assert_eq!((none.urls, none.username, none.credential), (vec![], None, None));
    }

    #[test]
    fn many_turn_servers_are_used_in_turn() {
        let urls: Vec<String> = (0..6).map(|n| format!("turn:{n}.example")).collect();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let servers = Servers::new(&[server(&urls, Some("one"))]);
        let hosts = |attempt| -> Vec<String> {
            servers.turn_servers(attempt).into_iter().map(|server| server.host).collect()
        };
        assert_eq!(hosts(0), ["0.example", "1.example", "2.example", "3.example"]);
        assert_eq!(hosts(1), ["4.example", "5.example", "0.example", "1.example"]);
        assert!(Servers::default().turn_servers(3).is_empty());
    }
}
