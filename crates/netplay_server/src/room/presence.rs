//! Losing the socket, and coming back.

use netplay_protocol::signaling::{Presence, Refusal, ServerMessage};

use super::{Delivery, Mailbox, Parcel, Place, Returner, Room, Rules, SocketId};

impl Room {
    /// A connection is lost: its member is away, and has the grace period to come back. A member who
    /// came back on another connection already is not meant.
    pub(crate) fn lost(&mut self, rules: Rules<'_>, socket: SocketId) -> Vec<Delivery> {
        let Some(member) = self.at(socket) else { return Vec::new() };
        let until = rules.now + rules.grace;
        member.place = Place::Away { until, mailbox: Mailbox::default() };
        let key = member.key;
        vec![self.presence(key, Presence::Away)]
    }

    /// Frees the seats of those who were away for too long.
    pub(crate) fn expire(&mut self, rules: Rules<'_>) -> Vec<Delivery> {
        let late = self.members.iter().filter(|member| match member.place {
            Place::Online(_) => false,
            Place::Away { until, .. } => until <= rules.now,
        });
        let gone: Vec<_> = late.map(|member| member.key).collect();
        self.free(rules, &gone)
    }

    /// A member comes back on another connection, to the same seat. It is told what it has missed, unless it
    /// was started anew; the connection it had, should the server think that it still has it, is dismissed.
    pub(crate) fn resume(
        &mut self,
        rules: Rules<'_>,
        returner: Returner,
    ) -> Result<Vec<Delivery>, Refusal> {
        let Returner { socket, key, restarted, ice_servers } = returner;
        let mut deliveries = self.expire(rules);
        let member = self.members.iter_mut().find(|member| member.key == key);
        let member = member.ok_or(Refusal::CannotResume)?;
        let before = std::mem::replace(&mut member.place, Place::Online(socket));
        if restarted {
            member.playing = false;
            member.relays.clear();
        }
        let mine = |parcel| Delivery { to: vec![socket], parcel };
        deliveries.push(mine(Parcel::Message(self.welcome(rules, key, ice_servers))));
        deliveries.push(self.told(rules, vec![socket]));
        deliveries.extend(self.absences(socket));
        if restarted {
            deliveries.push(self.presence(key, Presence::Restarted));
        }
        match before {
            Place::Online(old) => deliveries
                .push(Delivery { to: vec![old], parcel: Parcel::Dismissal(Refusal::Superseded) }),
            Place::Away { .. } if restarted => {}
            Place::Away { mailbox, .. } => {
                deliveries.push(self.presence(key, Presence::Online));
                let mail = mailbox.empty().map(Parcel::Message);
                deliveries.extend(mail.map(mine));
            }
        }
        let opened = self.members.iter().filter(|member| member.relays.contains(&key));
        let opened = opened.map(|member| ServerMessage::Relay { from: member.key, open: true });
        deliveries.extend(opened.map(Parcel::Message).map(mine));
        Ok(deliveries)
    }
}
