//! Reads the list of public rooms beside the room, and tells what came of it.

use bevy::prelude::*;

use super::Session;
use crate::messages::{RoomListFailed, RoomsListed};
use crate::room_list::RoomListCursor;

/// A run condition: a page is being read.
pub(crate) fn is_listing(session: Res<Session>) -> bool {
    session.listing.is_some()
}

/// Tells the page that was asked for, once it is there.
pub(crate) fn read_room_list(
    mut session: ResMut<Session>,
    mut listed: MessageWriter<RoomsListed>,
    mut failed: MessageWriter<RoomListFailed>,
) {
    let Some(outcome) = session.listing.as_mut().and_then(|task| task.poll()) else { return };
    session.listing = None;
    match outcome {
        Ok(page) => {
            let rooms = page.rooms.into_iter().map(Into::into).collect();
            listed.write(RoomsListed { rooms, next: page.next.map(RoomListCursor) });
        }
        Err(reason) => {
            failed.write(RoomListFailed { reason: reason.into() });
        }
    }
}
