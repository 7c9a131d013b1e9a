/** A response of the partner API that holds a page. */
export interface Page<Item> {
  data: { data: { list: Item[]; next_cursor?: string | null } };
}

/**
 * All records of a list of the partner API, page by page. `fetchPage` returns the page at a cursor.
 *
 * A page with a filter may be empty although another one follows, so only `next_cursor` ends the iteration.
 */
export async function* records<Item>(fetchPage: (cursor: string | undefined) => Promise<Page<Item>>): AsyncGenerator<Item, void> {
  let cursor: string | null | undefined;
  do {
    const page = (await fetchPage(cursor ?? undefined)).data.data;
    yield* page.list;
    cursor = page.next_cursor;
  } while (cursor);
}
