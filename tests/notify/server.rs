//! A small HTTP server that answers as a test asks, and keeps what it was sent.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// The path with its query.
    pub path: String,
    /// The header lines.
    pub headers: Vec<String>,
    pub body: String,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&String| line.to_lowercase().starts_with(&format!("{}:", name.to_lowercase()));
        self.headers.iter().find(named).map(|line| line.split_once(':').unwrap().1.trim())
    }
}

/// How to answer a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A status line without its version, further header lines, and a body.
    Status(&'static str, String, String),
    /// Nothing for this long, and then 200.
    Delay(Duration),
    /// Half an answer.
    Half,
    /// No answer.
    Drop,
    /// A body without an end.
    Endless,
    /// A header without an end.
    EndlessHeader,
    /// Kills the process whose id is in this file, and does not answer.
    Kill(std::path::PathBuf),
}

impl Answer {
    pub fn status(status: &'static str) -> Self {
        Self::Status(status, String::new(), String::new())
    }
}

#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<Request>>,
    script: Mutex<VecDeque<Answer>>,
    /// The answer once the script is over.
    usual: Mutex<Option<Answer>>,
    over: AtomicBool,
}

pub struct Server {
    shared: Arc<Shared>,
    pub port: u16,
}

impl Server {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, shared) = (listener.local_addr().unwrap().port(), Arc::new(Shared::default()));
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if served.over.load(Ordering::SeqCst) {
                    return;
                }
                let served = Arc::clone(&served);
                // A client that hangs up is no fault of the server.
                thread::spawn(move || drop(serve(stream.unwrap(), &served)));
            }
        });
        Self { shared, port }
    }

    /// Answers the next requests like this, one after the other.
    pub fn next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.script.lock().unwrap().extend(answers);
    }

    /// Answers every request like this; `None` for 200.
    pub fn always(&self, answer: Option<Answer>) {
        *self.shared.usual.lock().unwrap() = answer;
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The requests since this was asked last.
    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.shared.requests.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        headers.push(line.to_owned());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let request = Request { path, headers, body: String::from_utf8(body).unwrap() };
    shared.requests.lock().unwrap().push(request);
    let scripted = shared.script.lock().unwrap().pop_front();
    answer(stream, scripted.or_else(|| shared.usual.lock().unwrap().clone()))
}

fn answer(mut stream: TcpStream, how: Option<Answer>) -> std::io::Result<()> {
    let fine = || Answer::Status("200 OK", String::new(), r#"{"errcode":0,"errmsg":"ok"}"#.to_owned());
    match how.unwrap_or_else(fine) {
        Answer::Status(status, headers, body) => {
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
        }
        Answer::Delay(time) => {
            thread::sleep(time);
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        Answer::Half => write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{{\"errcode\":0}}"),
        Answer::Drop => Ok(()),
        Answer::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
            loop {
                stream.write_all(&[b' '; 65_536])?;
            }
        }
        Answer::EndlessHeader => {
            write!(stream, "HTTP/1.1 200 OK\r\n")?;
            loop {
                stream.write_all(b"X-More: yes\r\n")?;
            }
        }
        Answer::Kill(file) => {
            let pid = std::fs::read_to_string(file)?;
            assert!(Command::new("kill").args(["-9", pid.trim()]).status()?.success());
            Ok(())
        }
    }
}
