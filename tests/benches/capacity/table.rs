//! Tables in Markdown, as they stand in the README.

/// Prints a heading, a header and its rows.
pub fn print(heading: &str, header: &[&str], rows: &[Vec<String>]) {
    println!("\n{heading}\n");
    println!("| {} |", header.join(" | "));
    println!("|{}", "---|".repeat(header.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}

/// A figure with as many digits as tell it apart.
pub fn figure(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value < 0.1 {
        format!("{value:.3}")
    } else {
        format!("{value:.2}")
    }
}
