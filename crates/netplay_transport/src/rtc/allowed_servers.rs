//! Which ICE servers an attempt uses.

use netplay_protocol::signaling::IceServer;

use crate::PathPolicy;

/// How many ICE servers an attempt uses: each of them makes it gather candidates.
const MAX_ICE_SERVERS: usize = 16;

/// The ICE servers that lead to candidates that the policy allows.
pub(super) fn allowed(servers: &[IceServer], policy: PathPolicy) -> Vec<IceServer> {
    let allowed = |url: &String| match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("turn" | "turns") => policy != PathPolicy::Direct,
        Some("stun" | "stuns") => policy != PathPolicy::Turn,
        // A WebRTC stack may refuse everything because of one URL that it does not know.
        _ => false,
    };
    let allowed = |server: &IceServer| {
        let urls: Vec<String> = server.urls.iter().filter(|url| allowed(url)).cloned().collect();
        (!urls.is_empty()).then(|| IceServer { urls, ..server.clone() })
    };
    servers.iter().filter_map(allowed).take(MAX_ICE_SERVERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_keeps_the_servers_that_lead_to_its_candidates() {
        let server = |urls: &[&str], user: Option<&str>| IceServer {
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            username: user.map(str::to_owned),
            credential: user.map(str::to_owned),
        };
        let servers = [
            // With a credential, though STUN needs none.
            server(&["stun:a.example", "turn:b.example"], Some("user")),
            server(&["turns:c.example"], Some("user")),
            server(&["http://d.example", "", "stunned"], None),
        ];
        let kept = |policy| -> Vec<String> {
            allowed(&servers, policy).into_iter().flat_map(|server| server.urls).collect()
        };
        assert_eq!(kept(PathPolicy::Any), ["stun:a.example", "turn:b.example", "turns:c.example"]);
        assert_eq!(kept(PathPolicy::Direct), ["stun:a.example"]);
        assert_eq!(kept(PathPolicy::Turn), ["turn:b.example", "turns:c.example"]);
        let many = vec![servers[0].clone(); 40];
        assert_eq!(allowed(&many, PathPolicy::Any).len(), MAX_ICE_SERVERS);
    }
}
