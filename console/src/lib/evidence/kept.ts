// SPDX-License-Identifier: Apache-2.0
// The key and the newest head that held, which this browser keeps for the server that it looks at.
const name = 'fettle.evidence';

export interface Kept {
  key: string;
  head: string;
  keptMs: number;
}

// Null: nothing was kept yet. Throws when it is there and cannot be read: that must not pass for nothing.
export function readKept(store: Pick<Storage, 'getItem'>): Kept | null {
  const text = store.getItem(name);
  if (text === null) return null;
  try {
    const { key, head, keptMs } = JSON.parse(text) as Partial<Kept>;
    if (typeof key === 'string' && typeof head === 'string' && typeof keptMs === 'number')
      return { key, head, keptMs };
  } catch {
    // As below.
  }
  throw new Error('What this browser kept of the log is damaged.');
}

export function writeKept(store: Pick<Storage, 'setItem'>, kept: Kept): void {
  store.setItem(name, JSON.stringify(kept));
}

export function forgetKept(store: Pick<Storage, 'removeItem'>): void {
  store.removeItem(name);
}
