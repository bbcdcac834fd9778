//! What the server sends on an open connection, and what of it concerns the client itself.

use std::time::Duration;

use netplay_protocol::limits::{MAX_PLAYERS, MAX_SIGNALING_BYTES, MIN_PLAYERS};
use netplay_protocol::signaling::{Entry, ServerMessage, SignedRoster};
use netplay_protocol::{RelayHeader, RoomCode};

use super::address::may_refer;
use super::backoff::is_temporary;
use super::client::SignalingClient;
use super::membership::Membership;
use super::{Frame, SignalingEvent, SocketCommand};
use crate::log_limiter::log_limited;
use crate::transport::LeaveReason;

/// Reads a message of the server.
pub(crate) fn read(text: &str) -> Result<ServerMessage, String> {
    if text.len() > MAX_SIGNALING_BYTES {
        return Err(format!("{} bytes", text.len()));
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl SignalingClient {
    /// Says why a message is dropped.
    fn drop_message(&mut self, now: Duration, why: &str) {
        log_limited!(
            self.logs,
            now,
            "dropping a message of the signaling server",
            "",
            warn!("dropping a message of the signaling server: {why}")
        );
    }

    /// Takes a frame of an open connection.
    pub(super) fn handle_frame(&mut self, now: Duration, frame: Frame) {
        match frame {
            Frame::Text(text) => match read(&text) {
                Ok(message) => self.handle_message(now, message),
                Err(error) => self.drop_message(now, &error),
            },
            Frame::Binary(frame) => match RelayHeader::split(&frame) {
                Ok((channel, from, packet)) => {
                    let packet = packet.to_vec();
                    self.events.push_back(SignalingEvent::Packet { from, channel, packet });
                }
                Err(error) => log_limited!(
                    self.logs,
                    now,
                    "dropping a packet of the signaling server",
                    "",
                    warn!("dropping a packet of the signaling server: {error}")
                ),
            },
        }
    }

    pub(super) fn handle_message(&mut self, now: Duration, message: ServerMessage) {
        let broken = match &message {
            ServerMessage::Welcome { .. } => self.handle_welcome(&message),
            ServerMessage::Roster { .. } => self.handle_roster(&message),
            ServerMessage::Draining { alternate_server: Some(server), .. } => {
                if self.backoff.knows(server) || may_refer(&self.server, server) {
                    log_limited!(
                        self.logs,
                        now,
                        "the signaling server is about to stop",
                        "",
                        info!("the signaling server is about to stop, going to {server}")
                    );
                    self.backoff.prefer(server.clone());
                    self.commands.push_back(SocketCommand::Close);
                    return self.lose(now, "the server sends its players elsewhere".to_owned());
                }
                log_limited!(
                    self.logs,
                    now,
                    "not following the signaling server",
                    "",
                    warn!(
                        "not following the signaling server to {server:?}: it is neither in the game's list nor on the same host"
                    )
                );
                Ok(())
            }
            ServerMessage::Refused { reason } => {
                self.commands.push_back(SocketCommand::Close);
                return match is_temporary(reason) {
                    true => self.lose(now, reason.to_string()),
                    false => self.close(LeaveReason::Refused(reason.clone())),
                };
            }
            ServerMessage::Challenge { .. } => {
                return self.drop_message(now, "a second challenge");
            }
            ServerMessage::Rooms(_) => {
                return self.drop_message(now, "a list of rooms, to a member");
            }
            ServerMessage::Queued { .. } if self.membership.is_some() => {
                return self.drop_message(now, "queued, in a room");
            }
            _ => Ok(()),
        };
        match broken {
            Ok(()) => self.events.push_back(SignalingEvent::Message(message)),
            Err(sentence) => {
                log::warn!("leaving the signaling server: {sentence}");
                self.commands.push_back(SocketCommand::Close);
                self.close(LeaveReason::ServerGone(sentence));
            }
        }
    }

    /// Takes in the place in a room. The error says what no server does.
    fn handle_welcome(&mut self, message: &ServerMessage) -> Result<(), String> {
        let ServerMessage::Welcome { room, nonce, size, least, resume, grace_ms, .. } = message
        else {
            return Ok(());
        };
        if !(MIN_PLAYERS..=MAX_PLAYERS).contains(size) {
            return Err(format!("it has a room for {size} players"));
        }
        if let Some(least) = least.filter(|least| !(MIN_PLAYERS..=*size).contains(least)) {
            return Err(format!("it has a room for {size} players that {least} can play in"));
        }
        let grace = Duration::from_millis((*grace_ms).into());
        let asked_for = self.asked_for(room);
        match &mut self.membership {
            Some(membership) => match membership.renew(room, *nonce, resume.clone(), grace) {
                true => Ok(()),
                false => Err("it brought the game into another room".to_owned()),
            },
            None if !asked_for => {
                Err("it brought the game into a room that it did not ask for".to_owned())
            }
            None => {
                let membership = Membership::new(room.clone(), *nonce, resume.clone(), grace);
                self.membership = Some(membership);
                Ok(())
            }
        }
    }

    /// Whether a room is what the request asks for.
    fn asked_for(&self, room: &RoomCode) -> bool {
        match &self.request.entry {
            Entry::Room(code) | Entry::Existing(code) => {
                code.parse().is_ok_and(|code: RoomCode| code == *room)
            }
            Entry::New | Entry::Queue { .. } => true,
        }
    }

    /// Keeps a roster. The error says what no server does.
    fn handle_roster(&mut self, message: &ServerMessage) -> Result<(), String> {
        let ServerMessage::Roster { revision, roster, issued, signature } = message else {
            return Ok(());
        };
        let membership = self.membership.as_mut().ok_or("it has members of no room")?;
        roster.check().map_err(|error| format!("it sent {error}"))?;
        membership.keep_roster(SignedRoster {
            roster: roster.clone(),
            nonce: membership.nonce(),
            revision: *revision,
            issued: *issued,
            signature: signature.clone(),
            game: self.request.game.clone(),
        });
        Ok(())
    }
}
