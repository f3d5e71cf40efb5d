//! What servers answer that are none, or hang.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use twinseal::store::postgres::address::Address;
use twinseal::store::postgres::connect::{Home, connect};
use twinseal::store::postgres::error::{ConnectError, Why};

/// Connects to a server that answers the first message with these bytes, and says why there is no connection.
fn why(answer: &'static [u8], words: &str) -> Why {
    why_of(words, move |mut stream: TcpStream| {
        let mut asked = [0; 4096];
        let _ = stream.read(&mut asked);
        let _ = stream.write_all(answer);
    })
}

fn why_of(words: &str, serve: impl FnOnce(TcpStream) + Send + 'static) -> Why {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || serve(listener.accept().unwrap().0));
    let address: Address = format!("postgres://u@127.0.0.1:{port}/db{words}").parse().unwrap();
    match connect(&address, &Home::default()).unwrap_err() {
        ConnectError::Failed { why, .. } => why,
        other => panic!("{other}"),
    }
}

/// The message of a server: its type, length and content.
fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).unwrap();
    [&[kind], &length.to_be_bytes()[..], content].concat()
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let begun = Instant::now();
    let why = why_of("?connect_timeout=1", |stream| {
        thread::sleep(Duration::from_secs(3));
        drop(stream);
    });
    assert_eq!(why, Why::Timeout { seconds: 1 });
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn no_password_is_sent_and_nothing_panics_whatever_a_server_answers() {
    // AuthenticationCleartextPassword, without a password in ~/.pgpass.
    assert!(matches!(why(b"R\0\0\0\x08\0\0\0\x03", ""), Why::NoPassword { .. }));
    assert_eq!(why(b"", ""), Why::Closed);
    let http = why(b"HTTP/1.1 400 Bad Request\r\n\r\n", "");
    assert!(matches!(http, Why::Closed | Why::NotPostgres(_)), "{http:?}");
    assert!(matches!(why(b"R\0\0\0\x01\0\0\0\x03", ""), Why::NotPostgres(_)));
    assert!(matches!(why(b"E\xff\xff\xff\xff", ""), Why::Closed | Why::NotPostgres(_)));
    assert!(matches!(why(b"R\0\0\0\x08\0\0\0\x07", ""), Why::Authentication(_)));
}

#[test]
fn nobody_who_listens_and_no_such_socket_are_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().to_str().unwrap();
    for (text, expected) in [
        (format!("postgres://u@127.0.0.1:{free}/db"), Why::Refused),
        (format!("postgres:///db?user=u&host={socket}"), Why::NoSocket),
        ("postgres://u@no-such-host.invalid/db?connect_timeout=5".to_owned(), Why::NoSuchHost),
    ] {
        let error = connect(&text.parse().unwrap(), &Home::default()).unwrap_err();
        assert!(matches!(&error, ConnectError::Failed { why, .. } if *why == expected), "{text}: {error:?}");
        assert!(error.hint().is_some());
    }
    let both = format!("postgres://u@127.0.0.1:{free},127.0.0.2:{free}/db");
    let error = connect(&both.parse().unwrap(), &Home::default()).unwrap_err();
    assert!(matches!(&error, ConnectError::All(all) if all.len() == 2), "{error:?}");
}

#[test]
fn a_server_without_tls_gets_no_plain_connection_where_tls_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let roots = rustls_native_certs::load_native_certs().certs;
    let Some(root) = roots.first() else { return };
    let text = data_encoding::BASE64.encode(root);
    let lines = text.as_bytes().chunks(64).map(|it| String::from_utf8_lossy(it).into_owned() + "\n");
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", lines.collect::<String>());
    std::fs::write(&file, pem).unwrap();
    let words = format!("?sslrootcert={}", file.display());
    assert_eq!(why(b"N", &words), Why::NoTls);
    assert!(matches!(why(b"S\x15\x03\x03\0\x02\x02\x28", &words), Why::Tls(_)));
}

#[test]
fn a_server_that_is_too_old_or_says_nothing_of_itself_is_refused() {
    let rows = |version: &str| {
        let mut row = 3u16.to_be_bytes().to_vec();
        for word in ["f", version, "off"] {
            row.extend(u32::try_from(word.len()).unwrap().to_be_bytes());
            row.extend(word.as_bytes());
        }
        let mut columns = 3u16.to_be_bytes().to_vec();
        for _ in 0..3 {
            columns.extend(b"c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\0\0\0\0\0\0");
        }
        [message(b'T', &columns), message(b'D', &row)].concat()
    };
    let why = |rows: Vec<u8>| {
        why_of("", move |mut stream| {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(&[message(b'R', &[0; 4]), message(b'Z', b"I")].concat());
            let _ = stream.read(&mut asked);
            let end = [message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat();
            let _ = stream.write_all(&[rows, end].concat());
            let _ = stream.read(&mut asked);
        })
    };
    assert_eq!(why(rows("130099")), Why::Old { found: 13 });
    assert!(matches!(why(rows("new")), Why::NotPostgres(_)));
    assert!(matches!(why(Vec::new()), Why::NotPostgres(_)));
}
