//! Runs histories, or replays one.
fn main() {
    let first: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(0);
    let n: u64 = std::env::args().nth(2).and_then(|a| a.parse().ok()).unwrap_or(1);
    let begun = std::time::Instant::now();
    let mut counts = simulation::history::Counts::default();
    let mut bad = 0;
    for seed in first..first + n {
        let mut plan = simulation::history::Plan::of(seed);
        plan.traced = n == 1;
        match simulation::history::live(plan) {
            Ok(outcome) => {
                for line in &outcome.trace {
                    println!("{line}");
                }
                if !outcome.wrong.is_empty() {
                    bad += 1;
                    if bad < 6 {
                        println!("seed {seed}: {}", outcome.wrong[0]);
                    }
                }
                counts.add(&outcome.counts);
            }
            Err(e) => println!("seed {seed}: error {e}"),
        }
    }
    println!("{counts:#?} bad {bad} in {:?}", begun.elapsed());
}
