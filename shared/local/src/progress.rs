//! What the program says while it starts: a moving line on a terminal, plain lines elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// Says what is being done and what is done.
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts a group of steps.
    pub fn new() -> Self {
        let bar = std::io::stdout().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(std::time::Duration::from_millis(80));
            bar
        });
        Self { bar }
    }

    /// Says that a step is done.
    pub fn done(&self, step: &str) {
        match &self.bar {
            Some(bar) => {
                bar.println(format!("  ✓ {step}"));
                bar.set_message(step.to_owned());
            }
            None => println!("  {step}"),
        }
    }

    /// Ends the group.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
