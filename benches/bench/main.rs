//! Tools for `benches/run.sh`, whose results are in `docs/speed.md`: registers of any size, and baselines.

mod bare;
mod crowd;
mod dice;
mod generate;
mod server;
mod waiting;

const USAGE: &str = "\
bench generate FOLDER PEOPLE ENTRIES...   Generate a register and save it at each length as ENTRIES.db
bench verify FILE                         Run verify_strict over every entry on all cores; print the seconds
bench tail FILE COUNT                     Run verify_strict over the newest entries; print the seconds
bench insert FILE FROM                    Insert the newest entry of FROM into FILE durably
bench crowd PROGRAM FILE MADE HOMES PEOPLE SECONDS
                                          Record notes concurrently; print seconds per entry, median and longest latency
bench crowd-bare ADDRESS PEOPLE SECONDS BLOB TEXT
                                          The same by clients that insert rows of so many bytes
bench server insert ADDRESS BLOB TEXT COUNT
                                          Insert rows of so many bytes into the table bare, each durably, on one
                                          connection; print the median seconds of one
bench server record REGISTER COUNT        Record notes in one session; print the median seconds of one
bench bytes FILE                          Print the size of all entries
bench export FILE FOLDER COUNT            Write body and signature of the first entries to files, for ssh-keygen
bench change                              Print a change as TOML whose window is open now";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["generate", folder, people, entries @ ..] if !entries.is_empty() => {
            let entries: Vec<u64> = entries.iter().map(|it| it.parse().unwrap()).collect();
            generate::generate(folder.as_ref(), people.parse().unwrap(), &entries);
        }
        ["verify", file] => bare::verify(file.as_ref(), i64::MAX),
        ["tail", file, count] => bare::verify(file.as_ref(), count.parse().unwrap()),
        ["insert", file, from] => bare::insert(file.as_ref(), from.as_ref()),
        ["crowd", program, file, made, homes, people, seconds] => {
            let (people, seconds) = (people.parse().unwrap(), seconds.parse().unwrap());
            crowd::crowd(program.as_ref(), file.as_ref(), made.as_ref(), homes, people, seconds);
        }
        ["crowd-bare", address, people, seconds, blob, text] => {
            crowd::bare(address, people.parse().unwrap(), seconds.parse().unwrap(), (blob, text));
        }
        ["server", "insert", address, blob, text, count] => {
            let [blob, text, count] = [blob, text, count].map(|it| it.parse().unwrap());
            server::insert(address, blob, text, count);
        }
        ["server", "record", register, count] => server::record_notes(register, count.parse().unwrap()),
        ["bytes", file] => bare::bytes(file.as_ref()),
        ["export", file, folder, count] => bare::export(file.as_ref(), folder.as_ref(), count.parse().unwrap()),
        ["change"] => generate::print_change(),
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2);
        }
    }
}
