//! The model test.

mod model {
    pub mod draw;
    pub mod facts;
    pub mod governing;
    pub mod history;
    #[expect(clippy::module_inception, reason = "it is the model")]
    pub mod model;
    pub mod motions;
    pub mod paper;
    pub mod real;
    pub mod rules;
    pub mod safety;
}

use model::history::{Coverage, run};

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |it| it.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn random_histories_go_as_the_rules_say() {
    let (histories, first) = (number("TWINSEAL_HISTORIES", 1_000), number("TWINSEAL_SEED", 1));
    let mut coverage = Coverage::default();
    for n in 0..histories {
        let on_paper = n % 50 == 0;
        run(first + n, on_paper, &mut coverage);
    }
    println!("{coverage}");
    if histories >= 10_000 {
        coverage.is_enough();
    }
}
