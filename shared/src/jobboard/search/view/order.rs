//! One page of many items in order, without sorting all of them.

/// The items of the ranks from `skip`, at most `take` of them, in order.
pub(super) fn ranks<T: Ord>(items: &mut [T], skip: usize, take: usize) -> &[T] {
    let end = skip.saturating_add(take).min(items.len());
    if skip >= end {
        return &[];
    }
    if end < items.len() {
        items.select_nth_unstable(end);
    }
    let items = &mut items[..end];
    if skip > 0 {
        items.select_nth_unstable(skip);
    }
    let page = &mut items[skip..];
    page.sort_unstable();
    page
}
