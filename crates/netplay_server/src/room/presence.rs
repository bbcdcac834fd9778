//! Disconnecting from a room, and resuming.

use netplay_protocol::signaling::{Presence, Refusal, ServerMessage};

use super::{Delivery, Mailbox, MemberConnection, Outgoing, ResumeRequest, Room, Rules, SocketId};

impl Room {
    /// Marks the member on a broken connection as away. It has the grace period to resume. Does nothing when
    /// the member already resumed on another connection.
    pub(crate) fn handle_disconnect(&mut self, rules: Rules<'_>, socket: SocketId) {
        let Some(member) = self.member_on(socket) else { return };
        let until = rules.now + rules.grace;
        member.connection = MemberConnection::Away { until, mailbox: Mailbox::default() };
        let key = member.key;
        self.send_presence(key, Presence::Away);
    }

    /// Removes the members whose grace period is over.
    pub(crate) fn handle_timeout(&mut self, rules: Rules<'_>) {
        let late = |at| at <= rules.now;
        let late = self.members.iter().filter(|member| member.expires_at().is_some_and(late));
        let removed: Vec<_> = late.map(|member| member.key).collect();
        self.remove(rules, &removed);
    }

    /// Connects a member to its slot again and sends it what it missed; a restarted process receives no
    /// signals of before. A previous connection that the server still has is closed.
    pub(crate) fn handle_resume(
        &mut self,
        rules: Rules<'_>,
        request: ResumeRequest,
    ) -> Result<(), Refusal> {
        let ResumeRequest { socket, key, restarted, ice_servers } = request;
        self.handle_timeout(rules);
        let member = self.members.iter_mut().find(|member| member.key == key);
        let member = member.ok_or(Refusal::CannotResume)?;
        let previous = std::mem::replace(&mut member.connection, MemberConnection::Online(socket));
        if restarted {
            member.playing = false;
            member.relays.clear();
        }
        self.send_welcome(rules, socket, key, ice_servers);
        self.send_roster(rules, vec![socket]);
        self.send_absences(socket);
        if restarted {
            self.send_presence(key, Presence::Restarted);
        }
        match previous {
            MemberConnection::Online(old) => {
                let outgoing = Outgoing::Close(Refusal::Superseded);
                self.transmits.push_back(Delivery { to: vec![old], outgoing });
            }
            MemberConnection::Away { .. } if restarted => {}
            MemberConnection::Away { mailbox, .. } => {
                self.send_presence(key, Presence::Online);
                for message in mailbox.into_messages() {
                    self.send(vec![socket], message);
                }
            }
        }
        let open = self.members.iter().filter(|member| member.relays.contains(&key));
        for from in open.map(|member| member.key).collect::<Vec<_>>() {
            self.send(vec![socket], ServerMessage::Relay { from, open: true });
        }
        Ok(())
    }
}
