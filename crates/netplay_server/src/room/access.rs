//! Who may be in a room: kicks, bans, and whether it admits new peers.

use netplay_protocol::PeerKey;
use netplay_protocol::signaling::{
    KickRule, Listing, PublicRoom, Refusal, RoomOptions, RoomState, ServerMessage,
};

use super::{Delivery, Member, Outgoing, Room, Rules, SocketId};
use crate::limits::ClientAddress;

/// What decides who may be in a room.
#[derive(Debug)]
pub(super) struct Access {
    kick: KickRule,
    open: bool,
    /// What the list of public rooms says of the room. None: it is not in the list.
    listing: Option<Listing>,
    bans: Vec<Ban>,
    votes: Vec<Vote>,
}

/// A peer that the room keeps out.
#[derive(Debug)]
struct Ban {
    key: PeerKey,
    /// Where it was connected from. None if the server that saw it has restarted since.
    address: Option<ClientAddress>,
}

/// A member wants another one removed. There is one at most for each two members.
#[derive(Debug)]
struct Vote {
    by: PeerKey,
    target: PeerKey,
    ban: bool,
}

/// What became of a request to remove a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KickOutcome {
    /// The member was removed.
    Kicked { banned: bool },
    /// It counts as a vote, and more are needed.
    Voted,
    /// The sender has no right to it, there is no such member, or the vote is known.
    Ignored,
}

impl Access {
    pub(super) fn new(options: RoomOptions) -> Self {
        let RoomOptions { kick, public: listing } = options;
        Self { kick, open: true, listing, bans: Vec::new(), votes: Vec::new() }
    }

    /// Refuses a peer that is kept out.
    pub(super) fn check(&self, key: PeerKey, address: ClientAddress) -> Result<(), Refusal> {
        let is_meant = |ban: &Ban| ban.key == key || ban.address == Some(address);
        match self.bans.iter().any(is_meant) {
            true => Err(Refusal::Banned),
            false => Ok(()),
        }
    }

    /// Whether new peers are admitted.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the room keeps a key out, whatever a roster says.
    pub(super) fn is_banned(&self, key: PeerKey) -> bool {
        self.bans.iter().any(|ban| ban.key == key)
    }

    /// Forgets the votes of members that are gone, and those about them.
    pub(super) fn forget(&mut self, gone: &[PeerKey]) {
        self.votes.retain(|vote| !gone.contains(&vote.by) && !gone.contains(&vote.target));
    }

    /// Keeps a peer out. A room whose list is full is closed instead, and stays so: it never has to forget anybody.
    fn ban(&mut self, rules: Rules<'_>, key: PeerKey, address: Option<ClientAddress>) {
        if self.bans.len() < rules.bans {
            self.bans.push(Ban { key, address });
        }
        self.open &= !self.is_full(rules);
    }

    fn is_full(&self, rules: Rules<'_>) -> bool {
        self.bans.len() >= rules.bans
    }

    /// Counts a vote. Returns whether it is news.
    fn vote(&mut self, by: PeerKey, target: PeerKey, ban: bool) -> bool {
        match self.votes.iter_mut().find(|vote| (vote.by, vote.target) == (by, target)) {
            Some(vote) => ban && !std::mem::replace(&mut vote.ban, true),
            None => {
                self.votes.push(Vote { by, target, ban });
                true
            }
        }
    }

    /// How many want a member removed, and how many of them for good.
    fn votes(&self, target: PeerKey) -> (usize, usize) {
        let votes = self.votes.iter().filter(|vote| vote.target == target);
        (votes.clone().count(), votes.filter(|vote| vote.ban).count())
    }
}

impl Room {
    /// A member asks to remove another one.
    pub(crate) fn handle_kick(
        &mut self,
        rules: Rules<'_>,
        socket: SocketId,
        target: PeerKey,
        ban: bool,
    ) -> Result<KickOutcome, Refusal> {
        let by = self.member_on(socket).ok_or(Refusal::OutOfOrder)?.key;
        // That there is no such member is no error: it may just have left.
        if by == target || self.member(target).is_none() {
            return Ok(KickOutcome::Ignored);
        }
        let rule = self.access.kick;
        match rule {
            KickRule::FirstPlayer if self.first_player() == Some(by) => {
                self.kick(rules, target, ban);
                Ok(KickOutcome::Kicked { banned: ban })
            }
            KickRule::FirstPlayer => Ok(KickOutcome::Ignored),
            KickRule::Vote if self.access.vote(by, target, ban) => {
                if let Some(banned) = self.outvoted(target) {
                    self.kick(rules, target, banned);
                    return Ok(KickOutcome::Kicked { banned });
                }
                self.send_votes(target);
                Ok(KickOutcome::Voted)
            }
            KickRule::Vote => Ok(KickOutcome::Ignored),
        }
    }

