//! What the configuration says that is in force, as far as operations and those who show things must know it.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::core::check::Name;
use crate::core::route::Policy;
use crate::core::zone::Zone;

/// What was read last: replaced as a whole when the configuration is read again.
#[derive(Debug, Default)]
pub struct InForce {
    audience: RwLock<Arc<Audience>>,
    notices: RwLock<Arc<Notices>>,
    zone: RwLock<Option<Zone>>,
    main_file: RwLock<Arc<Value>>,
}

/// What came of the last reading of the configuration, as far as people must know it.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// Why it was not taken.
    pub reload_fault: Option<String>,
    /// Why certificates are not used that have changed.
    pub certificate_fault: Option<String>,
    /// Checks that are no longer declared, and were kept (10.4).
    pub kept: Vec<Name>,
    /// Old and new name of renames that a start passed over, since both have a history (10.3).
    pub passed_over: Vec<(Name, Name)>,
}

impl Notices {
    /// Why not all that the files say is used, a line for each fault.
    pub fn faults(&self) -> Option<String> {
        let faults: Vec<&str> =
            [&self.reload_fault, &self.certificate_fault].into_iter().flatten().map(String::as_str).collect();
        (!faults.is_empty()).then(|| faults.join("\n"))
    }

    /// Whether the configuration in use is all that the files say.
    pub fn are_none(&self) -> bool {
        self.faults().is_none() && self.kept.is_empty() && self.passed_over.is_empty()
    }
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

    /// The configuration was read again: this is what its main file says, without secrets.
    pub fn set_main_file(&self, shown: Arc<Value>) {
        *self.main_file.write().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    /// What the main file says but its checks, without secrets.
    pub fn main_file(&self) -> Arc<Value> {
        self.main_file.read().unwrap_or_else(PoisonError::into_inner).clone()
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

    /// Certificates have changed and cannot be used; or, without a fault, they are in order again. What else was refused is told
    /// beside it.
    pub fn set_certificate_fault(&self, fault: Option<String>) {
        let before = (*self.notices()).clone();
        self.set_notices(Notices { certificate_fault: fault, ..before });
    }

    /// What came of the last reading.
    pub fn notices(&self) -> Arc<Notices> {
        self.notices.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
