//! TURN credentials, on virtual time.

use super::*;
use crate::TurnConfig;

fn hub(credentials: u32) -> Arc<Hub> {
    let one = NonZeroU32::new(1).unwrap();
    let limits = LimitsConfig {
        credentials_per_address: Rate { rate: one, burst: credentials.try_into().unwrap() },
        ..Default::default()
    };
    let turn = TurnConfig {
        urls: vec!["turn:turn.example.org".into()],
        secret: "north and south and west".into(),
        ttl: Duration::from_secs(600),
    };
    let ice_servers = vec![crate::parse_ice_server("stun:stun.example.org").unwrap()];
    let config = ServerConfig { limits, turn: Some(turn), ice_servers, ..Default::default() };
    Arc::new(Hub::new(config, Lifecycle::default()).unwrap())
}

fn connect(hub: &Arc<Hub>, from: u8) -> (Peer, SendQueueReader) {
    let permit = hub.limits.connect(ClientAddress::V4([127, 0, 0, from].into())).unwrap();
    let (queue, reader) = send_queue(hub.relay_bounds(&permit));
    (hub.connect(queue, permit, Some(HOST)), reader)
}

/// How many STUN and TURN servers a client was told last.
fn servers(reader: &mut SendQueueReader) -> Option<usize> {
    let told = reader.rest().filter_map(|message| match message {
        Message::Text(text) => match serde_json::from_str(&text).unwrap() {
            ServerMessage::Welcome { ice_servers, .. }
            | ServerMessage::IceServers { ice_servers } => Some(ice_servers.len()),
            _ => None,
        },
        _ => None,
    });
    told.last()
}

#[tokio::test(start_paused = true)]
async fn an_address_receives_a_number_of_credentials_and_its_other_members_play_without() {
    let hub = hub(2);
    let mut members: Vec<_> = (0..3).map(|_| connect(&hub, 1)).collect();
    let mut told = Vec::new();
    for (who, (peer, reader)) in members.iter_mut().enumerate() {
        assert_eq!(peer.join(join_on(peer, 0, who)).await, Ok(()));
        told.push(servers(reader));
    }
    assert_eq!(told, [Some(2), Some(2), Some(1)]);
    let (elsewhere, mut reader) = connect(&hub, 2);
    assert_eq!(elsewhere.join(join_on(&elsewhere, 1, 9)).await, Ok(()));
    assert_eq!(servers(&mut reader), Some(2));
    // A member that has some is given new ones, however often its address asks.
    let (peer, reader) = &mut members[0];
    for _ in 0..10 {
        peer.refresh_ice_servers();
        assert_eq!(servers(reader), Some(2));
    }
    // One that has none is given some as soon as there are any.
    let (peer, reader) = &mut members[2];
    peer.refresh_ice_servers();
    assert_eq!((servers(reader), peer.has_turn()), (None, false));
    tokio::time::advance(Duration::from_secs(60)).await;
    peer.refresh_ice_servers();
    assert_eq!((servers(reader), peer.has_turn()), (Some(2), true));
}

#[tokio::test(start_paused = true)]
async fn a_refused_join_costs_no_credential() {
    let hub = hub(1);
    let (owner, _reader) = connect(&hub, 1);
    assert_eq!(owner.join(join_on(&owner, 0, 1)).await, Ok(()));
    for _ in 0..5 {
        let (peer, _reader) = connect(&hub, 2);
        assert!(peer.join(Join { size: Some(2), ..join_on(&peer, 0, 2) }).await.is_err());
    }
    let (peer, mut reader) = connect(&hub, 2);
    assert_eq!(peer.join(join_on(&peer, 0, 2)).await, Ok(()));
    assert_eq!(servers(&mut reader), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_match_of_the_queue_costs_each_address_its_credential() {
    let hub = hub(1);
    let mut peers: Vec<_> = [1, 1, 2].map(|from| connect(&hub, from)).into();
    for (who, (peer, _)) in peers.iter().enumerate() {
        let join = Join { entry: Entry::Queue { skill: None }, ..join(0, who) };
        assert_eq!(peer.join(signed(peer, join)).await, Ok(()));
    }
    // All three answer the probe.
    for (peer, reader) in &mut peers {
        for message in reader.rest().collect::<Vec<_>>() {
            if let Message::Ping(probe) = message {
                peer.handle_pong(&probe).await;
            }
        }
    }
    let told: Vec<_> = peers.iter_mut().map(|(_, reader)| servers(reader)).collect();
    assert_eq!(told, [Some(2), Some(1), Some(2)]);
}
