//! Header blocks: ours, which are the same in every call, and what a server says at the end of one
//! (RFC 7541).

use anyhow::{Context, Result, ensure};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::huffman;

/// Numbers in the static table.
const AUTHORITY: u8 = 1;
const PATH: u8 = 4;
const POST: u8 = 3;
const SCHEME_HTTP: u8 = 6;
const AUTHORIZATION: u8 = 23;
const CONTENT_TYPE: u8 = 31;

/// The first number that names what this connection has sent before, newest first.
const FIRST_OWN: u8 = 62;

/// What all calls of a connection have in common; the server remembers it.
pub struct Common {
    pub authority: String,
    pub authorization: String,
    pub timeout: String,
}

/// The block of a connection's first call: the server is to remember the common headers.
pub fn first_block(common: &Common, path: &str) -> Vec<u8> {
    let mut block = start(path);
    for (name, value) in [
        (Name::Known(AUTHORITY), common.authority.as_str()),
        (Name::Known(AUTHORIZATION), &common.authorization),
        (Name::Known(CONTENT_TYPE), "application/grpc"),
        (Name::Text("te"), "trailers"),
        (Name::Text("grpc-timeout"), &common.timeout),
    ] {
        match name {
            Name::Known(number) => put_number(&mut block, REMEMBER, 6, number.into()),
            Name::Text(text) => {
                block.push(REMEMBER);
                put_text(&mut block, text);
            }
        }
        put_text(&mut block, value);
    }
    block
}

/// The block of every later one: a number stands for what the server remembers.
pub fn later_block(path: &str) -> Vec<u8> {
    const COMMON: u8 = 5;
    let mut block = start(path);
    // The authority first, as it was sent: it is the oldest.
    block.extend((FIRST_OWN..FIRST_OWN + COMMON).rev().map(indexed));
    block
}

/// Of a header that the server is to remember.
const REMEMBER: u8 = 0b0100_0000;

enum Name {
    Known(u8),
    Text(&'static str),
}

fn start(path: &str) -> Vec<u8> {
    let mut block = vec![indexed(POST), indexed(SCHEME_HTTP), PATH];
    put_text(&mut block, path);
    block
}

const fn indexed(number: u8) -> u8 {
    0b1000_0000 | number
}

fn put_text(block: &mut Vec<u8>, text: &str) {
    put_number(block, 0, 7, text.len());
    block.extend_from_slice(text.as_bytes());
}

/// A number in the low bits of a byte, and in more bytes where they do not suffice.
fn put_number(block: &mut Vec<u8>, high: u8, bits: u32, number: usize) {
    let most = (1_usize << bits) - 1;
    let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    if number < most {
        block.push(high | byte(number));
        return;
    }
    block.push(high | byte(most));
    let mut rest = number - most;
    while rest >= 128 {
        block.push(byte(rest % 128) | 128);
        rest /= 128;
    }
    block.push(byte(rest));
}

/// The headers of a block that have a name of their own, as those of gRPC have. The server was told
/// to remember nothing.
pub fn read(block: &[u8]) -> Result<HeaderMap> {
    let mut rest = Rest(block);
    let mut headers = HeaderMap::new();
    while let Some(first) = rest.0.first().copied() {
        let bits = match first {
            128.. => 7,
            64.. => 6,
            32.. => 5,
            _ => 4,
        };
        let number = rest.number(bits)?;
        // A header that everybody knows, or a size of what is remembered.
        if bits == 7 || bits == 5 {
            continue;
        }
        let name = if number == 0 {
            Some(rest.text()?)
        } else {
            None
        };
        let value = rest.text()?;
        if let Some(name) = name {
            headers.append(
                HeaderName::from_bytes(&name)?,
                HeaderValue::from_maybe_shared(bytes::Bytes::from(value))?,
            );
        }
    }
    Ok(headers)
}

/// What of a block is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self.0.split_first().context("a header is cut off")?;
        self.0 = rest;
        Ok(*first)
    }

    fn number(&mut self, bits: u32) -> Result<usize> {
        let most = (1_usize << bits) - 1;
        let mut number = usize::from(self.byte()?) & most;
        if number < most {
            return Ok(number);
        }
        for shift in [0, 7, 14, 21] {
            let byte = usize::from(self.byte()?);
            number += (byte & 127) << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        anyhow::bail!("a header is too long")
    }

    fn text(&mut self) -> Result<Vec<u8>> {
        let is_compressed = self.0.first().is_some_and(|byte| *byte >= 128);
        let length = self.number(7)?;
        ensure!(length <= self.0.len(), "a header is cut off");
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        if is_compressed {
            huffman::decode(text).context("a header is not printable")
        } else {
            Ok(text.to_vec())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_call_is_read_however_it_is_written() {
        // Table size 0; grpc-status: 14 as plain text; grpc-message, compressed.
        let mut block = vec![0b0010_0000, 0];
        put_text(&mut block, "grpc-status");
        put_text(&mut block, "14");
        block.extend([0, 12]);
        block.extend(b"grpc-message");
        block.extend([0x80 | 6, 0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]);
        // :status 200 and a date, which nobody asks for.
        block.extend([0x88, 0x0f, 0x12, 1, b'x']);
        let headers = read(&block).unwrap();
        assert_eq!(headers.len(), 2, "{headers:?}");
        assert_eq!(headers["grpc-status"], "14");
        assert_eq!(headers["grpc-message"], "no-cache");
        for length in [3, 14, 20] {
            assert!(read(&block[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_number_is_read_as_it_was_written() {
        for number in [0, 126, 127, 128, 255, 16_384, 1_000_000] {
            let mut block = Vec::new();
            put_number(&mut block, 0, 7, number);
            assert_eq!(Rest(&block).number(7).unwrap(), number);
        }
        // The example of the standard.
        let mut block = Vec::new();
        put_number(&mut block, 0, 5, 1_337);
        assert_eq!(block, [31, 154, 10]);
    }
}
