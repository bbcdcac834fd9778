//! Every bound of the two wires, in one place.

/// The fewest players a room can be made for.
pub const MIN_PLAYERS: u8 = 2;
/// The most players a room can be made for: a full mesh of eight has 28 links.
pub const MAX_PLAYERS: u8 = 8;

/// The longest room code, in characters.
pub const MAX_ROOM_CODE_CHARS: usize = 32;

/// The largest signaling message, in bytes of JSON. An offer with every candidate is about 2 KiB.
pub const MAX_SIGNALING_BYTES: usize = 64 * 1024;
/// The largest session description (SDP), in bytes.
pub const MAX_SDP_BYTES: usize = 16 * 1024;
/// The largest ICE candidate in its JSON form, in bytes.
pub const MAX_CANDIDATE_BYTES: usize = 1024;
/// The most ICE candidates one side of an attempt may signal. A laptop with VPNs has about 20.
pub const MAX_CANDIDATES_PER_ATTEMPT: usize = 64;

/// The largest datagram, header included, in bytes: what passes every path without fragmentation
/// (RFC 8831 section 5 names 1200 bytes for SCTP over DTLS).
pub const MAX_DATAGRAM_BYTES: usize = 1200;
/// The largest reliable message between peers, in bytes.
pub const MAX_CONTROL_BYTES: usize = 16 * 1024;
/// How many bytes it takes to seal a packet that the server carries: a number (8) and an authentication
/// tag (16). Packets are kept this much shorter than the limits above, so that they fit every path.
pub const SEAL_BYTES: usize = 24;
/// The longest name of a game, in bytes of UTF-8.
pub const MAX_GAME_ID_BYTES: usize = 64;
/// The longest name of a player, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 64;
