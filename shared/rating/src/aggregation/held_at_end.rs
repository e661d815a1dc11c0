//! What lasts beyond a period: all that was held in it since it was last let go.

use super::measurement::Measurement;
use super::window::Window;
use crate::number::Number;

/// What `Window::held_at_end` returns, taken one record at a time; their order changes nothing.
///
/// # Examples
/// ```
/// use rating::{HeldAtEnd, Measurement, Window};
///
/// let mut held = HeldAtEnd::new(&Window::new(0, 10, 5.into()));
/// held.add(Measurement::new(3, None, "-2".parse()?));
/// assert_eq!(held.quantity.to_text(), "3");
/// # Ok::<(), rating::NumberError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HeldAtEnd {
    let_go_ms: Option<i64>,
    /// What is held by now.
    pub quantity: Number,
}

impl HeldAtEnd {
    /// Returns what is held where nothing changes.
    pub fn new(window: &Window) -> HeldAtEnd {
        let let_go_ms = window.let_go_ms.iter().max().copied();
        let quantity = if let_go_ms.is_some() { Number::ZERO } else { window.carried_over.clone() };
        HeldAtEnd { let_go_ms, quantity }
    }

    /// Adds a change; nothing is left of one before all is let go.
    pub fn add(&mut self, record: Measurement) {
        if self.let_go_ms.is_none_or(|let_go_ms| let_go_ms <= record.date_ms) {
            self.quantity = self.quantity.add(&record.quantity.into());
        }
    }
}

impl Window {
    /// Returns what is held when the period ends, which the next one begins with.
    ///
    /// # Examples
    /// ```
    /// use rating::{Measurement, Window};
    ///
    /// let window = Window::new(0, 10, 5.into());
    /// let change = Measurement::new(3, None, "-2".parse()?);
    /// assert_eq!(window.held_at_end([change].into_iter()).to_text(), "3");
    ///
    /// let let_go = Window { let_go_ms: vec![3], ..window };
    /// assert_eq!(let_go.held_at_end([change].into_iter()).to_text(), "-2");
    /// # Ok::<(), rating::NumberError>(())
    /// ```
    pub fn held_at_end<'a>(&self, records: impl Iterator<Item = Measurement<'a>>) -> Number {
        let mut held = HeldAtEnd::new(self);
        records.for_each(|record| held.add(record));
        held.quantity
    }
}
