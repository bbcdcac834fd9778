//! Which of the STUN and TURN servers that the signaling server names are used.
//!
//! A browser throws where a URL is malformed or a TURN server lacks a credential, and a native stack may end its
//! attempt. What cannot work is therefore left out before a stack sees it.

use std::time::Duration;

use netplay_protocol::limits::MAX_ICE_SERVERS;
use netplay_protocol::signaling::{IceServer, IceUrlKind, parse_ice_url};

use crate::log_limiter::{LogLimiter, log_limited};

/// The servers that a WebRTC stack can be given, at most [`MAX_ICE_SERVERS`] with as many URLs each.
pub(super) fn usable(
    servers: Vec<IceServer>,
    now: Duration,
    logs: &mut LogLimiter,
) -> Vec<IceServer> {
    let mut leave_out = |why: &str| {
        log_limited!(
            logs,
            now,
            "an ICE server is left out",
            "",
            warn!("an ICE server is left out: {why}")
        );
    };
    let too_many = |count: usize| count > MAX_ICE_SERVERS;
    if too_many(servers.len()) || servers.iter().any(|server| too_many(server.urls.len())) {
        leave_out(&format!("there are more than {MAX_ICE_SERVERS}, or of one more URLs"));
    }
    let servers = servers.into_iter().take(MAX_ICE_SERVERS).map(|server| {
        let IceServer { urls, username, credential } = server;
        let has_credential = username.is_some() && credential.is_some();
        let urls = urls.into_iter().take(MAX_ICE_SERVERS);
        let urls = urls.filter(|url| is_usable(url, has_credential, &mut leave_out)).collect();
        IceServer { urls, username, credential }
    });
    servers.filter(|server| !server.urls.is_empty()).collect()
}

fn is_usable(url: &str, has_credential: bool, leave_out: &mut impl FnMut(&str)) -> bool {
    match parse_ice_url(url) {
        Ok(IceUrlKind::Turn) if !has_credential => {
            leave_out(&format!("{url} needs a user name and a credential"));
            false
        }
        Ok(IceUrlKind::Stun | IceUrlKind::Turn) => true,
        Err(error) => {
            leave_out(&error.to_string());
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn server(urls: &[&str], credential: Option<&str>) -> IceServer {
        IceServer {
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            username: credential.map(str::to_owned),
            credential: credential.map(str::to_owned),
        }
    }

    #[test]
    fn what_no_stack_can_use_is_left_out_and_the_rest_stays() {
        let named = vec![
            server(&["stun:a.example", "http://a.example", "stun:", "stun:[::1"], None),
            server(&["turn:a.example:0", "turn:a.example?transport=udp"], Some("x")),
            server(&["turn:no.credential.example"], None),
            server(&["nonsense"], Some("x")),
            server(&[], None),
        ];
        let expected = vec![
            server(&["stun:a.example"], None),
            server(&["turn:a.example?transport=udp"], Some("x")),
        ];
        assert_eq!(usable(named, Duration::ZERO, &mut LogLimiter::default()), expected);
    }

    #[test]
    fn a_flood_of_servers_is_cut_off() {
        let urls = vec!["stun:a.example"; 100];
        let used =
            usable(vec![server(&urls, None); 100], Duration::ZERO, &mut LogLimiter::default());
        assert_eq!(used.len(), MAX_ICE_SERVERS);
        assert!(used.iter().all(|server| server.urls.len() == MAX_ICE_SERVERS));
    }
}
