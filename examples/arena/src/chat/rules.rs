//! What is said in the lobby and after a match, and the rules for it: how long a line is, how many lines a player may
//! send, how many are kept, who is not shown. No Bevy system and no clock: [`ChatLog`] is told what happens and when.

use std::collections::VecDeque;
use std::time::Duration;

use bevy::prelude::Resource;
use bevy_netplay::prelude::PeerKey;

use crate::plain_text::on_one_line;

/// How many characters of a line are sent and shown.
pub const MAX_CHARACTERS: usize = 200;
/// How many lines are kept.
pub const MAX_LINES: usize = 50;
/// How many lines of a player are taken in each [`RECEIVE_WINDOW`].
const BURST: usize = 5;
/// See [`BURST`].
const RECEIVE_WINDOW: Duration = Duration::from_secs(5);
/// The same for the lines that are sent. It is longer, because lines arrive less evenly than they were sent.
const SEND_WINDOW: Duration = Duration::from_secs(7);
/// How many players are remembered. Of more, one that is not muted is forgotten, the oldest first.
const MAX_SENDERS: usize = 32;

/// Who a line is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The local player.
    Local,
    /// Another player.
    Peer(PeerKey),
    /// Nobody: the game says something.
    Game,
}

/// A line of the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLine {
    /// Counts the lines of this process.
    pub number: u64,
    /// Who it is from.
    pub author: Author,
    /// The name of its author; empty where the game says something.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Why a line of the local player is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// There is nothing in it.
    Empty,
    /// The player has sent too many.
    TooMany,
}

/// The last lines, and what is remembered of those who wrote them.
#[derive(Resource, Clone, Debug, Default)]
pub struct ChatLog {
    lines: VecDeque<ChatLine>,
    written: u64,
    senders: Vec<Sender>,
    sent: Recent,
}

#[derive(Clone, Debug)]
struct Sender {
    peer: PeerKey,
    received: Recent,
    muted: bool,
    /// Whether the player was told that lines of this one are left out.
    told: bool,
}

/// When the last lines were admitted.
#[derive(Clone, Debug, Default)]
struct Recent(VecDeque<Duration>);

impl Recent {
    fn admits(&mut self, now: Duration, window: Duration) -> bool {
        while self.0.front().is_some_and(|&at| at + window <= now) {
            self.0.pop_front();
        }
        let admitted = self.0.len() < BURST;
        if admitted {
            self.0.push_back(now);
        }
        admitted
    }
}

/// A line as it is sent and shown. Empty if there is nothing to see in it.
pub fn clean(text: &str) -> String {
    let text = on_one_line(text, MAX_CHARACTERS);
    let cut: String = text.chars().take(MAX_CHARACTERS).collect();
    cut.trim_end().into()
}

impl ChatLog {
    /// The local player says something. Returns the line to send to the others.
    ///
    /// # Errors
    ///
    /// [`NotSent`] where there is none; the player is told if that is worth it.
    pub fn handle_local(&mut self, now: Duration, text: &str) -> Result<String, NotSent> {
        let text = clean(text);
        if text.is_empty() {
            return Err(NotSent::Empty);
        }
        if !self.sent.admits(now, SEND_WINDOW) {
            self.note("not sent: you write too fast, wait a few seconds");
            return Err(NotSent::TooMany);
        }
        self.push(Author::Local, "you".into(), text.clone());
        Ok(text)
    }

    /// A peer has sent a line, under a name that can be shown.
    pub fn handle_line(&mut self, now: Duration, peer: PeerKey, name: &str, text: &str) {
        let sender = self.sender(peer);
        if sender.muted {
            return;
        }
        if !sender.received.admits(now, RECEIVE_WINDOW) {
            if !std::mem::replace(&mut sender.told, true) {
                self.note(&format!("{name} writes too fast: some lines are left out"));
            }
            return;
        }
        let text = clean(text);
        if !text.is_empty() {
            self.push(Author::Peer(peer), name.into(), text);
        }
    }

    /// The game says something.
    pub fn note(&mut self, text: &str) {
        self.push(Author::Game, String::new(), text.into());
    }

    /// Hides the lines of a peer, those that were said as well, or shows them again.
    pub fn toggle_mute(&mut self, peer: PeerKey) {
        let sender = self.sender(peer);
        sender.muted = !sender.muted;
    }

    /// Whether the lines of a peer are hidden.
    pub fn is_muted(&self, peer: PeerKey) -> bool {
        self.senders.iter().any(|sender| sender.peer == peer && sender.muted)
    }

