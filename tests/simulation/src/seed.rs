//! Numbers that follow from a seed.

/// A generator of numbers (SplitMix64): small, and the same on every machine for ever, so that a seed replays.
#[derive(Clone, Debug)]
pub struct Seed(u64);

impl Seed {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Seed {
        Seed(seed)
    }

    /// Another generator, for a part of the history that is to be decided by itself.
    pub fn fork(&mut self) -> Seed {
        Seed(self.number())
    }

    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 where there is none.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.number() % bound).unwrap_or_default()
    }

    /// Whether something happens that happens so many times in a thousand.
    pub fn chance(&mut self, per_mille: usize) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of several.
    pub fn one_of<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        &several[self.below(several.len())]
    }
}
