//! Timestamps of checkpoints (RFC 3161): asked for, judged as `openssl ts` judges them, and kept in packs.

mod asked;
mod authority;
mod judged;
mod told;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// An authority's server, which answers each request with what a test makes of it: the bytes of HTTP.
struct Server {
    port: u16,
    over: Arc<AtomicBool>,
}

impl Server {
    fn new(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, over) = (listener.local_addr().unwrap().port(), Arc::new(AtomicBool::new(false)));
        let ended = Arc::clone(&over);
        thread::spawn(move || {
            for stream in listener.incoming().map(Result::unwrap) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                // A client that hangs up is no fault of the server.
                drop(serve(stream, &answer));
            }
        });
        Self { port, over }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/tsa", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn serve(mut stream: TcpStream, answer: &impl Fn(&[u8]) -> Vec<u8>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut length) = (Vec::new(), 0);
    while head.last().is_none_or(|line: &String| !line.is_empty()) {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_lowercase();
        length = line.strip_prefix("content-length: ").map_or(length, |it| it.parse().unwrap());
        head.push(line);
    }
    assert!(head[0].starts_with("post /tsa "), "{head:?}");
    assert!(head.contains(&"content-type: application/timestamp-query".to_owned()), "{head:?}");
    let mut query = vec![0; length];
    reader.read_exact(&mut query)?;
    stream.write_all(&answer(&query))
}

/// An answer of HTTP.
fn http(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The answer of a good server.
fn reply(body: &[u8]) -> Vec<u8> {
    http("200 OK", "application/timestamp-reply", body)
}
