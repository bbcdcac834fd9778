//! Inputs of a player that do not come from it: the others who have them are asked, one after the other.
//!
//! A connection between two players may break while others hear both, and a player may send its inputs to some and not to
//! others. Nobody is dropped for that: who waits for inputs of a player asks for them, twenty times a second, and plays on
//! with what it is told. The player's own statements show whether it was told the truth; if not, the inputs since the
//! last one are forgotten, and somebody else is asked.

use std::time::Duration;

use log::{debug, warn};
use netplay_protocol::{ControlMessage, InputRequest, InputResponse, PeerKey};

use super::Room;
use super::disconnect::Disconnect;
use super::progress::Progress;

/// For how long the simulation waits for inputs of a player before others are asked for them.
const ASK_AFTER: Duration = Duration::from_millis(400);
/// How often.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// For how long the same peer is asked without an answer that helps.
const NEXT_AFTER: Duration = Duration::from_millis(500);
/// How often a peer is answered, at most.
const ANSWER_EVERY: Duration = Duration::from_millis(30);
/// How often the inputs of a player may turn out to be wrong in one match.
const MAX_WRONG: u32 = 4;

/// Where the inputs of a player are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InputSearch {
    /// Since when the simulation waits for them, or since when there was something new among them.
    since: Duration,
    /// Who was asked last, and when; none before the first time.
    asked: Option<(PeerKey, Duration)>,
    /// How many peers were asked in vain.
    turn: usize,
    /// When the turn began.
    turn_at: Duration,
    /// Whether the last ones came from others.
    helps: bool,
    /// How often inputs were not those that the player has signed.
    wrong: u32,
}

impl InputSearch {
    fn new(now: Duration) -> Self {
        Self { since: now, asked: None, turn: 0, turn_at: now, helps: false, wrong: 0 }
    }

    /// Inputs came from the player itself.
    pub(super) fn handle_direct(&mut self) {
        self.helps = false;
    }
}

impl Room {
    /// Asks for the inputs that the simulation waits for.
    pub(super) fn search_inputs(&mut self, now: Duration) {
        let Some(active) = self.phase.active_match() else { return };
        let local = active.start.local_player;
        let playing: Vec<usize> = active.consensus.survivors().collect();
        for player in playing.iter().copied().filter(|player| *player != local) {
            self.search(now, player, &playing);
        }
        if let Some(active) = self.phase.active_match_mut() {
            active.input_searches.retain(|player, _| playing.contains(player));
        }
        self.check_unheard(now);
    }

    /// Asks for the inputs of a player of those who are `playing`, if they are waited for and do not come from it.
    fn search(&mut self, now: Duration, player: usize, playing: &[usize]) {
        let Some((key, has_to)) = self.is_searched(player) else { return };
        let patience = self.config.link.silent_after;
        let Some(active) = self.phase.active_match_mut() else { return };
        let local = active.start.local_player;
        let search = active.input_searches.entry(player).or_insert(InputSearch::new(now));
        let is_early = match search.asked {
            Some((_, at)) => now.saturating_sub(at) < ASK_EVERY,
            None => !has_to && now.saturating_sub(search.since) < ASK_AFTER,
        };
        if is_early {
            return;
        }
        if now.saturating_sub(search.turn_at) >= NEXT_AFTER {
            (search.turn, search.turn_at) = (search.turn + 1, now);
        }
        // The player itself is the last one.
        let others = playing.iter().filter(|it| ![local, player].contains(it)).chain([&player]);
        let others = others.filter_map(|it| active.start.players.get(*it));
        let is_heard = |key: &&PeerKey| {
            self.peers.get(*key).is_some_and(|peer| peer.link.silence(now) < patience)
        };
        let asked: Vec<PeerKey> = others.filter(is_heard).copied().collect();
        let to = asked.get(search.turn.checked_rem(asked.len()).unwrap_or(0)).copied();
        let (Some(to), Ok(number)) = (to, u8::try_from(player)) else { return };
        search.asked = Some((to, now));
        let request = active.traffic.lock().input_request(active.start.epoch, number, key);
        self.send_control(now, to, &ControlMessage::InputRequest(request));
    }

