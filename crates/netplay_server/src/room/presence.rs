//! Disconnecting from a room, and resuming.

use netplay_protocol::signaling::{Presence, Refusal, ServerMessage, SignedRoster};

use super::{
    Delivery, Mailbox, Member, MemberConnection, Outgoing, ResumeRequest, Room, Rules, SocketId,
};

impl Room {
    /// Marks the member on a broken connection as away, and tells the others this presence. It has the grace period to
    /// resume. Does nothing when the member already resumed on another connection.
    pub(crate) fn handle_disconnect(
        &mut self,
        rules: Rules<'_>,
        socket: SocketId,
        presence: Presence,
    ) {
        let Some(member) = self.member_on(socket) else { return };
        let until = rules.now + rules.grace;
        member.connection = MemberConnection::Away { until, mailbox: Mailbox::default() };
        let key = member.key;
        self.send_presence(key, presence);
    }

    /// Removes the members whose grace period is over.
    pub(crate) fn handle_timeout(&mut self, rules: Rules<'_>) {
        let late = |at| at <= rules.now;
        let late = self.members.iter().filter(|member| member.expires_at().is_some_and(late));
        let removed: Vec<_> = late.map(|member| member.key).collect();
        self.remove(rules, &removed);
    }

    /// Takes in another signed roster of a room that was restored from one. A newer one is right: its members are those
    /// of the room, the others had left before the server restarted.
    pub(crate) fn handle_newer_roster(&mut self, rules: Rules<'_>, signed: &SignedRoster) {
        let newer = self.restored_from.is_some_and(|revision| revision < signed.revision);
        if !newer || signed.nonce != self.nonce {
            return;
        }
        self.restored_from = Some(signed.revision);
        self.revision = self.revision.max(signed.revision) + 1;
        let until = rules.now + rules.grace;
        let mut before = std::mem::take(&mut self.members);
        let members = signed.roster.members.iter().zip(&signed.roster.players);
        for (key, players) in members.filter(|(key, _)| !self.access.is_banned(**key)) {
            let known = before.iter().position(|member| member.key == *key);
            self.members.push(match known {
                Some(index) => before.swap_remove(index),
                None => Member::away(*key, *players, until),
            });
        }
        for member in &mut self.members {
            member.relays.retain(|to| before.iter().all(|gone| gone.key != *to));
        }
        let gone: Vec<_> = before.iter().map(|gone| gone.key).collect();
        self.access.forget(&gone);
        gone.iter().for_each(|key| self.statistics.forget(*key));
        for gone in before {
            if let Some(socket) = gone.socket() {
                let outgoing = Outgoing::Close(Refusal::CannotResume);
                self.transmits.push_back(Delivery { to: vec![socket], outgoing });
            }
            self.send_presence(gone.key, Presence::Left);
        }
        self.send_roster(rules, self.all_sockets());
    }

    /// Connects a member to its slot again and sends it what it missed; a restarted process receives no
    /// signals of before. A previous connection that the server still has is closed.
    pub(crate) fn handle_resume(
        &mut self,
        rules: Rules<'_>,
        request: ResumeRequest,
    ) -> Result<(), Refusal> {
        let ResumeRequest { socket, key, address, nonce, restarted, ice_servers } = request;
        self.handle_timeout(rules);
        if nonce != self.nonce {
            return Err(Refusal::CannotResume);
        }
        let member = self.members.iter_mut().find(|member| member.key == key);
        let member = member.ok_or(Refusal::CannotResume)?;
        member.address = Some(address);
        let previous = std::mem::replace(&mut member.connection, MemberConnection::Online(socket));
        if restarted {
            member.playing = false;
            member.relays.clear();
            self.statistics.forget(key);
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