    /// A member opens or closes the room.
    pub(crate) fn handle_open(
        &mut self,
        rules: Rules<'_>,
        socket: SocketId,
        open: bool,
    ) -> Result<(), Refusal> {
        let by = self.member_on(socket).ok_or(Refusal::OutOfOrder)?.key;
        let may = self.first_player() == Some(by) && (!open || !self.access.is_full(rules));
        if may && self.access.open != open {
            self.access.open = open;
            self.send_state();
        }
        Ok(())
    }

    /// Removes those for whose removal there are enough votes now that somebody has left.
    pub(super) fn kick_outvoted(&mut self, rules: Rules<'_>) {
        let outvoted = |member: &Member| Some((member.key, self.outvoted(member.key)?));
        if let Some((key, banned)) = self.members.iter().find_map(outvoted) {
            self.kick(rules, key, banned);
        }
    }

    /// What a member is told of the room besides the roster.
    pub(super) fn state(&self) -> RoomState {
        let Access { kick, open, listing, .. } = &self.access;
        RoomState {
            open: *open,
            kick: *kick,
            public: listing.is_some(),
            has_played: self.has_played,
        }
    }

    /// Whether the room is one of the public ones, as long as it admits new peers.
    pub(crate) fn is_public(&self) -> bool {
        self.access.listing.is_some()
    }

    /// How many players a public room has, if it admits another one.
    pub(crate) fn listed_players(&self) -> Option<u8> {
        let admits = self.is_public() && self.admits(1).is_ok();
        u8::try_from(self.player_count()).ok().filter(|players| admits && *players > 0)
    }

    /// The room as the list of public rooms has it, if it is listed at present.
    pub(crate) fn listed(&self) -> Option<PublicRoom> {
        Some(PublicRoom {
            players: self.listed_players()?,
            room: self.code.clone(),
            listing: self.access.listing.clone()?,
            mode: self.game.mode.clone(),
            size: self.size,
            password: self.password.is_some(),
        })
    }

    /// The first player: the member with the lowest place of those that are connected.
    fn first_player(&self) -> Option<PeerKey> {
        let is_present = |key| self.member(key).is_some_and(|member| member.socket().is_some());
        self.roster().first_player(is_present)
    }

    /// Whether enough of the others want a member removed, and then whether for good.
    fn outvoted(&self, target: PeerKey) -> Option<bool> {
        let needed = KickRule::votes_needed(self.members.len().saturating_sub(1));
        let (votes, bans) = self.access.votes(target);
        (votes >= needed).then_some(bans >= needed)
    }

    /// Removes a member at once: its socket, its slot, and what it relays.
    fn kick(&mut self, rules: Rules<'_>, target: PeerKey, banned: bool) {
        let Some(member) = self.member(target) else { return };
        let (socket, address) = (member.socket(), member.address);
        let was_open = self.access.open;
        // Who shows a roster of before a restart of the server must not bring the member back.
        if banned || self.restored_from.is_some() {
            self.access.ban(rules, target, address.filter(|_| banned));
        }
        if let Some(socket) = socket {
            let outgoing = Outgoing::Close(Refusal::Kicked { banned });
            self.transmits.push_back(Delivery { to: vec![socket], outgoing });
        }
        self.remove_members(rules, &[target]);
        self.send(self.all_sockets(), ServerMessage::Kicked { peer: target, banned });
        if was_open != self.access.open {
            self.send_state();
        }
        self.kick_outvoted(rules);
    }

    pub(super) fn send_state(&mut self) {
        self.send(self.all_sockets(), ServerMessage::RoomState(self.state()));
    }

    /// Tells everybody else how many want a member removed.
    fn send_votes(&mut self, target: PeerKey) {
        let needed = KickRule::votes_needed(self.members.len().saturating_sub(1));
        let (votes, _) = self.access.votes(target);
        let others = self.members.iter().filter(|member| member.key != target);
        let others = others.filter_map(Member::socket).collect();
        // There are at most eight members.
        let count = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        let (votes, needed) = (count(votes), count(needed));
        self.send(others, ServerMessage::KickVotes { peer: target, votes, needed });
    }
}
