//! The prelude beside those of bevy and bevy_ggrs: a name that two of them mean differently would not compile here.

use std::any::type_name;

#[expect(unused_imports, reason = "the globs are what is tested")]
use bevy::prelude::*;
#[expect(unused_imports, reason = "the globs are what is tested")]
use bevy_ggrs::prelude::*;
use bevy_netplay::prelude::*;

#[test]
fn the_prelude_clashes_neither_with_bevy_nor_with_bevy_ggrs() {
    let types = [
        type_name::<ConfirmedFrameCount>(),
        type_name::<CurrentEmulation>(),
        type_name::<CurrentMatch>(),
        type_name::<CurrentRoom>(),
        type_name::<EffectMessage<u8>>(),
        type_name::<EffectSound>(),
        type_name::<EffectWriter<u8>>(),
        type_name::<EndReason>(),
        type_name::<FromPeer<u8>>(),
        type_name::<Inputs<u8>>(),
        type_name::<Interpolation>(),
        type_name::<JoinRoom>(),
        type_name::<KickRule>(),
        type_name::<LastEndReason>(),
        type_name::<LinkConfig>(),
        type_name::<LinkPath>(),
        type_name::<LinkQuality>(),
        type_name::<LocalInput<u8>>(),
        type_name::<LoopSound>(),
        type_name::<NetplayConfig>(),
        type_name::<NetplayPlugins<u8>>(),
        type_name::<NetplayState>(),
        type_name::<NetplayUpdate>(),
        type_name::<NetworkConditions>(),
        type_name::<NetworkEmulation>(),
        type_name::<OwnedBy>(),
        type_name::<PathPolicy>(),
        type_name::<PeerIdentity>(),
        type_name::<PeerKey>(),
        type_name::<PeerLinks>(),
        type_name::<PeerMessageOptions>(),
        type_name::<PeerMessageWriter<u8>>(),
        type_name::<PeerPresence>(),
        type_name::<PlayerHandle>(),
        type_name::<ReadLocalInput>(),
        type_name::<ResumeToken>(),
        type_name::<RollbackEntity>(),
        type_name::<RollbackFrameCount>(),
        type_name::<RollbackMetrics>(),
        type_name::<RoomList>(),
        type_name::<SessionReport>(),
        type_name::<Smoothing>(),
        type_name::<StartMatch>(),
        type_name::<Teleported>(),
    ];
    assert!(types.iter().all(|name| !name.is_empty()));
    let conditions = [in_lobby, in_match, in_room].map(|condition| type_name_of(condition));
    assert!(conditions.iter().all(|name| name.contains("fn")));
}

fn type_name_of<T>(_: T) -> &'static str {
    type_name::<T>()
}
