//! Reasons that the room, the transport and the signaling server give, as one flat [`EndReason`].

use netplay_core::room;
use netplay_protocol::signaling::Refusal;
use netplay_transport::LeaveReason;

use super::EndReason;

impl From<room::EndReason> for EndReason {
    fn from(reason: room::EndReason) -> Self {
        use room::EndReason as Core;

        match reason {
            Core::Transport(reason) => reason.into(),
            Core::HostMissing => Self::HostMissing,
            Core::CannotConnect { player, detail } => {
                Self::CannotConnect { player: player.into(), detail }
            }
            Core::GameDiffers { player, ours, theirs } => {
                Self::GameDiffers { player: player.into(), ours, theirs }
            }
            Core::BuildDiffers { player } => Self::BuildDiffers { player: player.into() },
            Core::ProtocolDiffers { player, detail } => {
                Self::ProtocolDiffers { player: player.into(), detail }
            }
            Core::PeerLeft { player, detail } => Self::PeerLeft { player: player.into(), detail },
            Core::PeerLost { player, detail } => Self::PeerLost { player: player.into(), detail },
            Core::PeerStalled { player, detail } => {
                Self::PeerStalled { player: player.into(), detail }
            }
            Core::SeedViolation { player, detail } => {
                Self::SeedViolation { player: player.into(), detail }
            }
            Core::CannotStart { detail } => Self::CannotStart { detail },
            other => Self::Refused { detail: other.to_string() },
        }
    }
}

impl From<LeaveReason> for EndReason {
    fn from(reason: LeaveReason) -> Self {
        match reason {
            LeaveReason::Requested => Self::Left,
            LeaveReason::Unreachable { server, detail } => {
                Self::ServerUnreachable { server, detail }
            }
            LeaveReason::BadAddress(server) => Self::BadServerAddress { server },
            LeaveReason::Refused(refusal) => refusal.into(),
            LeaveReason::ServerGone(detail) => Self::ServerLost { detail },
            other => Self::Refused { detail: other.to_string() },
        }
    }
}

impl From<Refusal> for EndReason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Version { server, client } => Self::ServerVersionDiffers { server, client },
            Refusal::BadRoomCode => Self::BadRoomCode,
            Refusal::BadRoomSize { size } => Self::BadRoomSize { size },
            Refusal::BadLocalPlayers { .. } => Self::BadRequest { detail: refusal.to_string() },
            Refusal::NoSuchRoom => Self::NoSuchRoom,
            Refusal::PasswordRequired => Self::PasswordRequired,
            Refusal::GameDiffers { game } => {
                Self::RoomPlaysOtherGame { game: game.game, version: game.version, mode: game.mode }
            }
            Refusal::RoomSizeDiffers { size, asked } => Self::RoomSizeDiffers { size, asked },
            Refusal::RoomFull { size } => Self::RoomFull { size },
            Refusal::RoomClosed => Self::RoomClosed,
            Refusal::Banned => Self::Banned,
            Refusal::Kicked { banned } => Self::Kicked { banned },
            Refusal::Locked => Self::MatchRunning,
            Refusal::AlreadyJoined => Self::AlreadyJoined,
            Refusal::Superseded => Self::ConnectedElsewhere,
            Refusal::Unauthorized { detail } => Self::Unauthorized { detail },
            Refusal::RateLimited { what, retry_after_ms } => {
                Self::RateLimited { what, retry_after_ms }
            }
            Refusal::TooMany { what } => Self::TooMany { what },
            Refusal::Draining => Self::ServerDraining,
            Refusal::ShuttingDown => Self::ServerShuttingDown,
            // What a game cannot react to: errors of the protocol, and what a newer server may add.
            other => Self::Refused { detail: other.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use netplay_protocol::signaling::GameInfo;

    use super::*;

    #[test]
    fn what_ends_a_room_keeps_its_sentence() {
        use room::EndReason as Core;

        let (player, detail) = (1, "text".to_owned());
        for reason in [
            Core::Transport(LeaveReason::ServerGone("text".into())),
            Core::HostMissing,
            Core::CannotConnect { player, detail: detail.clone() },
            Core::GameDiffers { player, ours: "a".into(), theirs: "b".into() },
            Core::BuildDiffers { player },
            Core::ProtocolDiffers { player, detail: detail.clone() },
            Core::PeerLeft { player, detail: detail.clone() },
            Core::PeerLost { player, detail: detail.clone() },
            Core::PeerStalled { player, detail: detail.clone() },
            Core::SeedViolation { player, detail: detail.clone() },
            Core::CannotStart { detail },
        ] {
            let sentence = reason.to_string();
            assert_eq!(EndReason::from(reason).to_string(), sentence);
        }
    }

    #[test]
    fn a_refusal_keeps_its_sentence() {
        let text = || "text".to_owned();
        let game = GameInfo { game: text(), version: "2".into(), mode: "ranked".into() };
        for refusal in [
            Refusal::Version { server: 7, client: 4 },
            Refusal::BadRoomCode,
            Refusal::BadRoomSize { size: 9 },
            Refusal::BadLocalPlayers { players: 3, size: 3 },
            Refusal::BadGame,
            Refusal::NoSuchRoom,
            Refusal::PasswordRequired,
            Refusal::GameDiffers { game },
            Refusal::RoomSizeDiffers { size: 3, asked: 2 },
            Refusal::RoomFull { size: 3 },
            Refusal::RoomClosed,
            Refusal::Banned,
            Refusal::Kicked { banned: false },
            Refusal::Kicked { banned: true },
            Refusal::BadListing,
            Refusal::Locked,
            Refusal::AlreadyJoined,
            Refusal::Superseded,
            Refusal::Unauthorized { detail: text() },
            Refusal::RateLimited { what: text(), retry_after_ms: 1500 },
            Refusal::TooMany { what: text() },
            Refusal::OutOfOrder,
            Refusal::Draining,
            Refusal::ShuttingDown,
        ] {
            let sentence = refusal.to_string();
            let reason = EndReason::from(LeaveReason::Refused(refusal));
            assert_eq!(reason.to_string(), sentence);
        }
    }

    #[test]
    fn a_lost_transport_keeps_its_sentence() {
        for reason in [
            LeaveReason::Requested,
            LeaveReason::Unreachable { server: "ws://a".into(), detail: "b".into() },
            LeaveReason::BadAddress("a".into()),
            LeaveReason::ServerGone("b".into()),
        ] {
            let sentence = reason.to_string();
            assert_eq!(EndReason::from(reason).to_string(), sentence);
        }
    }
}
