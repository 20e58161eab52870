//! Secrets that are short enough to be guessed, where somebody does: many connections are no faster than few (23.3c).

use std::time::{Duration, Instant};

use reqwest::Client;

use crate::support::http;
use crate::support::punctual::Punctual;

const SHORT: &str = "short-secret";
const CONFIG: &str = "auth: {ping_keys: [{name: old, key: short-secret}], tokens: [{name: look, scope: read, token: short-secret}]}\n\
    compat: {coal_mine: {enabled: true, auth_key: short-secret}}\n\
    checks: [{name: backup, every: 1h}]\n";
/// By so many doors a secret is shown.
const DOORS: usize = 5;

/// Shows it by one of the doors; the status of the answer.
fn show(server: &Punctual, client: &Client, secret: &str, door: usize) -> u16 {
    let get = |path: &str| client.get(server.url(path));
    http::send(match door {
        0 => get(&format!("/ping/{secret}/backup")),
        1 => get("/ping/backup").bearer_auth(secret),
        2 => get("/api/v1/checks").bearer_auth(secret),
        3 => get(&format!("/coal-mine/v1/canary/list?auth_key={secret}")),
        _ => {
            let form = format!("token={secret}");
            let post = client.post(server.url("/sign-in")).header("origin", server.url(""));
            post.header("content-type", "application/x-www-form-urlencoded").body(form)
        }
    })
    .status
}

/// 23.3c
#[test]
fn who_shows_short_secrets_by_many_connections_hears_of_four_a_second_and_right_ones_are_taken() {
    let server = Punctual::start(CONFIG);
    let (guesser, other) = (http::stranger(), http::stranger());
    for number in 0..10 {
        assert_ne!(show(&server, &guesser, &format!("of-before-{number}"), number % DOORS), 200);
    }
    let since = Instant::now();
    std::thread::scope(|scope| {
        let ask = |secret: String, door| {
            let (server, guesser) = (&server, &guesser);
            scope.spawn(move || show(server, guesser, &secret, door))
        };
        let wrong: Vec<_> = (0..8).map(|number| ask(format!("wrong-{number}"), number % DOORS)).collect();
        let right: Vec<_> = (0..DOORS).map(|door| ask(SHORT.to_owned(), door)).collect();
        assert_eq!(show(&server, &other, SHORT, 0), 200);
        assert!(since.elapsed() < Duration::from_secs(3), "another address waits behind them");
        let statuses = right.into_iter().map(|asked| asked.join().unwrap());
        assert_eq!(statuses.collect::<Vec<_>>(), [200, 200, 200, 200, 303]);
        assert!(wrong.into_iter().all(|asked| ![200, 303].contains(&asked.join().unwrap())));
    });
    let (took, fewest) = (since.elapsed(), Duration::from_secs((8 + DOORS as u64) / 4));
    assert!(took >= fewest, "{} were judged within {took:?}", 8 + DOORS);
}

/// 23.3c
#[test]
fn who_has_no_turn_is_told_to_come_again_right_or_wrong() {
    let server = Punctual::start(CONFIG);
    let guesser = http::stranger();
    for number in 0..10 {
        assert_ne!(show(&server, &guesser, &format!("of-before-{number}"), number % DOORS), 200);
    }
    let mut told: Vec<u16> = std::thread::scope(|scope| {
        let ask = |door| {
            let (server, guesser) = (&server, &guesser);
            scope.spawn(move || show(server, guesser, SHORT, door))
        };
        let asked: Vec<_> = (0..40).map(|number| ask(number % DOORS)).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    told.sort_unstable();
    told.dedup();
    assert_eq!(told, [200, 303, 429]);
}
