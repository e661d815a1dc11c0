//! What a function's environment says.

use std::fmt;

/// A variable that a function cannot start without.
#[derive(PartialEq, Eq)]
pub struct Unset(&'static str);

impl fmt::Display for Unset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable {} is not set", self.0)
    }
}

/// What a `main` that fails shows.
impl fmt::Debug for Unset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Unset {}

/// Reads a variable of the environment.
///
/// # Errors
/// `Unset`, naming it, also where it is empty.
pub fn variable(name: &'static str) -> Result<String, Unset> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or(Unset(name))
}

/// Returns the function's name as Lambda says it; `local` elsewhere.
pub fn function_name() -> String {
    variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "local".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_missing_is_named() {
        let refused = variable("COUNTINGHOUSE_UNSET").unwrap_err();

        assert_eq!(format!("{refused:?}"), "the environment variable COUNTINGHOUSE_UNSET is not set");
    }
}
