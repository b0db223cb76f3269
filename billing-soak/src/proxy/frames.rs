//! What a client of PostgreSQL says, message by message (protocol version 3), and where it commits.

use std::collections::HashMap;

/// Bytes that have arrived and are not yet a whole message.
pub struct Frames {
    bytes: Vec<u8>,
    /// The first messages of a client have no type.
    begun: bool,
}

/// Asks for TLS or GSS encryption: another message without a type follows.
const ENCRYPTION_REQUESTS: [u32; 2] = [80_877_103, 80_877_104];

impl Frames {
    pub fn of_client() -> Self {
        Self {
            bytes: Vec::new(),
            begun: false,
        }
    }

    pub fn of_server() -> Self {
        Self {
            bytes: Vec::new(),
            begun: true,
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message as it was sent; none before all of it has come.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        let type_bytes = usize::from(self.begun);
        // The length counts itself and not the type.
        let length = number(self.bytes.get(type_bytes..)?)?;
        let whole = usize::try_from(length).ok()?.max(4) + type_bytes;
        if self.bytes.len() < whole {
            return None;
        }
        let rest = self.bytes.split_off(whole);
        let message = std::mem::replace(&mut self.bytes, rest);
        if !self.begun {
            let code = message.get(4..).and_then(number);
            self.begun = code.is_none_or(|code| !ENCRYPTION_REQUESTS.contains(&code));
        }
        Some(message)
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    let bytes = bytes.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes))
}

/// Whether a server's message says that it has answered all that it was asked.
pub fn is_ready(message: &[u8]) -> bool {
    message.first() == Some(&b'Z')
}

/// What a statement does to its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Begins,
    Commits,
    RollsBack,
    Writes,
    Other,
}

/// What a client said so far, in groups that the server answers together.
pub struct Speech {
    frames: Frames,
    started: bool,
    group: Vec<u8>,
    /// Prepared statements, by name.
    prepared: HashMap<Vec<u8>, Kind>,
    in_transaction: bool,
    /// What is written outside of a transaction is committed too.
    commits: bool,
}

/// Messages that belong together, and whether the server commits something when it has heard them.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    pub bytes: Vec<u8>,
    pub commits: bool,
}

