//! What was read of the configuration last.

use crate::config::{Config, ContentHash, Faults, Inputs};

/// What was read: as long as it stays, there is nothing to reload.
#[derive(Clone)]
pub(super) struct LastRead {
    pub(super) inputs: Inputs,
    pub(super) hash: ContentHash,
    /// Certificates, keys and CAs of the server, which are looked at by themselves.
    certificates: Inputs,
    /// Of these, where somebody waits until they change.
    waited_for: Option<ContentHash>,
    /// Of all inputs but these.
    rest: ContentHash,
    /// What was asked for, if the files were faulty.
    pub(super) refused: Option<RefusedReload>,
}

/// A reload that was refused because of the files.
#[derive(Clone)]
pub(super) struct RefusedReload {
    pub(super) allow_mass_removal: bool,
    pub(super) by: String,
    /// What the last look saw, if certificates are others by now, and nothing else.
    pub(super) changing: Option<ContentHash>,
}

impl LastRead {
    pub(super) fn of(config: &Config) -> LastRead {
        let (inputs, certificates) = (config.inputs.clone(), config.certificates.clone());
        let (hash, rest) = (config.content_hash, config.rest_hash);
        LastRead { inputs, hash, certificates, waited_for: None, rest, refused: None }
    }

    pub(super) fn of_faults(faults: &Faults, refused: RefusedReload) -> LastRead {
        let (inputs, certificates) = (faults.inputs.clone(), Inputs::clone(&faults.certificates));
        let (hash, rest) = (inputs.hash(), inputs.without(&certificates).hash());
        let waited_for = Some(certificates.hash());
        LastRead { inputs, hash, certificates, waited_for, rest, refused: Some(refused) }
    }

    /// What is there now, if certificates have changed and nothing else. Blocks while it reads.
    pub(super) fn of_other_certificates(&self) -> Option<ContentHash> {
        // They are small, and the rest may be large.
        if self.waited_for.is_some_and(|before| self.certificates.hash() == before) {
            return None;
        }
        let now = self.inputs.hash();
        (now != self.hash && self.inputs.without(&self.certificates).hash() == self.rest).then_some(now)
    }
}
