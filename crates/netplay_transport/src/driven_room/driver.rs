//! [`RoomDriver`]: carries out what a room decides.

use std::task::{Context, Poll};
use std::time::Duration;

use netplay_core::emulator::NetworkEmulation;
use netplay_core::link::Transmit;
use netplay_core::messages::MessageEvent;
use netplay_core::path::Channel;
use netplay_core::room::{BetweenFrames, BetweenFramesWork, Room, RoomActivity, RoomEvent};
use netplay_protocol::PeerKey;
use web_time::Instant;

use super::Leaving;
use crate::Transport;
use crate::rtc::real_time;

/// A room, its transport, and when they are driven.
///
/// `now` is that of the update that calls; where the room was driven later than that already, the later moment counts.
pub struct RoomDriver {
    room: Room,
    /// None once the room was left.
    transport: Option<Box<dyn Transport>>,
    between: BetweenFrames,
    /// The latest moment that the room knows of.
    now: Duration,
    /// A moment on the clock of the updates, and the same one on the machine's. None where the transport does not run
    /// on real time.
    clock: Option<(Duration, Instant)>,
    /// Of the match that the game simulates: the next frame, and the last confirmed one.
    frames: Option<(i32, i32)>,
}

impl RoomDriver {
    pub(super) fn new(
        room: Room,
        transport: Box<dyn Transport>,
        between: BetweenFrames,
        now: Duration,
    ) -> Self {
        let clock = transport.runs_on_real_time().then(|| (now, real_time()));
        Self { room, transport: Some(transport), between, now, clock, frames: None }
    }

    /// The room.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// The room, to tell it something at this moment, which is the one that counts.
    pub fn room_at(&mut self, now: Duration) -> (&mut Room, Duration) {
        let now = self.advance(now);
        (&mut self.room, now)
    }

    /// Tells the room something between updates, at the present moment, and sends what follows.
    pub fn tell(&mut self, tell: impl FnOnce(&mut Room)) {
        let now = self.present();
        tell(&mut self.room);
        self.flush(now);
    }

    /// An update begins: takes in what has come, lets time pass, and sends. Until [`end_update`](Self::end_update), only
    /// the update changes what the simulation sees.
    pub fn begin_update(&mut self, now: Duration) {
        if let Some(clock) = &mut self.clock {
            *clock = (now, real_time());
        }
        let now = self.advance(now);
        self.between.handle_update_began(now);
        self.drive(now);
    }

    /// The update has simulated what it had to: sends what is to be sent, and lets the room be driven between frames.
    /// `frames`: the frame that is simulated next, and the last one of which the inputs of all players are known. None
    /// if a match is only set up.
    pub fn end_update(&mut self, now: Duration, frames: Option<(i32, i32)>) {
        let now = self.advance(now);
        self.frames = frames;
        self.handle_frames(now);
        self.flush(now);
        let now = self.present();
        self.between.handle_update_ended(now);
    }

    /// Sends the room's packets and passes its requests to the transport.
    pub fn flush(&mut self, now: Duration) {
        self.flush_and(now, |_, _| {});
    }

    /// The same. Each packet that was sent is given to `sent`.
    fn flush_and(&mut self, now: Duration, mut sent: impl FnMut(PeerKey, Transmit)) {
        // What the update has done meanwhile took time, and packets with messages say when they were sent.
        let now = self.present().max(now);
        self.advance(now);
        let Some(transport) = &mut self.transport else { return };
        self.room.begin_transmits(now, |peer, path| transport.buffered(peer, path));
        while let Some((peer, transmit)) = self.room.poll_transmit() {
            let Transmit { path, channel, packet } = &transmit;
            let result = transport.send(now, peer, *path, *channel, packet);
            self.room.handle_sent(now, peer, *path, result);
            sent(peer, transmit);
        }
        while let Some(request) = self.room.poll_request() {
            transport.request(request);
        }
    }

    /// Emulates this network from now on, if the transport can.
    pub fn set_emulation(&mut self, now: Duration, emulation: &NetworkEmulation) {
        let now = self.present().max(now);
        if let Some(transport) = &mut self.transport {
            transport.set_emulation(now, emulation);
        }
    }

