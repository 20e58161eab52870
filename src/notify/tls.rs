//! What TLS needs before anything can be encrypted, for mail and HTTP alike.

use std::sync::Once;

/// Makes ring the process's cryptography; without it no client can be built. Harmless when done again.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error says that another part of the program was first, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
