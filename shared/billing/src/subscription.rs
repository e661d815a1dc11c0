//! A customer's standing agreement: its histories, and the rules of changing them.

mod agreement;
pub mod held;
pub mod items;
pub mod lifecycle;
pub mod period_end;
pub mod proration;

pub use agreement::{Boundary, CurrentPeriod, NotBillable, Span, Status, StatusChange, Subscription, SubscriptionItem};
