//! A mail server for tests: it speaks real SMTP, keeps what it is given, and refuses as it is told.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A file of the certificates that the gateway's tests have, too: for `localhost`, by `ca.pem`.
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../billing-gateway/tests/keys/tls")
        .join(name)
}

/// How the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Plain,
    StartTls,
    Tls,
}

/// What an attempt to deliver to somebody meets.
#[derive(Clone, Debug)]
pub enum Reply {
    /// To `RCPT TO`.
    Refuse(&'static str),
    /// The mail is taken, but the connection ends before anybody is told.
    Cut,
}

#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    pub content: String,
    pub encrypted: bool,
    pub signed_in: bool,
}

impl Mail {
    /// The value of a header that stands on one line.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.content.split("\r\n\r\n").next().unwrap();
        headers
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

#[derive(Default)]
struct Seen {
    mails: Vec<Mail>,
    /// Every line but those of mails.
    commands: Vec<String>,
    replies: HashMap<String, VecDeque<Reply>>,
}

/// Runs until it is dropped.
pub struct Sink {
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    _serving: JoinSet<()>,
}

impl Sink {
    pub async fn start(manner: Manner) -> Self {
        Self::start_at(manner, 0).await
    }

    pub async fn start_at(manner: Manner, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, manner, seen.clone()));
        Self {
            port,
            seen,
            _serving: serving,
        }
    }

    /// The next attempts to deliver to `address` meet these, one each.
    pub fn meet(&self, address: &str, replies: &[Reply]) {
        let replies = replies.iter().cloned().collect();
        let mut seen = self.seen.lock().unwrap();
        seen.replies.insert(address.to_owned(), replies);
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.seen.lock().unwrap().mails.clone()
    }

    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        let mut mails = self.mails();
        mails.retain(|mail| mail.to == address);
        mails
    }

    pub fn commands(&self) -> Vec<String> {
        self.seen.lock().unwrap().commands.clone()
    }
}

async fn accept(listener: TcpListener, manner: Manner, seen: Arc<Mutex<Seen>>) {
    let tls = acceptor();
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let conversation = Conversation {
            manner,
            encrypted: false,
            signed_in: false,
            seen: seen.clone(),
        };
        // Who ends a connection early is none of the server's business.
        connections.spawn(serve(stream, tls.clone(), conversation));
    }
}

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(file("core.pem")).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(file("core.key")).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, mut conversation: Conversation) {
    if conversation.manner == Manner::Tls {
        let Ok(stream) = tls.accept(stream).await else {
            return;
        };
        conversation.encrypted = true;
        let _ = conversation.hold(stream, true).await;
        return;
    }
    let Ok(Some(stream)) = conversation.hold(stream, true).await else {
        return;
    };
    // It was told to begin TLS.
    let Ok(stream) = tls.accept(stream).await else {
        return;
    };
    conversation.encrypted = true;
    let _ = conversation.hold(stream, false).await;
}

struct Conversation {
    manner: Manner,
    encrypted: bool,
    signed_in: bool,
    seen: Arc<Mutex<Seen>>,
}

impl Conversation {
    /// Talks until the end; gives the stream back where TLS is to begin.
    async fn hold<S>(&mut self, stream: S, greet: bool) -> std::io::Result<Option<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut stream = BufReader::new(stream);
        if greet {
            stream.write_all(b"220 sink ESMTP\r\n").await?;
        }
        let mut recipient = (String::new(), None);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            let line = line.trim_end();
            self.seen.lock().unwrap().commands.push(line.to_owned());
            let answer = match line.split(' ').next().unwrap() {
                "EHLO" => self.extensions(),
                "STARTTLS" => {
                    stream.write_all(b"220 go ahead\r\n").await?;
                    return Ok(Some(stream.into_inner()));
                }
                "AUTH" => self.sign_in(line),
                "RCPT" => {
                    let address = line["RCPT TO:<".len()..].split('>').next().unwrap();
                    recipient = (address.to_owned(), self.next_reply(address));
                    match recipient.1 {
                        Some(Reply::Refuse(words)) => words.replace("{}", address),
                        _ => "250 ok".to_owned(),
                    }
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let content = read_mail(&mut stream).await?;
                    self.keep(&recipient.0, content);
                    if matches!(recipient.1, Some(Reply::Cut)) {
                        return Ok(None);
                    }
                    "250 taken".to_owned()
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(None);
                }
                _ => "250 ok".to_owned(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }

    fn extensions(&self) -> String {
        if self.manner == Manner::StartTls && !self.encrypted {
            "250-sink\r\n250 STARTTLS".to_owned()
        } else {
            "250-sink\r\n250 AUTH PLAIN".to_owned()
        }
    }

    /// User `billing`, password `secret`.
    fn sign_in(&mut self, line: &str) -> String {
        self.signed_in = line == "AUTH PLAIN AGJpbGxpbmcAc2VjcmV0";
        let answer = if self.signed_in {
            "235 welcome"
        } else {
            "535 no"
        };
        answer.to_owned()
    }

    fn next_reply(&self, address: &str) -> Option<Reply> {
        let mut seen = self.seen.lock().unwrap();
        seen.replies.get_mut(address)?.pop_front()
    }

    fn keep(&self, to: &str, content: String) {
        self.seen.lock().unwrap().mails.push(Mail {
            to: to.to_owned(),
            content,
            encrypted: self.encrypted,
            signed_in: self.signed_in,
        });
    }
}

async fn read_mail<S>(stream: &mut BufReader<S>) -> std::io::Result<String>
where
    S: AsyncRead + Unpin,
{
    let mut content = String::new();
    loop {
        let start = content.len();
        if stream.read_line(&mut content).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if &content[start..] == ".\r\n" {
            content.truncate(start);
            return Ok(content);
        }
    }
}