impl Speech {
    pub fn new() -> Self {
        Self {
            frames: Frames::of_client(),
            started: false,
            group: Vec::new(),
            prepared: HashMap::new(),
            in_transaction: false,
            commits: false,
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.frames.feed(bytes);
    }

    /// The next whole group; none before all of it has come.
    pub fn next(&mut self) -> Option<Group> {
        while let Some(message) = self.frames.next() {
            let ends = if self.started {
                self.hear(&message)
            } else {
                self.started = self.frames.begun;
                true
            };
            self.group.extend(message);
            if ends {
                let commits = std::mem::take(&mut self.commits);
                let bytes = std::mem::take(&mut self.group);
                return Some(Group { bytes, commits });
            }
        }
        None
    }

    /// Whether the message ends its group.
    fn hear(&mut self, message: &[u8]) -> bool {
        let Some((kind, rest)) = message.split_first() else {
            return true;
        };
        let body = rest.get(4..).unwrap_or_default();
        let mut words = body.split(|byte| *byte == 0);
        let (first, second) = (words.next(), words.next());
        match kind {
            b'Q' => {
                self.run(kind_of(first.unwrap_or_default()));
                true
            }
            b'P' => {
                let kind = kind_of(second.unwrap_or_default());
                self.prepared
                    .insert(first.unwrap_or_default().to_vec(), kind);
                false
            }
            // It is executed in the same group.
            b'B' => {
                let kind = self.prepared.get(second.unwrap_or_default());
                self.run(kind.copied().unwrap_or(Kind::Other));
                false
            }
            b'D' | b'E' | b'C' | b'd' => false,
            // Sync, flush, passwords, and the end.
            _ => true,
        }
    }

    fn run(&mut self, kind: Kind) {
        match kind {
            Kind::Begins => self.in_transaction = true,
            Kind::Commits => {
                self.in_transaction = false;
                self.commits = true;
            }
            Kind::RollsBack => self.in_transaction = false,
            Kind::Writes => self.commits |= !self.in_transaction,
            Kind::Other => {}
        }
    }
}

fn kind_of(query: &[u8]) -> Kind {
    let query = String::from_utf8_lossy(query).to_ascii_lowercase();
    let query = query.trim();
    if ["begin", "start transaction"]
        .iter()
        .any(|word| query.starts_with(word))
    {
        Kind::Begins
    } else if query.trim_end_matches(';').trim_end() == "commit" {
        Kind::Commits
    } else if query.starts_with("rollback") {
        Kind::RollsBack
    } else if query.starts_with("update ") || query.contains("insert into ") {
        Kind::Writes
    } else {
        Kind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    fn untyped(code: u32, body: &[u8]) -> Vec<u8> {
        message(0, &[&code.to_be_bytes(), body].concat())[1..].to_vec()
    }

    fn query(text: &str) -> Vec<u8> {
        message(b'Q', format!("{text}\0").as_bytes())
    }

    fn prepare(name: &str, text: &str) -> Vec<u8> {
        message(b'P', format!("{name}\0{text}\0\0\0").as_bytes())
    }

    fn execute(name: &str) -> Vec<u8> {
        let bind = format!("\0{name}\0\0\0\0\0\0\0");
        [
            message(b'B', bind.as_bytes()),
            message(b'E', b"\0\0\0\0\0"),
            sync(),
        ]
        .concat()
    }

    fn sync() -> Vec<u8> {
        message(b'S', b"")
    }

    /// Whether each group that is heard commits.
    fn commits(said: &[Vec<u8>]) -> Vec<bool> {
        let mut speech = Speech::new();
        speech.feed(&untyped(196_608, b"user\0billing\0\0"));
        assert!(!speech.next().unwrap().commits);
        speech.feed(&said.concat());
        let groups = std::iter::from_fn(|| speech.next());
        groups.map(|group| group.commits).collect()
    }

    #[test]
    fn messages_come_whole_however_they_arrive() {
        let said = [
            untyped(80_877_103, b""),
            untyped(196_608, b"user\0billing\0\0"),
            prepare("s", "select 1"),
            sync(),
            query("COMMIT"),
        ];
        let all = said.concat();
        for part in 1..all.len() {
            let mut frames = Frames::of_client();
            let mut heard = Vec::new();
            for bytes in all.chunks(part) {
                frames.feed(bytes);
                while let Some(message) = frames.next() {
                    heard.push(message);
                }
            }
            assert_eq!(heard, said, "{part} bytes at a time");
        }
    }

    #[test]
    fn a_group_ends_where_the_server_answers() {
        let mut speech = Speech::new();
        speech.feed(&untyped(80_877_103, b""));
        assert!(speech.next().is_some());
        speech.feed(&untyped(196_608, b"user\0billing\0\0"));
        assert!(speech.next().is_some());
        speech.feed(&prepare("s", "select 1"));
        assert_eq!(speech.next(), None);
        speech.feed(&sync());
        let bytes = [prepare("s", "select 1"), sync()].concat();
        let commits = false;
        assert_eq!(speech.next(), Some(Group { bytes, commits }));
    }

    #[test]
    fn a_transaction_commits_where_it_says_so() {
        let said = [
            query("BEGIN"),
            [prepare("s", "update account set x = 1"), sync()].concat(),
            execute("s"),
            query("COMMIT"),
            query("BEGIN"),
            execute("s"),
            query("ROLLBACK"),
        ];
        let at_its_end = [false, false, false, true, false, false, false];
        assert_eq!(commits(&said), at_its_end);
        let prepared = [
            [prepare("b", "begin"), prepare("c", "commit"), sync()].concat(),
            execute("b"),
            execute("c"),
        ];
        assert_eq!(commits(&prepared), [false, false, true]);
    }

    #[test]
    fn a_statement_that_writes_outside_of_a_transaction_commits_itself() {
        let said = [
            [
                prepare(
                    "w",
                    "with x as (insert into entry select 1) select 1 from x",
                ),
                prepare(
                    "r",
                    "select 1 from account order by account_id for no key update",
                ),
                sync(),
            ]
            .concat(),
            execute("r"),
            execute("w"),
        ];
        assert_eq!(commits(&said), [false, false, true]);
    }

    #[test]
    fn the_server_is_ready_when_it_says_so() {
        assert!(is_ready(&message(b'Z', b"I")));
        assert!(!is_ready(&message(b'C', b"COMMIT\0")));
    }
}
