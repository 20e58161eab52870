//! punctual from outside: the real binary among real Prometheus, Alertmanager, mail server and webhooks.
//!
//! One file a capability; `support` starts and stops the parts. `tests/run` brings the programs they need.

// A test may fail anywhere, also in a function that it calls.
#![allow(clippy::unwrap_used)]

mod absence;
mod access;
mod accessible;
mod alertmanager;
mod alerts;
mod api;
mod audit;
mod backup;
mod below;
mod browsers;
mod check_page;
mod cli;
mod compat;
mod crowds;
mod dashboards;
mod deploy;
mod durability;
mod edit_forms;
mod endless;
mod first_page;
mod flapping;
mod flood;
mod foreign;
mod handshakes;
mod hang;
mod import;
mod in_force;
mod incident_pages;
mod keys;
mod known;
mod live;
mod log;
mod mail;
mod main_job;
mod many;
mod messages;
mod metrics;
mod numbers;
mod on_call;
mod openapi;
mod operators;
mod outage;
mod outside;
mod own_mail;
mod pages;
mod parts;
mod people;
mod ping;
mod ping_urls;
mod power;
mod refs;
mod results;
mod scripts;
mod serve;
mod server;
mod shown;
mod siege;
mod slow_readers;
mod smtp;
mod socket;
mod store;
mod support;
mod systemd;
mod test_notify;
mod tls;
mod unknown_names;
mod unwell;
mod uptime;
mod uptime_page;
mod webhook;
mod zones;
