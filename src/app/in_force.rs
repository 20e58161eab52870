//! What the configuration says that is in force, as far as operations and those who show things must know it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::core::check::Name;
use crate::core::route::Policy;
use crate::core::zone::Zone;

/// What was read last: replaced as a whole when the configuration is read again.
#[derive(Debug, Default)]
pub struct InForce {
    audience: RwLock<Arc<Audience>>,
    notices: RwLock<Arc<Notices>>,
    zone: RwLock<Option<Zone>>,
}

/// What came of the last reading of the configuration, as far as people must know it.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// Why it was not taken.
    pub reload_fault: Option<String>,
    /// Checks that are no longer declared, and were kept (10.4).
    pub kept: Vec<Name>,
    /// Old and new name of renames that a start passed over, since both have a history (10.3).
    pub passed_over: Vec<(Name, Name)>,
}

/// Who is told.
#[derive(Clone, Debug, Default)]
pub struct Audience {
    /// Which receivers hear of what.
    pub policy: Arc<Policy>,
    /// Every alert is pushed to an Alertmanager (13.1).
    pub has_alertmanager: bool,
    /// Mail can leave: checks may have addresses of their own.
    pub can_mail: bool,
}

impl InForce {
    /// The configuration was read again: this is who is told from now on.
    pub fn set_audience(&self, audience: Audience) {
        *self.audience.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(audience);
    }

    /// Who is told.
    pub fn audience(&self) -> Arc<Audience> {
        self.audience.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The configuration was read again: these are the clocks that people mean where they name none.
    pub fn set_zone(&self, zone: Zone) {
        *self.zone.write().unwrap_or_else(PoisonError::into_inner) = Some(zone);
    }

    /// The clocks that people mean where they name none: `defaults.timezone`.
    pub fn zone(&self) -> Zone {
        self.zone.read().unwrap_or_else(PoisonError::into_inner).unwrap_or(Zone::UTC)
    }

    /// The configuration was read again, and this came of it.
    pub fn set_notices(&self, notices: Notices) {
        *self.notices.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(notices);
    }

    /// The configuration was read again, and not taken. What was said of the start stays true.
    pub fn set_reload_fault(&self, fault: String) {
        let before = (*self.notices()).clone();
        self.set_notices(Notices { reload_fault: Some(fault), ..before });
    }

    /// What was refused is in order again.
    pub fn clear_reload_fault(&self) {
        let before = (*self.notices()).clone();
        self.set_notices(Notices { reload_fault: None, ..before });
    }

    /// What came of the last reading.
    pub fn notices(&self) -> Arc<Notices> {
        self.notices.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
