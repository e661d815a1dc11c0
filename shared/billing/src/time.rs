//! Instants, local time, and billing periods from an anchor.

mod cadence;
mod cadence_history;
mod error;
mod period;
mod text;
mod timestamp;
mod written;
mod zone;

pub use cadence::{BillingCadence, CadenceUnit};
pub use cadence_history::CadenceHistory;
pub use error::TimeError;
pub use period::BillingPeriod;
pub use timestamp::Timestamp;
pub use written::TimeText;
pub use zone::Zone;
