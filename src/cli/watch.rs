//! A listing that is shown again and again on a terminal, until somebody interrupts it.

use std::io::{self, Write};
use std::time::Duration;

use super::table::{Screen, Table, plain};
use super::trouble::Trouble;

/// So often the server is asked.
const EVERY: Duration = Duration::from_secs(2);

/// Shows what `look` finds, as much of it as the terminal has lines for. A server that does not answer is asked again.
pub(super) async fn watch(mut look: impl AsyncFnMut() -> Result<Table, Trouble>) -> Result<(), Trouble> {
    let mut is_first = true;
    loop {
        // Each time: somebody may have made the window another size.
        let screen = Screen::of_stdout();
        let Some(height) = screen.height else {
            return Err(Trouble::NotAsked("--watch needs a terminal".to_owned()));
        };
        let text = match look().await {
            Ok(table) => table.on(screen),
            Err(Trouble::NotAsked(why) | Trouble::Refused { why, .. }) if !is_first => {
                format!("punctual: {}\n", plain(&why))
            }
            Err(trouble) => return Err(trouble),
        };
        is_first = false;
        let mut out = io::stdout().lock();
        out.write_all(frame(&text, height).as_bytes())?;
        out.flush()?;
        drop(out);
        tokio::time::sleep(EVERY).await;
    }
}

/// The text from the first line of the terminal on, in place of what was there. Its last line says how much there is no room for.
fn frame(text: &str, height: usize) -> String {
    const TO_THE_TOP: &str = "\x1b[H";
    const REST_OF_LINE: &str = "\x1b[K";
    const REST_OF_SCREEN: &str = "\x1b[J";
    let lines: Vec<&str> = text.lines().collect();
    // The cursor stands in a line of its own below.
    let room = height.saturating_sub(1);
    let fits = if lines.len() <= room { lines.len() } else { room.saturating_sub(1) };
    let mut shown = TO_THE_TOP.to_owned();
    for line in &lines[..fits] {
        shown += &format!("{line}{REST_OF_LINE}\n");
    }
    if let more @ 1.. = lines.len() - fits {
        shown += &format!("and {more} more{REST_OF_LINE}\n");
    }
    shown + REST_OF_SCREEN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_no_more_lines_than_the_terminal() {
        let text: String = (0..50).map(|i| format!("line {i}\n")).collect();
        let whole = frame(&text, 51);
        assert_eq!((whole.matches('\n').count(), whole.contains("more")), (50, false));
        let cut = frame(&text, 24);
        assert_eq!(cut.matches('\n').count(), 23);
        assert!(cut.contains("line 21\x1b[K\nand 28 more\x1b[K\n\x1b[J"), "{cut:?}");
        assert!(frame(&text, 1).contains("and 50 more") && frame("", 24) == "\x1b[H\x1b[J");
    }
}
