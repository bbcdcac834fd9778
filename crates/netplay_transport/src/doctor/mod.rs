//! The doctor in the background: takes the steps that [`Doctor`] asks for, and hands out what became of them.
//!
//! Natively each step to the server is taken by itself (name, TCP, TLS, WebSocket), and STUN and TURN servers are asked
//! from one UDP socket. A page opens a WebSocket as a whole, and asks STUN and TURN servers by gathering candidates.

mod driver;
#[cfg_attr(target_arch = "wasm32", path = "platform/wasm.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "platform/native.rs")]
mod platform;
#[cfg(not(target_arch = "wasm32"))]
#[path = "platform/stun_exchange.rs"]
mod stun_exchange;
#[cfg(not(target_arch = "wasm32"))]
#[path = "platform/stun_sockets.rs"]
mod stun_sockets;
#[cfg(not(target_arch = "wasm32"))]
#[path = "platform/tls.rs"]
mod tls;
mod web_socket;

use futures::channel::mpsc;
use netplay_core::doctor::{Doctor, DoctorReport, Step};
use netplay_protocol::Secret;
use netplay_protocol::signaling::GameInfo;

use crate::TransportOptions;
use crate::rtc::{Task, spawn};

/// What to examine.
#[derive(Clone, Debug, Default)]
pub struct DoctorOptions {
    /// The signaling server, such as `ws://127.0.0.1:3536`.
    pub server: String,
    /// The game. The server opens a room for it, which the doctor leaves at once.
    pub game: GameInfo,
    /// A token, for servers that want one.
    pub token: Option<Secret>,
    /// STUN and TURN servers of the game, and whether those of the signaling server are used as well.
    pub transport: TransportOptions,
}

/// What a [`DoctorTask`] hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoctorEvent {
    /// A step has ended.
    Step(Step),
    /// All have. Nothing follows.
    Finished(DoctorReport),
}

/// An examination that is under way. Dropping it ends that.
pub struct DoctorTask {
    events: mpsc::UnboundedReceiver<DoctorEvent>,
    /// Whether the report was handed out.
    is_over: bool,
    _task: Task,
}

impl DoctorTask {
    /// Begins an examination.
    pub fn start(options: DoctorOptions) -> Self {
        let (sender, events) = mpsc::unbounded();
        Self {
            events,
            is_over: false,
            _task: spawn(driver::examine(options, platform::Steps::default(), sender)),
        }
    }

    /// What happened since the last call, one at a time.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll(&mut self) -> Option<DoctorEvent> {
        let event = match self.events.try_recv() {
            Ok(event) => event,
            Err(mpsc::TryRecvError::Empty) => return None,
            Err(mpsc::TryRecvError::Closed) if self.is_over => return None,
            // The task always says how it ends; if it could not, it died or has no random numbers.
            Err(mpsc::TryRecvError::Closed) => {
                let detail = "its task ended, or the system has no random numbers";
                DoctorEvent::Finished(DoctorReport::broke_off(detail))
            }
        };
        self.is_over |= matches!(event, DoctorEvent::Finished(_));
        Some(event)
    }
}
