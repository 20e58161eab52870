//! Samples that people have a running server send: by the receivers that are in force.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::{SampleOutcome, SampleRequest};
use crate::engine::{Engine, SampleSent, SampleWay, send_samples};
use crate::http::App;

/// Whoever asks is answered by then, before their connection ends.
const LONGEST: Duration = Duration::from_secs(60);

/// Sends what is asked for, one after the other.
pub(super) async fn serve(mut requests: mpsc::Receiver<SampleRequest>, app: Arc<App>, engine: Arc<Engine>) {
    while let Some(SampleRequest { receiver, outcome }) = requests.recv().await {
        // Whoever waited for another one may have gone away: nobody would know why this came.
        if outcome.is_closed() {
            continue;
        }
        let sent = tokio::time::timeout(LONGEST, send(&receiver, &app, &engine)).await;
        let too_long = |_| SampleOutcome {
            taken: false,
            text: format!("no answer from {receiver} within {} s", LONGEST.as_secs()),
        };
        let _ = outcome.send(sent.unwrap_or_else(too_long));
    }
}

async fn send(receiver: &str, app: &App, engine: &Engine) -> SampleOutcome {
    let transport = engine.outward.borrow().receiver(receiver);
    let transport = match transport {
        Ok(transport) => transport,
        Err(why) => return SampleOutcome { taken: false, text: why.to_owned() },
    };
    let policy = app.services.in_force.audience().policy.clone();
    let way = SampleWay {
        receiver,
        transport: &transport,
        hears_recoveries: policy.hears_recoveries(receiver),
        external_url: &engine.external_url,
    };
    let sent = send_samples(&way, &engine.clock).await;
    let lines: Vec<String> = sent.iter().map(|sample| sample.in_words(receiver)).collect();
    SampleOutcome { taken: sent.iter().all(SampleSent::is_taken), text: lines.join("\n") }
}