    /// The next event of the room, oldest first.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_event(&mut self) -> Option<RoomEvent> {
        self.room.poll_event()
    }

    /// The next thing that happened to messages of the game, and the next message of a peer.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_message_event(&mut self) -> Option<(PeerKey, MessageEvent)> {
        self.room.poll_message_event()
    }

    /// Leaves the room and tells the others why. Returns what is to be polled until that is done; none if the room was
    /// left before.
    pub fn leave(&mut self, now: Duration, reason: &str) -> Option<Leaving> {
        let now = self.advance(now);
        self.flush(now);
        self.room.leave(now, reason);
        let mut goodbyes = Vec::new();
        self.flush_and(now, |peer, Transmit { path, channel, packet }| {
            if channel == Channel::Datagram {
                goodbyes.push((peer, path, packet));
            }
        });
        let mut transport = self.transport.take()?;
        transport.leave();
        Some(Leaving::new(transport, goodbyes, now))
    }

    /// The page of this process is closed, loaded again or left for another one: tells the others so.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn go_away(&mut self) {
        let now = self.present();
        self.room.go_away(now);
        self.flush(now);
        if let Some(transport) = &mut self.transport {
            transport.release();
        }
    }

    /// The page of this process is shown again.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn come_back(&mut self) {
        let now = self.present();
        self.room.come_back(now);
        self.flush(now);
    }

    /// Does what is to be done between the updates, and returns after how long to call this again at the latest. None
    /// once the room was left. `ready`: the transport has something.
    pub(super) fn drive_between_frames(&mut self, ready: bool) -> Option<Duration> {
        self.transport.as_ref()?;
        let now = self.present();
        match self.between.poll(now, self.activity(now), ready) {
            BetweenFramesWork::Nothing => {}
            BetweenFramesWork::KeepAlive => {
                self.room.keep_alive(now);
                self.flush(now);
            }
            BetweenFramesWork::TakeIn => {
                self.take_in(now);
                self.flush(now);
            }
            BetweenFramesWork::Everything => {
                self.drive(now);
                // Inputs and acknowledgements are repeated, and the others learn that the simulation stands still.
                self.handle_frames(now);
                self.flush(now);
            }
        }
        Some(self.between.poll_timeout(self.activity(now)).saturating_sub(now))
    }

    /// Sends what an emulated network held back until now. Returns whether the transport has something that is handled
    /// before the next update.
    pub(super) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let now = self.present();
        if let Some(transport) = &mut self.transport {
            transport.poll_due(now, context);
        }
        let listens = self.between.listens(now, self.activity(now));
        match &mut self.transport {
            Some(transport) if listens => transport.poll_ready(context),
            _ => Poll::Pending,
        }
    }

    fn activity(&self, now: Duration) -> RoomActivity {
        RoomActivity {
            playing: self.room.traffic().is_some(),
            messages: self.room.has_active_messages(now),
        }
    }

    fn handle_frames(&mut self, now: Duration) {
        if let Some((frame, confirmed)) = self.frames {
            self.room.handle_frame(now, frame, confirmed);
        }
    }

    fn take_in(&mut self, now: Duration) {
        let Some(transport) = &mut self.transport else { return };
        transport.poll(now);
        while let Some(event) = transport.poll_event() {
            self.room.handle_event(now, event);
        }
    }

    fn drive(&mut self, now: Duration) {
        self.take_in(now);
        if self.transport.is_none() {
            return;
        }
        self.room.handle_timeout(now);
        self.flush(now);
    }

    /// The present moment on the clock of the updates.
    fn present(&mut self) -> Duration {
        let passed =
            |(at, then): (Duration, Instant)| at + real_time().saturating_duration_since(then);
        let now = self.clock.map_or(self.now, passed);
        self.advance(now)
    }

    /// The moment that counts: time never goes back.
    fn advance(&mut self, now: Duration) -> Duration {
        self.now = self.now.max(now);
        self.now
    }
}
