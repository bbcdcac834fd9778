//! A global allocator that counts while it is asked to.

#![expect(unsafe_code, reason = "a global allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);

/// What was allocated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocated {
    /// How often memory was allocated or resized.
    pub count: u64,
    /// How many bytes more are allocated at the end than at the beginning.
    pub bytes: i64,
}

/// Counts what all threads allocate meanwhile.
pub fn count<T>(run: impl FnOnce() -> T) -> (T, Allocated) {
    ALLOCATIONS.store(0, Ordering::Relaxed);
    BYTES.store(0, Ordering::Relaxed);
    IS_COUNTING.store(true, Ordering::Relaxed);
    let result = run();
    IS_COUNTING.store(false, Ordering::Relaxed);
    let count = ALLOCATIONS.load(Ordering::Relaxed);
    (result, Allocated { count, bytes: BYTES.load(Ordering::Relaxed) })
}

struct Counting;

fn note(allocations: u64, bytes: i64) {
    if IS_COUNTING.load(Ordering::Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Ordering::Relaxed);
        BYTES.fetch_add(bytes, Ordering::Relaxed);
    }
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: what the caller guarantees.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: what the caller guarantees.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size as i64 - layout.size() as i64);
        // SAFETY: what the caller guarantees.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note(0, -(layout.size() as i64));
        // SAFETY: what the caller guarantees.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn memory_is_counted_while_it_is_asked_for() {
        let (kept, allocated) = count(|| {
            drop(black_box(vec![0_u8; 2_000_000]));
            black_box(vec![0_u8; 1_000_000])
        });
        // Other threads may allocate and free a little meanwhile.
        assert!(allocated.count >= 2);
        assert!((900_000..1_900_000).contains(&allocated.bytes), "{}", allocated.bytes);
        drop(kept);
    }
}
