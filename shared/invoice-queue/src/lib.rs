//! invoice-queue.
