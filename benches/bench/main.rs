//! What the measurements in `docs/speed.md` need beside the program: registers of any size, and baselines to compare
//! with. Not part of the program.

mod bare;
mod crowd;
mod generate;

const USAGE: &str = "\
bench generate FOLDER PEOPLE ENTRIES...   a register of so many people, kept at each of these lengths as ENTRIES.db
bench verify FILE                         verify_strict of every entry, on all cores, and nothing else: its seconds
bench tail FILE COUNT                     the same for the newest entries
bench fold FILE                           folds the entries into a state, and nothing else: how much memory that takes
bench insert FILE FROM                    inserts the newest entry of FROM into FILE, durably, and nothing else
bench crowd PROGRAM FILE MADE HOMES PEOPLE SECONDS
                                          people record at once: seconds for each entry, median and longest wait for one
bench bytes FILE                          the bytes of the entries themselves
bench export FILE FOLDER COUNT            body and signature of the first entries as files, for ssh-keygen
bench change                              a change as TOML whose window is open now";

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
        ["fold", file] => bare::fold(file.as_ref()),
        ["insert", file, from] => bare::insert(file.as_ref(), from.as_ref()),
        ["crowd", program, file, made, homes, people, seconds] => {
            let (people, seconds) = (people.parse().unwrap(), seconds.parse().unwrap());
            crowd::crowd(program.as_ref(), file.as_ref(), made.as_ref(), homes, people, seconds);
        }
        ["bytes", file] => bare::bytes(file.as_ref()),
        ["export", file, folder, count] => bare::export(file.as_ref(), folder.as_ref(), count.parse().unwrap()),
        ["change"] => generate::print_change(),
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2);
        }
    }
}
