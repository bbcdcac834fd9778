//! The limits of both protocols.

/// The smallest size of a room, in players.
pub const MIN_PLAYERS: u8 = 2;
/// The largest size of a room, in players. A full mesh of eight has 28 links.
pub const MAX_PLAYERS: u8 = 8;
/// How many players one peer brings at most.
pub const MAX_LOCAL_PLAYERS: u8 = 4;

/// The longest name of a signaling server: a host name of 253 characters (RFC 1035, section 2.3.4) and a port.
pub const MAX_SERVER_NAME_BYTES: usize = 259;
/// How many STUN and TURN servers a peer takes from a signaling server, and how many URLs of each.
pub const MAX_ICE_SERVERS: usize = 8;
/// The longest URL of a STUN or TURN server that a peer takes, in bytes.
pub const MAX_ICE_URL_BYTES: usize = 512;
/// The longest room code, in characters.
pub const MAX_ROOM_CODE_CHARS: usize = 32;

/// The largest signaling message, in bytes of JSON. An offer with all its candidates has about 2 KiB.
pub const MAX_SIGNALING_BYTES: usize = 64 * 1024;
/// The largest session description (SDP), in bytes.
pub const MAX_SDP_BYTES: usize = 16 * 1024;
/// The largest ICE candidate in JSON, and the largest handshake message in hexadecimal digits, in bytes.
pub const MAX_CANDIDATE_BYTES: usize = 1024;
/// The line with the author of a description or candidate, in bytes ([`identity`](crate::identity)).
pub const SIGNATURE_LINE_BYTES: usize = 214;
/// How many ICE candidates each side of an attempt may send. A laptop with VPNs has about 20.
pub const MAX_CANDIDATES_PER_ATTEMPT: usize = 64;

/// The largest datagram, header included, in bytes: the largest that passes every path without fragmentation
/// (RFC 8831, section 5, names 1200 bytes for SCTP over DTLS).
pub const MAX_DATAGRAM_BYTES: usize = 1200;
/// The largest reliable packet between peers, header included, in bytes.
pub const MAX_CONTROL_BYTES: usize = 16 * 1024;
/// The longest message between peers that is sent in several reliable packets, in bytes. Longest is what a survivor
/// has of a player who is dropped: its last 176 inputs.
pub const MAX_FRAGMENTED_BYTES: usize = 256 * 1024;
/// How many bytes the encryption adds to a packet that the server relays: its number (8) and the authentication
/// tag (16). A packet that has to fit every path is this much smaller than the limits above.
pub const SEAL_BYTES: usize = 24;
/// The longest name of a game, in bytes of UTF-8.
pub const MAX_GAME_ID_BYTES: usize = 64;
/// The longest name of a public room, in bytes of UTF-8.
pub const MAX_LISTING_NAME_BYTES: usize = 64;
/// The longest text that a game says of a public room beside its name, in bytes of UTF-8.
pub const MAX_LISTING_INFO_BYTES: usize = 256;
/// How many rooms a page of the list of public rooms has: as many as fit into a signaling message, whatever their names.
pub const MAX_ROOMS_PER_PAGE: usize = 20;
/// The longest name of a player, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 64;
/// The longest value of a player or of the room in the lobby, in bytes.
pub const MAX_LOBBY_VALUE_BYTES: usize = 1024;

/// How many types of messages a game may have.
pub const MAX_MESSAGE_TYPES: usize = 64;
/// The longest name of a message type, in bytes of UTF-8.
pub const MAX_MESSAGE_NAME_BYTES: usize = 64;
/// The longest reliable message of a game, in bytes before compression.
pub const MAX_MESSAGE_BYTES: u32 = 32 * 1024 * 1024;
/// The longest message of a game of which only the latest counts, in bytes: it travels in one packet.
pub const MAX_LATEST_BYTES: u32 = 1024;
