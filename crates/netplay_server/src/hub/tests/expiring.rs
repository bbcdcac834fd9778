//! When rooms have to remove members, on virtual time.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_member_that_flaps_keeps_one_expiry_and_a_room_without_absence_none() {
    let mut world = World::new();
    world.act(Action::Join { who: 0, room: 0 }).await;
    world.act(Action::Join { who: 1, room: 0 }).await;
    world.check();
    for _ in 0..1_000 {
        world.act(Action::Drop(0)).await;
        assert_eq!(world.hub.expiries().len(), 1);
        world.act(Action::Resume(0)).await;
        assert_eq!(world.hub.expiries().len(), 0);
        world.check();
        world.act(Action::Pass(1)).await;
    }
    world.act(Action::Drop(0)).await;
    world.act(Action::Drop(1)).await;
    assert_eq!(world.hub.expiries().len(), 1);
    world.act(Action::Pass(GRACE.as_millis() as u64)).await;
    assert_eq!((world.hub.expiries().len(), world.hub.backbone.room_count()), (0, 0));
}