    /// The lines that are shown, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &ChatLine> {
        self.lines
            .iter()
            .filter(|line| !matches!(line.author, Author::Peer(peer) if self.is_muted(peer)))
    }

    /// Another room: nothing was said there yet. Who is muted stays so.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.senders.iter_mut().for_each(|sender| sender.told = false);
    }

    fn push(&mut self, author: Author, name: String, text: String) {
        self.written += 1;
        self.lines.push_back(ChatLine { number: self.written, author, name, text });
        if self.lines.len() > MAX_LINES {
            self.lines.pop_front();
        }
    }

    fn sender(&mut self, peer: PeerKey) -> &mut Sender {
        let known = self.senders.iter().position(|sender| sender.peer == peer);
        let at = known.unwrap_or_else(|| {
            if self.senders.len() >= MAX_SENDERS {
                let oldest = self.senders.iter().position(|sender| !sender.muted);
                self.senders.remove(oldest.unwrap_or(0));
            }
            let received = Recent::default();
            self.senders.push(Sender { peer, received, muted: false, told: false });
            self.senders.len() - 1
        });
        &mut self.senders[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn peer(number: u8) -> PeerKey {
        PeerKey::from_bytes([number; 16])
    }

    fn texts(log: &ChatLog) -> Vec<&str> {
        log.lines().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_line_is_short_and_plain() {
        assert_eq!(clean("  hello\n\u{202e}you\u{7} "), "hello you");
        assert_eq!(clean(&"ß".repeat(300)).chars().count(), MAX_CHARACTERS);
        // Marks count as characters: they take room as well.
        assert_eq!(clean(&"e\u{301}".repeat(300)).chars().count(), MAX_CHARACTERS);
        assert_eq!(clean("<b>&amp;"), "<b>&amp;");
        assert_eq!(clean(" \u{200b}\u{202e}\t "), "");
    }

    #[test]
    fn what_is_sent_is_what_the_sender_sees() {
        let mut log = ChatLog::default();
        assert_eq!(log.handle_local(SECOND, " hi\u{0} "), Ok("hi".into()));
        assert_eq!(log.handle_local(SECOND, "\u{200b}"), Err(NotSent::Empty));
        assert_eq!(texts(&log), ["hi"]);
        log.handle_line(SECOND, peer(1), "Ann", "a\u{2028}b");
        assert_eq!(texts(&log), ["hi", "a b"]);
    }

    #[test]
    fn more_than_five_lines_in_five_seconds_are_left_out_and_that_is_said_once() {
        let mut log = ChatLog::default();
        for number in 0..20 {
            log.handle_line(SECOND, peer(1), "Ann", &number.to_string());
        }
        let once = "Ann writes too fast: some lines are left out";
        assert_eq!(texts(&log), ["0", "1", "2", "3", "4", once]);
        // Others are not concerned.
        log.handle_line(SECOND, peer(2), "Ben", "hello");
        log.handle_line(SECOND * 6 - Duration::from_millis(1), peer(1), "Ann", "too early");
        log.handle_line(SECOND * 6, peer(1), "Ann", "later");
        assert_eq!(texts(&log)[6..], ["hello", "later"]);
        (0..20).for_each(|_| log.handle_line(SECOND * 6, peer(1), "Ann", "again"));
        assert_eq!(log.lines().filter(|line| line.author == Author::Game).count(), 1);
    }

    #[test]
    fn what_a_player_may_send_is_what_the_others_take_however_unevenly_it_arrives() {
        let (mut sender, mut receiver) = (ChatLog::default(), ChatLog::default());
        let (mut sent, mut arrival) = (0, Duration::ZERO);
        for tenth in 0..600 {
            let now = Duration::from_millis(tenth * 100);
            if let Ok(text) = sender.handle_local(now, "x") {
                // Every other line takes two seconds longer.
                let late = if sent % 2 == 0 { SECOND * 2 } else { Duration::ZERO };
                sent += 1;
                arrival = arrival.max(now + late);
                receiver.handle_line(arrival, peer(1), "Ann", &text);
            }
        }
        assert!(sent > 40, "{sent}");
        assert!(receiver.lines().all(|line| line.author != Author::Game));
    }

    #[test]
    fn a_muted_peer_is_not_shown_and_takes_no_room() {
        let mut log = ChatLog::default();
        log.handle_line(SECOND, peer(1), "Ann", "before");
        log.handle_line(SECOND, peer(2), "Ben", "hello");
        log.toggle_mute(peer(1));
        assert!(log.is_muted(peer(1)) && !log.is_muted(peer(2)));
        (0..100).for_each(|second| log.handle_line(SECOND * second, peer(1), "Ann", "spam"));
        assert_eq!(texts(&log), ["hello"]);
        log.clear();
        assert!(log.is_muted(peer(1)));
        log.toggle_mute(peer(1));
        log.handle_line(SECOND, peer(1), "Ann", "sorry");
        assert_eq!(texts(&log), ["sorry"]);
    }

    #[test]
    fn memory_is_bounded_whatever_is_said_and_by_how_many() {
        let mut log = ChatLog::default();
        log.toggle_mute(peer(0));
        for number in 0..=255_u8 {
            for second in 0..10 {
                log.handle_line(SECOND * second, peer(number), "A", &"x".repeat(1000));
            }
        }
        assert_eq!(log.lines.len(), MAX_LINES);
        assert_eq!(log.senders.len(), MAX_SENDERS);
        assert!(log.senders.iter().all(|sender| sender.received.0.len() <= BURST));
        assert!(log.lines().all(|line| line.text.len() <= MAX_CHARACTERS));
        assert!(log.is_muted(peer(0)), "muted players are not forgotten for others");
        // Not even if all are muted.
        (0..=255).for_each(|number| log.toggle_mute(peer(number)));
        assert_eq!(log.senders.len(), MAX_SENDERS);
    }

    #[test]
    fn every_line_has_a_number_of_its_own() {
        let mut log = ChatLog::default();
        (0..3).for_each(|_| log.note("a"));
        log.clear();
        log.note("b");
        assert_eq!(log.lines().map(|line| line.number).collect::<Vec<_>>(), [4]);
    }
}