    /// The key of a player whose inputs are to be asked for, and whether they can come in no other way.
    fn is_searched(&mut self, player: usize) -> Option<(PeerKey, bool)> {
        let active = self.phase.active_match_mut()?;
        let key = active.start.players.get(player).copied()?;
        let traffic = active.traffic.lock();
        let has_to = traffic.needs_others(key);
        let peer = self.peers.get(&key)?;
        let waits = traffic.waits_for(key) && !matches!(peer.progress, Progress::Rejoining { .. });
        // Of two players nobody else can know.
        let is_pair = active.consensus.survivors().nth(2).is_none();
        let helps = active.input_searches.get(&player).is_some_and(|it| it.helps);
        if is_pair || !has_to && !waits && !helps {
            // How often they were wrong counts for the whole match.
            active.input_searches.retain(|it, search| *it != player || search.wrong > 0);
            return None;
        }
        Some((key, has_to))
    }

    /// Ends a room whose others play on with a player that the local peer has lost, and whose inputs they do not pass on.
    fn check_unheard(&mut self, now: Duration) {
        let Some(active) = self.phase.active_match() else { return };
        let timeout = self.config.disconnect_timeout;
        let local = active.start.local_player;
        // Nobody has inputs of a player while it is away.
        let away_until = |player: usize| {
            let key = active.start.players.get(player)?;
            let since = self.peers.get(key)?.attendance.away_since()?;
            Some(since + self.config.away_timeout)
        };
        let is_unheard = |(player, search): &(&usize, &InputSearch)| {
            let since = search.since.max(away_until(**player).unwrap_or_default());
            (search.wrong > 0 || active.accusations.has(local, **player))
                && now.saturating_sub(since) >= 2 * timeout
        };
        let Some((player, _)) = active.input_searches.iter().find(is_unheard) else { return };
        let detail =
            "nothing of it comes here, and the others play on with it: check your connection";
        let reason = Disconnect::lost(detail).end_reason(*player);
        self.end(now, reason);
    }

    /// A peer lacks inputs of a player.
    pub(super) fn answer_request(&mut self, now: Duration, from: PeerKey, request: InputRequest) {
        let active = self.phase.active_match_mut();
        let finished = self.lobby.finished.as_mut().map(|finished| &mut *finished.active);
        let Some(active) = active.or(finished) else { return };
        let player = usize::from(request.player);
        let Some(key) = active.start.players.get(player).copied() else {
            return self.count_malformed(now, from);
        };
        let is_out = active.consensus.is_frozen(player)
            || active.player(from).is_none_or(|from| active.consensus.is_frozen(from));
        let answered_at = active.answered_at.get(&(from, player));
        let is_early = answered_at.is_some_and(|at| now.saturating_sub(*at) < ANSWER_EVERY);
        if active.start.epoch != request.epoch || is_out || is_early || key == from {
            return;
        }
        let of = (player != active.start.local_player).then_some(key);
        let Some(response) = active.traffic.lock().input_response(request, of) else { return };
        active.answered_at.insert((from, player), now);
        self.send_control(now, from, &ControlMessage::InputResponse(response));
    }

    /// A peer has sent inputs of a player that it was asked for.
    pub(super) fn handle_input_response(
        &mut self,
        now: Duration,
        from: PeerKey,
        response: &InputResponse,
    ) {
        let Some(active) = self.phase.active_match_mut() else { return };
        let player = usize::from(response.inputs.player);
        let Some(search) = active.input_searches.get_mut(&player) else { return };
        let Some(key) = active.start.players.get(player).copied() else { return };
        let is_asked = search.asked.is_some_and(|(asked, _)| asked == from);
        if active.start.epoch != response.inputs.epoch || !is_asked {
            return;
        }
        let taken = active.traffic.lock().handle_input_response(key, response);
        match taken {
            Ok(0) => {}
            Ok(_) => (search.since, search.turn_at, search.helps) = (now, now, true),
            Err(error) => {
                debug!(
                    "dropped what {from:?} has of player {}: {error}",
                    self.roster.number(player)
                );
                self.count_malformed(now, from);
            }
        }
    }

    /// The inputs of a player since its last statement are not those that it has signed: they are asked for again.
    pub(super) fn distrust_inputs(&mut self, now: Duration, player: usize) {
        let Some(active) = self.phase.active_match_mut() else { return };
        let Some(key) = active.start.players.get(player).copied() else { return };
        if active.consensus.is_frozen(player) {
            return;
        }
        let search = active.input_searches.entry(player).or_insert(InputSearch::new(now));
        (search.turn, search.turn_at) = (search.turn + 1, now);
        search.wrong += 1;
        if search.wrong > MAX_WRONG {
            let detail = "it has signed other inputs than anybody passes on".to_owned();
            return self.end(now, Disconnect::Lost(detail).end_reason(player));
        }
        active.traffic.lock().distrust(key);
        warn!(
            "the inputs of player {} are not those that it has signed: asking the others for them",
            self.roster.number(player)
        );
        self.simulate_again(player);
    }
}
