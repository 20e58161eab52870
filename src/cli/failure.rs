//! Why a command fails, and how one is run that speaks with others.

/// Why a command did not do what it should: said to people, on standard error. Empty: they were told already.
#[derive(Debug)]
pub(super) struct Failure(pub(super) String);

impl Failure {
    pub(super) fn told() -> Failure {
        Failure(String::new())
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(format!("punctual: {error}"))
    }
}

/// Runs a short command that speaks with others.
pub(super) fn wait_for<E: Into<Failure>>(
    command: impl Future<Output = Result<(), E>>,
) -> Result<(), Failure> {
    install_tls();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(command).map_err(Into::into);
    // A resolver that hangs must not keep the process.
    runtime.shutdown_background();
    outcome
}

/// To be called before anything speaks TLS.
pub(super) fn install_tls() {
    // Fails only if there is a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
