//! punctual makes sure that what should happen does happen. This page is the architecture: where things are, what holds
//! everywhere, and what is left out on purpose. Each room's own page goes on from here.
//!
//! # Bird's eye view
//!
//! People declare checks in YAML; jobs ping them; punctual keeps every ping and says, to people and to machines, when
//! something is late, fails or never came. One process, one folder with a SQLite database, one thread that writes.
//!
//! Three ways lead through the code, and all three end in one pure function, [`core::step::step`]: what was, and what
//! happened at which time, make what is, and what flipped.
//!
//! - **A ping**: [`http`] reads it → [`store::writer`] stamps it and gathers it with others → `step` judges it → ping,
//!   state, flips, incidents and deliveries are committed together → it is answered.
//! - **A deadline**: [`engine`] sleeps until the store's next one → [`engine::expire`] hands `step` a tick of that time →
//!   what it flips is committed in the same way. A stored deadline is only an index: `step` is the judge, and asking it
//!   twice is harmless.
//! - **A message**: the engine claims what is to leave (committed before anything is sent) → [`notify`] makes one attempt
//!   with no transaction open → what became of it is settled, in a transaction of its own.
//!
//! # The rooms
//!
//! `core ← config, store, notify, metrics ← engine, app ← compat ← http ← cli ← main`: each may use those on its left.
//! Siblings do not know each other: what two of them share is a word of `core`.
//!
//! - [`core`]: what is judged, when, and what follows, by the numbered rules of `docs/semantics.md`. **Invariant:** pure and
//!   total. No IO, no clock, no waiting, no logging, nothing that is serialized; the time is an argument. All of it runs in
//!   the simulation as it runs in the server.
//! - [`clock`]: engine time. **Invariant:** nothing else reads a clock.
//! - [`zones`]: the rules of time zones, the system's or built-in ones. **Invariant:** nothing else reads them.
//! - [`config`]: files → a validated [`config::Config`], or every fault of every file with its place. **Invariant:** nothing
//!   behind it sees YAML, a path, or a default that is still to be filled in; a configuration is taken whole or not at all.
//! - [`store`]: facts, states, flips, incidents and deliveries. The trait [`store::Store`] is its contract and speaks no SQL;
//!   `store::work` is the unit of work: what an event does to incidents, deliveries and messages, over a trait of row
//!   operations; `store::sqlite` has the rows, and so far what is left of that work: applying, configuring, editing;
//!   [`store::writer`] is the one thread that owns it; [`store::live`] is what readers see without
//!   asking it, [`store::history`] what they read beside it. **Invariant:** a flip and all that follows from it are
//!   committed together; what is answered is durable.
//! - [`notify`]: one attempt with one message: webhooks, mail, Alertmanager. **Invariant:** it decides nothing that
//!   outlives the attempt, and ends in time whatever the other side does.
//! - [`metrics`]: one table of all metrics, written out chunk by chunk.
//! - [`engine`]: what happens without being asked. Plain functions over a store, and a thin loop around them.
//! - [`app`]: what can be done at run time, once for every door, over [`app::Services`]; and [`app::view`], how checks are
//!   looked at by whoever shows them.
//! - [`compat`]: other systems' interfaces, one folder a system, behind one trait. **Invariant:** none knows HTTP: what it is
//!   asked, what it answers and what it may do are plain types, [`compat::Door`] and [`compat::Host`].
//! - [`http`]: pings, pages, the API, `/metrics`, and the way to other systems' interfaces; and the control socket. One
//!   table of routes says of each who may use it. **Invariant:** every input is hostile: bounded before it is read, escaped where it is shown.
//! - [`cli`]: one file a subcommand; `cli::serve` puts the rooms together, `cli::reload` changes the configuration under them.
//!
//! # What holds everywhere
//!
//! - Nothing leaves before the reason for it is committed. So a crash repeats a message (its key tells), and loses none.
//! - What cannot be stored is refused and said so (503 with Retry-After), and what was due meanwhile is unknown, not late:
//!   better one message that nobody was listening than a hundred that cry wolf.
//! - Everything has a bound: queues, bodies, connections, histories, texts, times.
//! - Every mutable thing has one owner, whom its doc comment names.
//! - A decision returns its reason as an enum, which logs, metrics, messages and pages show alike.
//! - Errors that a caller branches on are enums. What cannot be is asserted, also in release builds.
//! - Secrets are [`core::secret::Secret`], which no log, error or page can show.
//!
//! `tests/tidy.rs` holds what a reader should not have to look for: layers, clock reads, lengths, names. `tests/sim/` holds
//! the promises, in virtual time, with crashes between any two calls and an independent model beside the code.
//!
//! # What is not here
//!
//! - No probes: punctual waits to be told, and asks nobody (`assert` in a file is refused as something to come).
//! - One store: SQLite. No replicas; a standby waits for the folder's lock.
//! - No TLS and no users at the HTTP port: a proxy in front brings both. Keys and tokens are all that it knows.
//! - No scripts on pages, no state in the browser.

pub mod app;
pub mod cli;
pub mod clock;
pub mod compat;
pub mod config;
pub mod core;
pub mod engine;
pub mod http;
pub mod metrics;
pub mod notify;
pub mod store;
pub mod zones;
