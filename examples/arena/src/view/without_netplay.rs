//! What the view reads, for an app without bevy_netplay: the benchmarks draw the same arena on plain bevy_ggrs.

use bevy::prelude::*;
use bevy_netplay::messages::{
    PeerInterrupted, PeerResumed, PeerStalled, PeerUnstalled, PlayerDisconnected,
};
use bevy_netplay::prelude::*;

use super::poses;
use crate::sim::{Cue, MatchSetup};

/// Provides the state, resources and messages of bevy_netplay that the view reads. The state is
/// [`NetplayState::Playing`] as soon as there is a [`MatchSetup`]; nothing else ever changes. Ships are drawn as they are
/// simulated, and effects are not shown.
pub fn without_netplay(app: &mut App) {
    app.add_plugins(poses::as_simulated)
        .init_state::<NetplayState>()
        .init_resource::<LastEndReason>()
        .init_resource::<CurrentRoom>()
        .init_resource::<PeerLinks>()
        .add_message::<PeerInterrupted>()
        .add_message::<PeerResumed>()
        .add_message::<PeerStalled>()
        .add_message::<PeerUnstalled>()
        .add_message::<PlayerDisconnected>()
        .add_message::<EffectMessage<Cue>>()
        .add_systems(Update, play.run_if(resource_added::<MatchSetup>));
}

fn play(mut next: ResMut<NextState<NetplayState>>) {
    next.set(NetplayState::Playing);
}
