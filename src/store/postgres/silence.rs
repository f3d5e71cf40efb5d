//! A limit for the silence of a server that owes an answer. `postgres` has none once it is connected.
//!
//! The limit begins with each call, and again with each byte that comes or goes. A server that answers a byte now and
//! then is therefore never given up, and one that is silent over a Unix socket is not noticed: `postgres` lets nobody
//! stand between it and such a socket. A server that waits for a standby is silent too, and its commit is then unsure.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use postgres::Socket;
use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::error::Why;

/// How long a server may be silent, in timeouts of connecting.
const TIMES: u32 = 6;

/// For how long a server may be silent. Clones are one.
#[derive(Debug, Clone)]
pub struct Silence {
    usual: Duration,
    now: Arc<Mutex<Call>>,
}

/// A call, by number, and its limit.
#[derive(Debug, Clone, Copy)]
struct Call {
    number: u64,
    limit: Duration,
}

impl Silence {
    /// A limit for a server that must take a connection within this time.
    pub fn of(connect_timeout: Duration) -> Self {
        let usual = connect_timeout * TIMES;
        Self { usual, now: Arc::new(Mutex::new(Call { number: 0, limit: usual })) }
    }

    /// Begins a call that the server may answer so much later than others, because it waits for somebody else.
    pub fn begin(&self, later: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = Call { number: now.number.wrapping_add(1), limit: self.usual.saturating_add(later) };
    }

    fn call(&self) -> Call {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that fails once the silence is too long, and from then on.
pub struct Watched<S> {
    stream: S,
    silence: Silence,
    /// What ends the wait of the call with this number.
    waiting: Option<(u64, Pin<Box<Sleep>>)>,
    given_up: bool,
}

impl<S> Watched<S> {
    /// Watches a stream.
    pub fn new(stream: S, silence: Silence) -> Self {
        Self { stream, silence, waiting: None, given_up: false }
    }

    /// An error if the silence is too long; otherwise the task is woken when it becomes so.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Call { number, limit } = self.silence.call();
        if !self.given_up {
            let waiting = self.waiting.take().filter(|(of, _)| *of == number);
            let (_, end) = self.waiting.insert(waiting.unwrap_or_else(|| (number, Box::pin(sleep(limit)))));
            if end.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.given_up = true;
        }
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, Why::Timeout { seconds: limit.as_secs() }))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.given_up {
            let read = Pin::new(&mut self.stream).poll_read(cx, into);
            if read.is_ready() {
                self.waiting = None;
                return read;
            }
        }
        self.wait(cx).map(Err)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.given_up {
            return self.wait(cx).map(Err);
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        let limit = self.silence.call().limit;
        if let (true, Some((_, end))) = (written.is_ready(), &mut self.waiting) {
            end.as_mut().reset(Instant::now() + limit);
            // Only a wait that is asked again wakes the task.
            let _ = end.as_mut().poll(cx);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Who was given up is not waited for to hear a farewell.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.given_up { Poll::Ready(Ok(())) } else { Pin::new(&mut self.stream).poll_shutdown(cx) }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Watched<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// Watches a plain connection, in the place where `postgres` lets TLS begin: without a word to the server.
#[derive(Clone)]
pub struct Plain(pub Silence);

impl MakeTlsConnect<Socket> for Plain {
    type Stream = Watched<Socket>;
    type TlsConnect = Self;
    type Error = Infallible;

    fn make_tls_connect(&mut self, _host: &str) -> Result<Self, Infallible> {
        Ok(self.clone())
    }
}

impl TlsConnect<Socket> for Plain {
    type Stream = Watched<Socket>;
    type Error = Infallible;
    type Future = Ready<Result<Watched<Socket>, Infallible>>;

    fn connect(self, stream: Socket) -> Self::Future {
        ready(Ok(Watched::new(stream, self.0)))
    }
}
