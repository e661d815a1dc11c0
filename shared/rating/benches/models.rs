//! How long rating takes; `cargo bench -p rating --bench models` prints it. No test depends on a timing.

use criterion::{Criterion, criterion_group, criterion_main};

mod cases;

fn models(criterion: &mut Criterion) {
    for case in cases::all() {
        criterion.bench_function(&case.name, |bencher| bencher.iter(&case.run));
    }
}

criterion_group!(benches, models);
criterion_main!(benches);
