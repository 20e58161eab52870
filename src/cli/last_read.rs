//! What was read of the configuration last.

use crate::config::{Config, ContentHash, Faults, Inputs};

/// What was read: as long as it stays, there is nothing to reload.
pub(super) struct LastRead {
    pub(super) inputs: Inputs,
    pub(super) hash: ContentHash,
}

impl LastRead {
    pub(super) fn of(config: &Config) -> LastRead {
        LastRead { inputs: config.inputs.clone(), hash: config.content_hash }
    }

    pub(super) fn of_faults(faults: &Faults) -> LastRead {
        LastRead { inputs: faults.inputs.clone(), hash: faults.inputs.hash() }
    }
}
