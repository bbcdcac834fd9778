//! Reads a page of the list of public rooms in the background, on a WebSocket of its own.

use std::pin::pin;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use futures_timer::Delay;
use netplay_core::signaling::{RoomListClient, SocketEvent};
use netplay_protocol::signaling::{ListRooms, RoomPage};

use super::platform::{Task, now, spawn};
use super::socket::SignalingSocket;
use crate::LeaveReason;

/// A page of the list of public rooms that is being read. Dropping it ends that.
pub struct RoomListTask {
    /// None once the outcome was told.
    outcome: Option<oneshot::Receiver<Result<RoomPage, LeaveReason>>>,
    _task: Task,
}

impl RoomListTask {
    /// Begins to read from the first of these servers that answers, such as `ws://127.0.0.1:3536`. The version in the
    /// request is set here.
    pub fn start(servers: Vec<String>, request: ListRooms) -> Self {
        let (sender, outcome) = oneshot::channel();
        let task = spawn(async move {
            // Who dropped the task does not want to know.
            let _ = sender.send(read_list(servers, request).await);
        });
        Self { outcome: Some(outcome), _task: task }
    }

    /// The page, or why there is none; None as long as it is being read, and again after it was returned once.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll(&mut self) -> Option<Result<RoomPage, LeaveReason>> {
        let outcome = match self.outcome.as_mut()?.try_recv() {
            Ok(outcome) => outcome?,
            // The task always says how it ends; if it could not, it died.
            Err(oneshot::Canceled) => {
                Err(LeaveReason::ServerGone("the task that read the list ended".into()))
            }
        };
        self.outcome = None;
        Some(outcome)
    }
}

/// Carries out what the client of the list decides.
async fn read_list(servers: Vec<String>, request: ListRooms) -> Result<RoomPage, LeaveReason> {
    let started = now();
    let clock = || now().saturating_duration_since(started);
    let mut client = RoomListClient::new(servers, request, Duration::ZERO);
    let mut socket = SignalingSocket::default();
    loop {
        while let Some(command) = client.poll_command() {
            socket.handle_command(command);
        }
        while let Some(frame) = client.poll_transmit() {
            if let Err(reason) = socket.send(frame).await {
                client.handle_socket(clock(), SocketEvent::Disconnected(Some(reason)));
            }
        }
        if let Some(outcome) = client.poll_outcome() {
            return outcome;
        }
        let wait = client.poll_timeout().unwrap_or_default().saturating_sub(clock());
        let event = match select(pin!(socket.next()), Delay::new(wait)).await {
            Either::Left((event, _)) => Some(event),
            Either::Right(_) => None,
        };
        match event {
            Some(event) => client.handle_socket(clock(), event),
            None => client.handle_timeout(clock()),
        }
    }
}
