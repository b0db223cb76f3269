//! Frames of HTTP/2 (RFC 9113), as many kinds as a caller meets.

/// What precedes the content of each.
pub const HEAD_BYTES: usize = 9;

/// What a caller says first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const END_STREAM: u8 = 0x1;
pub const ACK: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

pub const MAX_CONCURRENT_STREAMS: u16 = 0x3;
const HEADER_TABLE_SIZE: u16 = 0x1;
const ENABLE_PUSH: u16 = 0x2;
const INITIAL_WINDOW_SIZE: u16 = 0x4;

/// What may be on its way to us, of one call and of all.
const STREAM_WINDOW: u32 = 1 << 20;
pub const CONNECTION_WINDOW: u32 = 1 << 24;

/// A call is cancelled by its caller.
const CANCEL: u32 = 0x8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Data,
    Headers,
    Reset,
    Settings,
    Ping,
    GoAway,
    WindowUpdate,
    Other(u8),
}

impl Kind {
    const fn number(self) -> u8 {
        match self {
            Self::Data => 0,
            Self::Headers => 1,
            Self::Reset => 3,
            Self::Settings => 4,
            Self::Ping => 6,
            Self::GoAway => 7,
            Self::WindowUpdate => 8,
            Self::Other(number) => number,
        }
    }

    const fn of(number: u8) -> Self {
        match number {
            0 => Self::Data,
            1 => Self::Headers,
            3 => Self::Reset,
            4 => Self::Settings,
            6 => Self::Ping,
            7 => Self::GoAway,
            8 => Self::WindowUpdate,
            other => Self::Other(other),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub kind: Kind,
    pub flags: u8,
    pub stream: u32,
    pub content: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first frame of what was received, and its length; none while it is not whole.
    pub fn first(received: &'a [u8]) -> Option<(Self, usize)> {
        let (head, rest) = received.split_first_chunk::<HEAD_BYTES>()?;
        let [a, b, c, kind, flags, stream @ ..] = *head;
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
        let content = rest.get(..length)?;
        let frame = Self {
            kind: Kind::of(kind),
            flags,
            stream: u32::from_be_bytes(stream) & (u32::MAX >> 1),
            content,
        };
        Some((frame, HEAD_BYTES + length))
    }

    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The content without what only fills it; none where it is malformed.
    pub fn bare(&self) -> Option<&'a [u8]> {
        let mut content = self.content;
        if self.has(PADDED) {
            let (padding, rest) = content.split_first()?;
            content = rest.get(..rest.len().checked_sub(usize::from(*padding))?)?;
        }
        if self.kind == Kind::Headers && self.has(PRIORITY) {
            content = content.get(5..)?;
        }
        Some(content)
    }

    /// The number that a frame of four bytes holds.
    pub fn number(&self) -> Option<u32> {
        self.content
            .first_chunk()
            .map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// Names and values of settings.
    pub fn settings(&self) -> impl Iterator<Item = (u16, u32)> {
        self.content.as_chunks::<6>().0.iter().map(|setting| {
            let [a, b, value @ ..] = *setting;
            (u16::from_be_bytes([a, b]), u32::from_be_bytes(value))
        })
    }
}

pub fn put(out: &mut Vec<u8>, kind: Kind, flags: u8, stream: u32, content: &[u8]) {
    put_head(out, kind, flags, stream, content.len());
    out.extend_from_slice(content);
}

/// The content follows.
pub fn put_head(out: &mut Vec<u8>, kind: Kind, flags: u8, stream: u32, length: usize) {
    // Nothing of ours comes near the 16 KiB that every server takes.
    let [_, a, b, c] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(&[a, b, c, kind.number(), flags]);
    out.extend_from_slice(&stream.to_be_bytes());
}

/// The preface, and that the server is to push and remember nothing and may send a lot.
pub fn put_preface(out: &mut Vec<u8>) {
    out.extend_from_slice(PREFACE);
    let mut settings = Vec::new();
    for (name, value) in [
        (HEADER_TABLE_SIZE, 0),
        (ENABLE_PUSH, 0),
        (INITIAL_WINDOW_SIZE, STREAM_WINDOW),
    ] {
        settings.extend_from_slice(&name.to_be_bytes());
        settings.extend_from_slice(&value.to_be_bytes());
    }
    put(out, Kind::Settings, 0, 0, &settings);
    put_window(out, CONNECTION_WINDOW);
}

/// So much more may be on its way to us.
pub fn put_window(out: &mut Vec<u8>, more: u32) {
    put(out, Kind::WindowUpdate, 0, 0, &more.to_be_bytes());
}

pub fn put_cancel(out: &mut Vec<u8>, stream: u32) {
    put(out, Kind::Reset, 0, stream, &CANCEL.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written_and_only_when_it_is_whole() {
        let mut out = Vec::new();
        put(&mut out, Kind::Data, END_STREAM, 7, b"four");
        let expected = Frame {
            kind: Kind::Data,
            flags: END_STREAM,
            stream: 7,
            content: b"four",
        };
        assert_eq!(Frame::first(&out), Some((expected, out.len())));
        for length in 0..out.len() {
            assert_eq!(Frame::first(&out[..length]), None, "{length}");
        }
    }

    #[test]
    fn what_only_fills_a_frame_is_left_out() {
        let frame = |kind, flags, content| Frame {
            kind,
            flags,
            stream: 1,
            content,
        };
        let padded = frame(Kind::Data, PADDED, b"\x02abcXX");
        assert_eq!(padded.bare(), Some(&b"abc"[..]));
        let weighted = frame(Kind::Headers, PRIORITY, b"12345abc");
        assert_eq!(weighted.bare(), Some(&b"abc"[..]));
        assert_eq!(frame(Kind::Data, PADDED, b"\x09abc").bare(), None);
    }
}
