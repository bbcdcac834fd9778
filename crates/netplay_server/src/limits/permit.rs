//! What a connection is permitted.

use std::sync::Arc;

use netplay_protocol::signaling::Refusal;

use super::bucket::Bucket;
use super::counter::Counted;
use super::memory::WaitingBytes;
use super::network::{CountedInNetworks, Network, Spent};
use super::{ClientAddress, HASH_RETRY, JoinAttempt, Limits, SECOND, limited};

/// The permit of a connection. Dropping it makes room for another connection.
#[must_use = "a dropped permit counts nothing"]
pub(crate) struct ConnectionPermit {
    limits: Arc<Limits>,
    network: Arc<Network>,
    messages: Bucket,
    packets: Bucket,
    bytes: Bucket,
    _total: Counted,
    _of_address: CountedInNetworks,
}

/// The permit of a room. Dropping it makes room for another room.
#[derive(Debug)]
#[must_use = "a dropped permit counts nothing"]
pub(crate) struct RoomPermit {
    _room: Option<CountedInNetworks>,
    _public: Option<CountedInNetworks>,
}

/// A place in the queue for hashing passwords. Dropping it makes room for another one.
#[derive(Debug)]
#[must_use = "a dropped permit counts nothing"]
pub(crate) struct HashPermit {
    _total: Counted,
    _of_address: CountedInNetworks,
}

/// An address that may ask for TURN credentials.
#[derive(Clone)]
pub(crate) struct TurnClient {
    network: Arc<Network>,
}

#[cfg(all(test, feature = "matchbox"))]
impl RoomPermit {
    pub(crate) fn for_tests() -> Self {
        Self { _room: None, _public: None }
    }
}

impl ConnectionPermit {
    pub(super) fn new(
        limits: &Arc<Limits>,
        network: Arc<Network>,
        total: Counted,
        of_address: CountedInNetworks,
    ) -> Self {
        let config = &limits.config;
        Self {
            limits: limits.clone(),
            network,
            messages: Bucket::new(config.messages, SECOND),
            packets: Bucket::new(config.packets, SECOND),
            bytes: Bucket::new(config.bytes, SECOND),
            _total: total,
            _of_address: of_address,
        }
    }

    /// Counts a signaling message.
    pub(crate) fn count_message(&self) -> Result<(), Refusal> {
        self.messages
            .take(1)
            .and_then(|()| self.network.take(|it| &it.messages, 1))
            .map_err(|wait| limited("messages", wait))
    }

    /// Counts a relayed packet of this size.
    pub(crate) fn count_relayed(&self, bytes: usize) -> Result<(), Refusal> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.packets
            .take(1)
            .and_then(|()| self.bytes.take(bytes))
            .and_then(|()| self.network.take(|it| &it.packets, 1))
            .and_then(|()| self.network.take(|it| &it.bytes, bytes))
            .map_err(|wait| limited("relayed packets", wait))
    }

    /// Counts an attempt to join or to resume, before anything of it is checked: attempts at the same time cannot
    /// exceed the budget. After too many failures the answer is the same, whether the guess is right or wrong.
    ///
    /// `may_create`: whether it creates a room under the code that it names if there is none.
    pub(crate) fn try_join(&self, may_create: bool) -> Result<JoinAttempt, Refusal> {
        let failure = self.network.spend(|it| &it.failures, "failed joins")?;
        let creation = match may_create {
            false => Ok(None),
            true => self.network.spend(|it| &it.creations, "new rooms").map(Some),
        };
        match creation {
            Ok(creation) => Ok(JoinAttempt { failure, creation }),
            Err(refusal) => {
                failure.give_back();
                Err(refusal)
            }
        }
    }

    /// Counts a room that the address creates.
    pub(crate) fn room(&self) -> Result<RoomPermit, Refusal> {
        let room = self.network.count(|it| &it.rooms, self.limits.config.rooms_per_address);
        let room = room.ok_or_else(|| Refusal::TooMany { what: "rooms".into() })?;
        Ok(RoomPermit { _room: Some(room), _public: None })
    }

    /// Counts a room that the address creates for the list of public rooms.
    pub(crate) fn public_room(&self) -> Result<RoomPermit, Refusal> {
        let permit = self.room()?;
        let most = self.limits.config.public_rooms_per_address;
        let public = self.network.count(|it| &it.public_rooms, most);
        let public = public.ok_or_else(|| Refusal::TooMany { what: "public rooms".into() })?;
        Ok(RoomPermit { _public: Some(public), ..permit })
    }

    /// Counts a request for a page of the list of public rooms.
    pub(crate) fn count_list(&self) -> Result<(), Refusal> {
        self.network.take(|it| &it.lists, 1).map_err(|wait| limited("requests for the list", wait))
    }

    /// Counts a password, and takes a place in the queue for hashing it.
    pub(crate) fn hash(&self) -> Result<HashPermit, Refusal> {
        let config = &self.limits.config;
        self.network.take(|it| &it.passwords, 1).map_err(|wait| limited("passwords", wait))?;
        let of_address = self.network.count(|it| &it.hashes, config.hashes_per_address);
        let total = of_address.and_then(|it| Some((it, self.limits.hashes.count(config.hashes)?)));
        let (of_address, total) = total.ok_or_else(|| limited("passwords", HASH_RETRY))?;
        Ok(HashPermit { _total: total, _of_address: of_address })
    }

    /// Counts what waits in memory for the address.
    pub(crate) fn waiting_bytes(&self) -> WaitingBytes {
        let most = self.limits.config.waiting_bytes_per_address;
        WaitingBytes::new(self.network.clone(), most)
    }

    /// The address as one that may ask for TURN credentials.
    pub(crate) fn turn_client(&self) -> TurnClient {
        TurnClient { network: self.network.clone() }
    }
}

impl TurnClient {
    pub(crate) fn address(&self) -> ClientAddress {
        self.network.address()
    }

    /// Counts a TURN credential for the address. None if it has had as many as it may.
    pub(crate) fn credential(&self) -> Option<Spent> {
        self.network.spend(|it| &it.credentials, "TURN credentials").ok()
    }
}
