//! punctual makes sure that what should happen does happen. This page is the architecture: where things are, what holds
//! everywhere, where new things go, and what is left out on purpose. The page of each room has the details. Numbers in
//! brackets, such as (11.2), are rules of `docs/semantics.md`.
//!
//! # Bird's eye view
//!
//! People declare checks in YAML and jobs ping them. punctual keeps every ping, and tells people and machines when
//! something is late, fails or never came. It is one process with one folder, a SQLite database and one writing thread.
//!
//! There are three paths through the code. All of them end in one pure function, [`core::step::step`]: from the
//! previous state and an input with its time, it makes the next state and the flips.
//!
//! - **A ping**: [`http`] finds its route, asks who may, and reads the body → [`app`] takes it → [`store::writer`] stamps
//!   it and groups it with others → `step` judges it → ping, state, flips, incidents and deliveries are committed
//!   together → it is answered.
//! - **A deadline**: [`engine`] sleeps until the store's next one → [`store::expire`] gives `step` a tick of that time
//!   → the flips are committed likewise. Deadlines are kept in memory, made from the states, and are only an index:
//!   `step` decides, and asking it twice is harmless.
//! - **A message**: the engine claims what is to be sent (committed before anything is sent) → [`notify`] makes one
//!   attempt with no transaction open → its result is settled in a transaction of its own.
//!
//! # The rooms
//!
//! `core ← yaml ← notify ← probe ← config` and `core ← store, metrics`; over them `engine, app ← compat ← http ← cli ← main`: each
//! room may use those on its left. Names with a comma between them are siblings, which do not know each other: what two of
//! them share is a type of `core`. `clock` and `zones` use `core` alone, and most rooms use them. Only `notify`, `probe`
//! and `config` use `yaml`, and `main` uses only `cli`. `LAYERS` in `tests/tidy.rs` is the exact list.
//!
//! - [`core`]: what is judged, when, and what follows, by the numbered rules of `docs/semantics.md`. **Invariant:**
//!   pure and total. No IO, no clock, no waiting, no logging, no serialization; the time is an argument. All of it runs
//!   in the simulation as it runs in the server.
//! - [`clock`]: engine time. **Invariant:** nothing else reads a clock.
//! - [`zones`]: the rules of time zones, the system's or built-in ones. **Invariant:** nothing else reads
//!   their data.
//! - [`exec`]: commands of the configuration, run so that nothing of them is left.
//! - `record_words`: a record as programs say it, in JSON.
//! - [`yaml`]: what a file says, with the place of each thing, and the files that it names. **Invariant:** which
//!   keys there are is told to it; no room but `notify`, `probe` and `config` uses it.
//! - [`config`]: files → a validated [`config::Config`], or every fault of every file with its place. **Invariant:** no
//!   other room but `notify`, which reads the keys of its receivers, sees YAML, a path, or an unfilled default; a
//!   configuration is taken whole or not at all.
//! - [`store`]: facts, states, flips, incidents and deliveries. The trait [`store::Store`] is its contract and has no
//!   SQL. `store::work` is the unit of work: what an event does to checks, incidents, deliveries and messages, and what is
//!   pruned, over traits of row operations. `store::sqlite` reads and writes the rows; `store::sqlite::fast` makes that
//!   faster (`docs/performance.md`). [`store::writer`] is the one thread that owns the store; readers use
//!   [`store::live`] without calling it, and [`store::history`] beside it. **Invariant:** a flip and all that follows from it are committed together; what is answered is durable.
//! - [`notify`]: one attempt to send one message: webhooks, mail, Alertmanager. A kind of receiver is one file or folder:
//!   its keys and their reader, its settings, its bounds and its transport; `notify/mod.rs` has the table of kinds.
//!   **Invariant:** it decides nothing that outlives the attempt, and it ends in time whatever the other side does.
//! - [`probe`]: one look of our own at what a check asserts: HTTP, a query to Prometheus or to SQLite, a command. **Invariant:** as of an attempt of `notify`: it decides
//!   nothing that outlives it, and ends in time.
//! - [`metrics`]: one table of all metrics, written chunk by chunk.
//! - [`engine`]: what happens without a request. Plain functions over a store, and a thin loop around them.
//! - [`app`]: what can be done at run time, once for all who ask, over [`app::Services`]; and [`app::view`], how checks
//!   are judged by everything that shows them.
//! - [`compat`]: doors, which are other systems' interfaces: one folder per system, behind one trait. **Invariant:** none
//!   knows our HTTP server: methods, statuses, headers and what a door may do are plain types, [`compat::Door`] and
//!   [`compat::Host`].
//! - [`http`]: pings, pages, the API, `/metrics` and the way to other systems' interfaces, over the network and at the
//!   Unix socket of the data folder. One table of routes says who may use each. **Invariant:** every input is hostile:
//!   bounded before it is read, escaped where it is shown.
//! - [`cli`]: the subcommands. `cli::serve` puts the rooms together, `cli::reload` changes their configuration.
//!
//! # What holds everywhere
//!
//! - Nothing is sent before the reason for it is committed. A crash may repeat a message (its key tells), but loses
//!   none.
//! - What cannot be stored is refused with 503 and Retry-After, and what was due meanwhile is unknown, not late: one
//!   message that nobody was listening is better than a hundred that cry wolf.
//! - Everything is bounded: queues, bodies, connections, histories, texts, times.
//! - Every mutable thing has one owner, which its doc comment names.
//! - A decision returns its reason as an enum, which logs, metrics, messages and pages all show.
//! - Errors that a caller branches on are enums. What cannot happen is asserted, also in release builds.
//! - Secrets are [`core::secret::Secret`], which no log, error or page can show.
//!
//! `tests/tidy.rs` checks what a reader should not have to check: layers, circles of files in a room, clock reads, lengths,
//! names. `tests/sim/` checks the promises in virtual time, with crashes between any two calls and an independent model
//! beside the code.
//!
//! # Where new things go
//!
//! The page of the room says which files, and `CONTRIBUTING.md` which tests and docs.
//!
//! | what | where |
//! |---|---|
//! | a rule of judging | [`core::step`] |
//! | a key in files | [`config`] |
//! | a kind of receiver; a chat | [`notify`]; [`notify::webhook`] |
//! | something that people can do | [`app`], and what it changes in `store::work` |
//! | a page; a route of the API | [`http`]: `pages`; `api` |
//! | a metric | [`metrics`] |
//! | another system's interface | [`compat`] |
//! | a second store | [`store`], beside `store::sqlite` |
//! | a subcommand | [`cli`] |
//! | a probe | a room beside `notify`; a task of [`engine`] hands its result to the writer, as a ping's |
//!
//! # What is not here
//!
//! - No probe asks a database that is no file of SQLite: programs report what they find.
//! - One store: SQLite. No replicas; a standby waits for the folder's lock.
//! - No accounts: people are known by a token, by a password that a file has, or by the word of a proxy in front.
//! - No page needs a script: one of ours asks again. No state in the browser but who is signed in.

pub mod app;
pub mod cli;
pub mod clock;
pub mod compat;
pub mod config;
pub mod core;
pub mod engine;
pub mod exec;
pub mod http;
pub mod metrics;
pub mod notify;
pub mod probe;
mod record_words;
pub mod store;
pub mod yaml;
pub mod zones;
