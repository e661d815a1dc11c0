//! Capacity units, and what they cost.

use local::engine::CapacityMeter;

use crate::harness::World;

/// Where the prices are from, and when they were looked up.
pub const PRICES: &str =
    "0.625 USD a million write units and 0.125 a million read units (on demand, us-east-1, 2026-11)";

/// Dollars per million units.
const WRITE_PRICE: f64 = 0.625;
const READ_PRICE: f64 = 0.125;

/// What a number of records consumed.
#[derive(Clone, Debug)]
pub struct Cost {
    pub records: u32,
    pub meter: CapacityMeter,
}

impl Cost {
    /// What a piece of work consumes of the world's table.
    pub async fn of<F: Future>(world: &World, records: usize, work: F) -> Cost {
        world.system.engine().reset_capacity();
        work.await;
        Cost { records: u32::try_from(records).unwrap(), meter: world.system.engine().capacity() }
    }

    /// Write units per record.
    pub fn writes(&self) -> f64 {
        self.meter.write_units() / f64::from(self.records)
    }

    /// Read units per record.
    pub fn reads(&self) -> f64 {
        self.meter.read_units() / f64::from(self.records)
    }

    /// Calls per record.
    pub fn calls(&self) -> f64 {
        f64::from(u32::try_from(self.meter.calls()).unwrap()) / f64::from(self.records)
    }

    /// Dollars per million records.
    pub fn dollars(&self) -> f64 {
        self.writes() * WRITE_PRICE + self.reads() * READ_PRICE
    }
}
