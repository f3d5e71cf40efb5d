//! The URLs of registers on PostgreSQL.

use std::path::PathBuf;
use std::time::Duration;

use twinseal::store::postgres::address::{Address, AddressError, Host};

fn address(text: &str) -> Address {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> AddressError {
    text.parse::<Address>().expect_err(text)
}

#[test]
fn an_address_says_where_a_register_is() {
    let full = address("postgresql://al%40ice@DB1.example:6432,[2001:db8::1]/change%20log?register=prod");
    assert_eq!(full.places(), [(Host::Name("db1.example".into()), 6432), (Host::Name("2001:db8::1".into()), 5432)]);
    assert_eq!((full.user(), full.database(), full.register()), (Some("al@ice"), Some("change log"), Some("prod")));
    let socket = vec![(Host::Socket(PathBuf::from("/var/run/postgresql")), 5432)];
    for text in ["postgres:///db", "postgres://%2Fvar%2Frun%2Fpostgresql/db", "postgres:///db?host=/var/run/postgresql"]
    {
        assert_eq!(address(text).places(), socket, "{text}");
    }
    assert_eq!(address("postgres:///db?port=7000").places()[0].1, 7000);
    assert_eq!(address("postgres:///?host=a,b&port=7&dbname=d&user=u").places()[1], (Host::Name("b".into()), 7));
    assert_eq!(address("postgres://h/db").connect_timeout(), Duration::from_secs(10));
    assert_eq!(address("postgres://h/db?connect_timeout=3").connect_timeout(), Duration::from_secs(3));
}

#[test]
fn only_words_with_the_scheme_are_an_address() {
    for text in ["postgres://h/db", "postgresql:///db", "Postgres://h/db", "postgres:/h/db"] {
        assert!(Address::is(text), "{text}");
    }
    for text in ["prod.db", "postgres", "/srv/postgres://x", "./postgres:x", "mysql://h/db", ""] {
        assert!(!Address::is(text), "{text}");
    }
    assert_eq!(refused("postgres:/h/db"), AddressError::Scheme);
}

#[test]
fn no_password_is_taken_or_repeated() {
    let secret = "hunter";
    for text in [
        "postgres://alice:hunter@h/db",
        "postgres://alice:@h/db",
        "postgres://alice:hun:ter@h/db",
        "postgres://alice:hunter@hunter@h/db",
        "postgres://alice:hun/hunter@h/db",
        "postgres://alice:hun?hunter=1@h/db",
        "postgres://alice:hunter/db",
        "postgres://alice%3Ahunter/db",
        "postgres://h/db?password=hunter",
        "postgres://h/db?pass%77ord=hunter",
        "postgres://h/db?sslpassword=hunter",
        "postgres://h/db?Hunter=1",
        "postgres://h/db?hunter%0A=1",
        "postgres://h/db?hunter",
        "postgres://h/db?sslmode=hunter",
        "postgres://h/db?connect_timeout=hunter",
    ] {
        let said = refused(text).to_string().to_lowercase();
        assert!(!said.contains(secret), "{text}: {said}");
    }
    assert_eq!(refused("postgres://alice:hunter@h/db"), AddressError::Password);
    assert_eq!(refused("postgres://h/db?password=x"), AddressError::Password);
}

#[test]
fn weaker_tls_another_name_and_unknown_keys_are_refused() {
    for mode in ["disable", "allow", "prefer", "require", "verify-ca", ""] {
        assert_eq!(refused(&format!("postgres://h/db?sslmode={mode}")), AddressError::SslMode);
    }
    assert!("postgres://h/db?sslmode=verify-full".parse::<Address>().is_ok());
    assert_eq!(refused("postgres://h/db?application_name=psql"), AddressError::ApplicationName);
    let said = refused("postgres://h/db?options=-c").to_string();
    assert!(said.contains("options") && said.contains("sslrootcert"), "{said}");
}

#[test]
fn malformed_and_hostile_addresses_are_refused() {
    for (text, error) in [
        ("postgres://h/d\u{7}b", AddressError::Forbidden),
        ("postgres://h/d\u{202e}b", AddressError::Forbidden),
        ("postgres://h/d%00b", AddressError::Forbidden),
        ("postgres://h/d%1bb", AddressError::Forbidden),
        ("postgres://h/db%E2%80%AE", AddressError::Forbidden),
        ("postgres://h/db%", AddressError::Encoding),
        ("postgres://h/db%4", AddressError::Encoding),
        ("postgres://h/db%zz", AddressError::Encoding),
        ("postgres://h/db%ff", AddressError::Encoding),
        ("postgres://h h/db", AddressError::Host),
        ("postgres://h,,i/db", AddressError::Host),
        ("postgres://2001:db8::1/db", AddressError::Host),
        ("postgres://[::zz]/db", AddressError::Host),
        ("postgres://-h/db", AddressError::Host),
        ("postgres://h:0/db", AddressError::Port),
        ("postgres://h:65536/db", AddressError::Port),
        ("postgres://h:+5/db", AddressError::Port),
        ("postgres://h:/db", AddressError::Port),
        ("postgres://a,b,c/db?port=1,2", AddressError::Ports),
        ("postgres:///db?port=1,2", AddressError::Ports),
        ("postgres://h", AddressError::NoDatabase),
        ("postgres://h/", AddressError::NoDatabase),
        ("postgres://h/db?register", AddressError::NoKey),
        ("postgres://h/db?register=", AddressError::Register),
        ("postgres://h/db?register=a/b", AddressError::Register),
        ("postgres://h/db?sslcert=c.pem", AddressError::HalfCertificate),
        ("postgres://h/db?sslrootcert=", AddressError::File { key: "sslrootcert" }),
        ("postgres://h/db?connect_timeout=0", AddressError::Timeout),
        ("postgres://h/db?user=a&user=b", AddressError::Twice { key: "user" }),
        ("postgres://u@h/db?user=a", AddressError::Twice { key: "user" }),
        ("postgres://h/db?host=i", AddressError::Twice { key: "host" }),
        ("postgres://h:1/db?port=2", AddressError::Twice { key: "port" }),
        ("postgres://h/db?dbname=a", AddressError::Twice { key: "dbname" }),
        ("postgres://@h/db", AddressError::Name { key: "user" }),
    ] {
        assert_eq!(refused(text), error, "{text:?}");
    }
    assert_eq!(refused(&format!("postgres://h/{}", "d".repeat(64))), AddressError::Name { key: "dbname" });
    assert_eq!(refused(&format!("postgres://h/{}", "d".repeat(10_000))), AddressError::Long);
}

#[test]
fn an_address_is_shown_so_that_reading_it_gives_the_same_one() {
    for (text, shown) in [
        ("postgresql://H/db", "postgres://h/db"),
        ("postgres:///db?host=/run/p&user=al/ice", "postgres://al%2Fice@%2Frun%2Fp/db"),
        ("postgres://a:1,[::1]/d?sslmode=verify-full", "postgres://a:1,[::1]:5432/d"),
        ("postgres://a,b/d?port=7", "postgres://a:7,b:7/d"),
        ("postgres:///d?port=7", "postgres:///d?port=7"),
        ("postgres:///?service=prod", "postgres:///?service=prod"),
        ("postgres://h/%E5%8F%B0%E8%B4%A6", "postgres://h/台账"),
        (
            "postgres://h/d?connect_timeout=5&sslkey=k&sslcert=c&sslrootcert=r%26x&register=prod",
            "postgres://h/d?register=prod&sslrootcert=r%26x&sslcert=c&sslkey=k&connect_timeout=5",
        ),
    ] {
        assert_eq!(address(text).to_string(), shown, "{text}");
        assert_eq!(address(shown), address(text), "{text}");
    }
}

#[test]
fn another_database_or_register_is_not_the_same_whoever_connects() {
    let ours = address("postgres://alice@a,b/db?register=prod");
    for same in ["postgres://bob@b:5432,a/db?register=prod", "postgres://a,b/db?register=prod&sslrootcert=x"] {
        assert!(ours.same_register(&address(same)), "{same}");
    }
    for other in [
        "postgres://a,b/db",
        "postgres://a,b/db?register=test",
        "postgres://a,b/other?register=prod",
        "postgres://a/db?register=prod",
        "postgres://a:1,b/db?register=prod",
        "postgres:///db?register=prod",
    ] {
        assert!(!ours.same_register(&address(other)), "{other}");
    }
}

#[test]
fn an_address_leads_to_the_registers_of_its_database_that_it_may_mean_and_to_no_other() {
    let id = format!("prod%23{}", "1".repeat(32));
    let ours = address(&format!("postgres://alice@a,b/db?register={id}"));
    let leads = |words: &str| address(&format!("postgres://bob@{words}")).leads_to(&ours);
    for words in ["a,b/db", "b,a/db?register=prod", &format!("a,b/db?register={id}")] {
        assert!(leads(words), "{words}");
    }
    let twin = format!("a,b/db?register=prod%23{}", "2".repeat(32));
    for words in ["a/db", "a,b/other", "a,b/db?register=lab", &twin, "a,b/other?register=prod"] {
        assert!(!leads(words), "{words}");
    }
}

#[test]
fn words_of_the_address_win_over_those_of_its_service() {
    let mut service = Address::default();
    for (key, value) in [("host", "h1,h2"), ("port", "6432"), ("user", "shared"), ("dbname", "log")] {
        service.set(key, value).unwrap();
    }
    let whole = address("postgres://alice@/?service=prod").complete(service.clone()).unwrap();
    assert_eq!(whole.to_string(), "postgres://alice@h1:6432,h2:6432/log");
    let whole = address("postgres://h3:1/x?service=prod").complete(service).unwrap();
    assert_eq!(whole.to_string(), "postgres://shared@h3:1/x");
    let empty = address("postgres:///?service=prod").complete(Address::default());
    assert_eq!(empty, Err(AddressError::NoDatabase));
}

proptest::proptest! {
    #[test]
    fn whatever_is_read_is_shown_so_that_it_reads_the_same(
        text in r"postgres(ql)?://[a-c:@,\[\]%2F1.]{0,20}/?[a-c%é]{0,6}\??((host|port|user|service|register|dbname)=[a-c1-9,/:%]{0,8}&?){0,4}"
    ) {
        if let Ok(address) = text.parse::<Address>() {
            let shown = address.to_string();
            proptest::prop_assert_eq!(shown.parse::<Address>(), Ok(address), "{}", shown);
        }
    }

    #[test]
    fn nothing_panics_on_hostile_text(text in r"(postgres://)?\PC{0,80}") {
        drop(text.parse::<Address>());
    }
}
