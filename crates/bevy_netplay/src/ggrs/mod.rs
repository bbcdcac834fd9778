//! ggrs and the traffic of a match: translation, no decisions.
//!
//! [`GgrsBridge`] is the socket that ggrs sees. It translates ggrs' messages into the plain values of
//! [`netplay_core::match_`] and back; `mirror` has the layout of these messages, whose fields are private.

mod bridge;
mod mirror;

pub(crate) use bridge::GgrsBridge;
