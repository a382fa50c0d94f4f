// A list that changes only where its records changed: hundreds of rows, several events a second.

export class KeyedList {
  /**
   * @param {HTMLElement} host
   * @param {{make: (key: string) => HTMLElement, update: (row: HTMLElement, record: object) => void}} rows
   */
  constructor(host, { make, update }) {
    this.host = host;
    this.make = make;
    this.update = update;
    this.rows = new Map();
  }

  /** Show these records in this order. @param {Array<[string, object]>} records */
  show(records) {
    const wanted = new Set(records.map(([key]) => key));
    for (const [key, { row }] of this.rows) {
      if (wanted.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
    let at = this.host.firstElementChild;
    for (const [key, record] of records) {
      const known = this.rows.get(key) ?? { row: this.make(key), record: null };
      this.rows.set(key, known);
      if (known.record !== record) {
        known.record = record;
        this.update(known.row, record);
      }
      if (known.row === at) at = at.nextElementSibling;
      else this.host.insertBefore(known.row, at);
    }
  }

  /** Write every row again, as after a change of language. */
  renew() {
    for (const { row, record } of this.rows.values()) if (record) this.update(row, record);
  }

  row(key) {
    return this.rows.get(key)?.row ?? null;
  }
}

/** Write a text only where it is another: a screen reader and the browser's layout have nothing to do else. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Records by what they have in common, in the order in which they come. */
export function groupBy(records, keyOf) {
  const groups = new Map();
  for (const record of records) {
    const key = keyOf(record);
    if (groups.has(key)) groups.get(key).push(record);
    else groups.set(key, [record]);
  }
  return groups;
}
