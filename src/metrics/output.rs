//! Sends the text in chunks, compressed or not.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// The client is gone: the rest need not be rendered.
#[derive(Debug, PartialEq, Eq)]
pub struct Gone;

/// The size at which a chunk is sent, in bytes: large enough to be cheap, small enough not to matter for memory.
pub(super) const CHUNK: usize = 64 * 1024;
/// Room for the sample that fills a chunk, in bytes. A longer sample makes the buffer grow.
const ROOM: usize = 4 * 1024;

/// Collects text and sends it in chunks.
pub(super) struct ChunkWriter<'a> {
    text: Vec<u8>,
    gzip: Option<GzEncoder<Vec<u8>>>,
    send: &'a mut dyn FnMut(Bytes) -> Result<(), Gone>,
}

impl<'a> ChunkWriter<'a> {
    pub(super) fn new(gzip: bool, send: &'a mut dyn FnMut(Bytes) -> Result<(), Gone>) -> ChunkWriter<'a> {
        // Level 1: higher levels take three times as long and save a third.
        let gzip = gzip.then(|| GzEncoder::new(Vec::with_capacity(CHUNK + ROOM), Compression::fast()));
        ChunkWriter { text: Vec::with_capacity(CHUNK + ROOM), gzip, send }
    }

    /// The buffer: append to it, then call [`ChunkWriter::flush_full`].
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

    /// Sends what remains.
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
