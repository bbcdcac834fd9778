//! What the server sends on an open connection, and what of it concerns the client itself.

use std::time::Duration;

use netplay_protocol::RelayHeader;
use netplay_protocol::limits::MAX_SIGNALING_BYTES;
use netplay_protocol::signaling::ServerMessage;

use super::backoff::is_temporary;
use super::client::SignalingClient;
use super::membership::Membership;
use super::{Frame, SignalingEvent, SocketCommand};
use crate::transport::LeaveReason;

/// Reads a message of the server.
pub(super) fn read(text: &str) -> Result<ServerMessage, String> {
    if text.len() > MAX_SIGNALING_BYTES {
        return Err(format!("{} bytes", text.len()));
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl SignalingClient {
    /// Takes a frame of an open connection.
    pub(super) fn handle_frame(&mut self, now: Duration, frame: Frame) {
        match frame {
            Frame::Text(text) => match read(&text) {
                Ok(message) => self.handle_message(now, message),
                Err(error) => log::warn!("dropping a message of the signaling server: {error}"),
            },
            Frame::Binary(frame) => match RelayHeader::split(&frame) {
                Ok((channel, from, packet)) => {
                    let packet = packet.to_vec();
                    self.events.push_back(SignalingEvent::Packet { from, channel, packet });
                }
                Err(error) => log::warn!("dropping a packet of the signaling server: {error}"),
            },
        }
    }

    pub(super) fn handle_message(&mut self, now: Duration, message: ServerMessage) {
        match &message {
            ServerMessage::Welcome { room, resume, grace_ms, .. } => {
                let grace = Duration::from_millis((*grace_ms).into());
                let (before, room) = (self.membership.take(), room.clone());
                self.membership = Some(Membership::welcomed(before, room, resume.clone(), grace));
            }
            ServerMessage::Roster { roster, signature, .. } => {
                if let Some(membership) = &mut self.membership {
                    let game = self.request.game.clone();
                    membership.keep_roster(roster.clone(), signature.clone(), game);
                }
            }
            ServerMessage::Draining { alternate_server: Some(server), .. } => {
                log::info!("the signaling server is about to stop, going to {server}");
                self.backoff.prefer(server.clone());
                self.commands.push_back(SocketCommand::Close);
                return self.lose(now, "the server sends its players elsewhere".to_owned());
            }
            ServerMessage::Refused { reason } => {
                self.commands.push_back(SocketCommand::Close);
                return match is_temporary(reason) {
                    true => self.lose(now, reason.to_string()),
                    false => self.close(LeaveReason::Refused(reason.clone())),
                };
            }
            _ => {}
        }
        self.events.push_back(SignalingEvent::Message(message));
    }
}
