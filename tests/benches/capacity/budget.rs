//! The budgets of the design, held against what was counted.

use std::process::ExitCode;

/// One figure and its limits, in units.
struct Budget {
    what: String,
    counted: f64,
    design: f64,
    most: f64,
}

/// What was allowed, what was counted, and whether it fits.
#[derive(Default)]
pub struct Budgets(Vec<Budget>);

impl Budgets {
    /// Holds a figure against the design's budget.
    pub fn hold(&mut self, what: impl Into<String>, counted: f64, design: f64) {
        self.hold_missed(what, counted, design, design);
    }

    /// Holds a figure that misses the design's budget against what it was when this was found, so that it gets no worse.
    pub fn hold_missed(&mut self, what: impl Into<String>, counted: f64, design: f64, most: f64) {
        self.0.push(Budget { what: what.into(), counted, design, most });
    }

    /// Prints every budget, and fails where one is exceeded.
    pub fn report(self) -> ExitCode {
        println!("\n### Budgets\n\n| units of | counted | design | asserted | |\n|---|---|---|---|---|");
        let mut exceeded = false;
        for Budget { what, counted, design, most } in &self.0 {
            let verdict = match (counted <= most, counted <= design) {
                (false, _) => "EXCEEDED",
                (true, false) => "misses the design",
                (true, true) => "holds",
            };
            exceeded |= counted > most;
            println!("| {what} | {counted:.3} | {design:.3} | {most:.3} | {verdict} |");
        }
        if exceeded { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
