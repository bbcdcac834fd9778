//! How the NAT of this side maps addresses (RFC 4787, section 4.1), by what STUN servers see of one socket.

use super::StunMapping;

/// How the NAT of this side maps addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NatMapping {
    /// Fewer than two servers have seen the same socket.
    #[default]
    Unknown,
    /// Every server sees the same address: other peers reach it, once they know it.
    EndpointIndependent,
    /// Each server sees another address, and so does each peer: a symmetric NAT.
    Symmetric,
}

/// Compares what different servers see of the same socket. One pair that differs decides: a NAT that keeps a port for
/// some is none to rely on.
pub(super) fn nat_mapping(mappings: &[StunMapping]) -> NatMapping {
    let mut mapping = NatMapping::Unknown;
    for (number, one) in mappings.iter().enumerate() {
        // What a server sees of one socket changes after minutes only.
        for other in &mappings[..number] {
            let comparable = one.socket == other.socket
                && one.server != other.server
                && one.mapped.is_ipv4() == other.mapped.is_ipv4();
            match (comparable, one.mapped == other.mapped) {
                (false, _) => {}
                (true, true) => mapping = NatMapping::EndpointIndependent,
                (true, false) => return NatMapping::Symmetric,
            }
        }
    }
    mapping
}
