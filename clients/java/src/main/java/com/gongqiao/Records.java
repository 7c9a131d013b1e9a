package com.gongqiao;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;

/**
 * All records of a list, page by page. A page with a filter may be empty although another one follows, so only the next cursor ends the
 * iteration.
 */
public final class Records<T> implements Iterable<T> {
  /** Gets the page at a cursor; the cursor of the first page is null. */
  public interface Fetch<P> {
    P page(String cursor) throws Exception;
  }

  private final Fetch<Page<T>> fetch;

  private record Page<T>(List<T> list, String nextCursor) {}

  private Records(Fetch<Page<T>> fetch) {
    this.fetch = fetch;
  }

  /** The records of the pages that {@code fetch} returns. */
  public static <P, T> Records<T> of(Fetch<P> fetch, Function<P, List<T>> list, Function<P, String> nextCursor) {
    return new Records<>(cursor -> {
      P page = fetch.page(cursor);
      return new Page<>(list.apply(page), nextCursor.apply(page));
    });
  }

  @Override
  public Iterator<T> iterator() {
    return new Iterator<>() {
      private Page<T> page = load(null);
      private int position;

      @Override
      public boolean hasNext() {
        while (position == page.list().size() && page.nextCursor() != null) {
          page = load(page.nextCursor());
          position = 0;
        }
        return position < page.list().size();
      }

      @Override
      public T next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return page.list().get(position++);
      }
    };
  }

  private Page<T> load(String cursor) {
    try {
      return fetch.page(cursor);
    } catch (RuntimeException failure) {
      throw failure;
    } catch (Exception failure) {
      throw new IllegalStateException("the page is not available", failure);
    }
  }
}
