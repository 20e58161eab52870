//! Where the text goes: in chunks, compressed or not.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Whoever asked is gone: the rest need not be rendered.
#[derive(Debug, PartialEq, Eq)]
pub struct Gone;

/// A chunk leaves when it is this long, in bytes: large enough to be cheap, small enough to be nothing to memory.
pub(super) const CHUNK: usize = 64 * 1024;
/// Room for the sample that makes a chunk full, in bytes: a longer one makes the chunk grow.
const ROOM: usize = 4 * 1024;

/// Collects text and sends it in chunks.
pub(super) struct ChunkWriter<'a> {
    text: Vec<u8>,
    gzip: Option<GzEncoder<Vec<u8>>>,
    send: &'a mut dyn FnMut(Bytes) -> Result<(), Gone>,
}

impl<'a> ChunkWriter<'a> {
    pub(super) fn new(gzip: bool, send: &'a mut dyn FnMut(Bytes) -> Result<(), Gone>) -> ChunkWriter<'a> {
        // Level 1: more takes three times as long and saves a third.
        let gzip = gzip.then(|| GzEncoder::new(Vec::with_capacity(CHUNK + ROOM), Compression::fast()));
        ChunkWriter { text: Vec::with_capacity(CHUNK + ROOM), gzip, send }
    }

    /// The text so far: append, then [`ChunkWriter::flush_full`].
    #[inline]
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Sends the chunk if it is full.
    #[inline]
    pub(super) fn flush_full(&mut self) -> Result<(), Gone> {
        if self.text.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    #[cold]
    fn flush(&mut self) -> Result<(), Gone> {
        let Some(gzip) = &mut self.gzip else {
            return (self.send)(take(&mut self.text));
        };
        gzip.write_all(&self.text).expect("writing to memory does not fail");
        self.text.clear();
        if gzip.get_ref().len() < CHUNK { Ok(()) } else { (self.send)(take(gzip.get_mut())) }
    }

    /// Sends what is left.
    pub(super) fn finish(mut self) -> Result<(), Gone> {
        self.flush()?;
        match self.gzip {
            Some(gzip) => (self.send)(gzip.finish().expect("writing to memory does not fail").into()),
            None => Ok(()),
        }
    }
}

fn take(full: &mut Vec<u8>) -> Bytes {
    std::mem::replace(full, Vec::with_capacity(CHUNK + ROOM)).into()
}
