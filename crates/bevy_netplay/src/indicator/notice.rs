//! [`LinkNotice`]: something that a player should know of a connection.

use bevy::prelude::*;

use crate::{PeerLinks, PlayerHandle};

/// How many characters of a name are shown.
const MAX_NAME: usize = 12;

/// What players should know of the connections of the match that is played: nothing while all is good. The worst comes
/// first. It changes only when one of them does, so that Bevy's `resource_changed` tells when to show it again.
///
/// Something is worse at once, and better once it has been better for 2.5 s. The thresholds are in [`NoticeKind`].
///
/// `ConnectionIndicatorPlugin` (feature `overlay`) shows it; a game may do so in its own way:
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::ConnectionNotices;
/// use bevy_netplay::prelude::*;
///
/// #[derive(Component)]
/// struct ConnectionText;
///
/// fn show(notices: Res<ConnectionNotices>, links: Res<PeerLinks>, mut texts: Query<&mut Text2d, With<ConnectionText>>) {
///     let worst = notices.iter().next().map(|notice| notice.sentence(&links));
///     for mut text in &mut texts {
///         text.0 = worst.clone().unwrap_or_default();
///     }
/// }
///
/// App::new().add_systems(Update, show.run_if(resource_changed::<ConnectionNotices>));
/// ```
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Resource, Debug, Default, PartialEq)]
pub struct ConnectionNotices {
    notices: Vec<LinkNotice>,
}

impl ConnectionNotices {
    /// The notices, the worst first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &LinkNotice> {
        self.notices.iter()
    }

    /// Whether all is good.
    pub fn is_empty(&self) -> bool {
        self.notices.is_empty()
    }

    pub(super) fn as_slice(&self) -> &[LinkNotice] {
        &self.notices
    }

    pub(super) fn set(&mut self, notices: &[LinkNotice]) {
        self.notices.clear();
        self.notices.extend_from_slice(notices);
    }
}

/// Something that a player should know of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
#[non_exhaustive]
pub struct LinkNotice {
    /// How bad it is.
    pub level: NoticeLevel,
    /// What it is.
    pub kind: NoticeKind,
    /// The player whose connection it is about. None where it is about this machine: it is too slow, or its connections
    /// to all of two or more others have the same trouble.
    pub player: Option<PlayerHandle>,
}

impl LinkNotice {
    /// The notice in a few words, with the name of the player.
    ///
    /// ```
    /// use bevy_netplay::prelude::*;
    /// use bevy_netplay::ConnectionNotices;
    ///
    /// fn first(notices: &ConnectionNotices, links: &PeerLinks) -> Option<String> {
    ///     // "waiting for Ann", "player 2: lost packets"
    ///     notices.iter().next().map(|notice| notice.sentence(links))
    /// }
    /// ```
    pub fn sentence(&self, links: &PeerLinks) -> String {
        let name = self.player.map(|player| match links.name(player) {
            Some(name) => shortened(name),
            None => player.to_string(),
        });
        let what = match (self.kind, name.is_some()) {
            (NoticeKind::Waiting, true) => {
                return format!("waiting for {}", name.unwrap_or_default());
            }
            (NoticeKind::Waiting, false) => return "waiting for the others".into(),
            (NoticeKind::TooSlow, false) => return "this machine is too slow".into(),
            (NoticeKind::TooSlow, true) => "too slow a machine",
            (NoticeKind::Desync, _) => "out of sync",
            (NoticeKind::Latency, _) => "high latency",
            (NoticeKind::Loss, _) => "lost packets",
            (NoticeKind::Jitter, _) => "uneven latency",
            (NoticeKind::Rollbacks, _) => "late inputs",
            (NoticeKind::Relay, _) => "through the server",
        };
        let whose = name.as_deref().unwrap_or("your connection");
        format!("{whose}: {what}")
    }
}

/// A name of at most [`MAX_NAME`] characters.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME) {
        Some(_) => name.chars().take(MAX_NAME - 1).chain(['…']).collect(),
        None => name.to_owned(),
    }
}

/// How bad something is, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
#[non_exhaustive]
pub enum NoticeLevel {
    /// Good to know, and no trouble.
    Info,
    /// It can be felt.
    Warning,
    /// It is hard to play.
    Critical,
}

/// What a [`LinkNotice`] can be about, the most important first. The two numbers are those at which it is a
/// [warning](NoticeLevel::Warning) and [critical](NoticeLevel::Critical).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
#[non_exhaustive]
pub enum NoticeKind {
    /// The state of the player differs from the local one, until the end of the match. Always critical.
    Desync,
    /// The simulation stands still and waits for the player: for 250 ms, 1 s.
    Waiting,
    /// The machine of the player, or this one, has been too slow for two seconds. Always a warning.
    TooSlow,
    /// Datagrams get lost: 5 %, 20 % of those of the last two seconds. One that comes late or out of order is not lost.
    Loss,
    /// The round trip takes long: 150 ms, 300 ms.
    Latency,
    /// Rollbacks that the player causes most of are deep: 4, 7 frames on average, over two seconds.
    Rollbacks,
    /// Datagrams come unevenly: a jitter of 1, 2 frames.
    Jitter,
    /// Packets travel through the server. Always an info.
    Relay,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_short_and_say_whose_connection_it_is() {
        let links = PeerLinks::default();
        let sentence = |kind, player: Option<u8>| {
            let player = player.map(PlayerHandle);
            LinkNotice { level: NoticeLevel::Warning, kind, player }.sentence(&links)
        };
        assert_eq!(sentence(NoticeKind::Loss, Some(1)), "player 2: lost packets");
        assert_eq!(sentence(NoticeKind::Loss, None), "your connection: lost packets");
        assert_eq!(sentence(NoticeKind::Waiting, Some(2)), "waiting for player 3");
        assert_eq!(sentence(NoticeKind::TooSlow, None), "this machine is too slow");
        assert_eq!(sentence(NoticeKind::TooSlow, Some(1)), "player 2: too slow a machine");
        assert_eq!(shortened("Zoë Łukasz 12"), "Zoë Łukasz …");
        assert_eq!(shortened("Zoë Łukasz 1"), "Zoë Łukasz 1");
    }
}
