// SPDX-License-Identifier: Apache-2.0
// Leaves of the evidence log, and what follows from those of hosts: docs/evidence.md.
import type { LeafRecord } from '../../api/types';
import { fromBase64, toHex } from '../tree';
import { Refuted } from './merkle';
import { verifyEd25519 } from './note';

export interface Leaf {
  kind: string;
  timeUs: number;
  host: string;
  who: string;
  act: string;
  detail: string;
  data: Record<string, string>;
  // Of a batch of reports.
  epoch: string;
  after: number;
  last: number;
  digest: Uint8Array;
  key: Uint8Array;
  signature: Uint8Array;
}

// One line of JSON; what is missing reads as empty, as the bytes alone count.
export function decodeLeaf(bytes: Uint8Array, number: number): Leaf {
  let json: Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no object');
    json = value as Record<string, unknown>;
  } catch {
    throw new Refuted(`Leaf ${number} is no leaf of an evidence log.`);
  }
  const text = (name: string) => (typeof json[name] === 'string' ? json[name] : '');
  const count = (name: string) => (Number.isSafeInteger(json[name]) ? (json[name] as number) : 0);
  const raw = (name: string) => {
    try {
      return fromBase64(text(name));
    } catch {
      throw new Refuted(`Leaf ${number} is damaged: ${name}.`);
    }
  };
  const data = typeof json.data === 'object' && json.data !== null ? Object.entries(json.data) : [];
  return {
    kind: text('kind'),
    timeUs: count('time_us'),
    host: text('host'),
    who: text('who'),
    act: text('act'),
    detail: text('detail'),
    data: Object.fromEntries(data.map(([name, value]) => [name, String(value)])),
    epoch: text('epoch'),
    after: count('after'),
    last: count('last'),
    digest: raw('digest'),
    key: raw('key'),
    signature: raw('signature'),
  };
}

// How the server lists a leaf.
export function recordOf(leaf: Leaf, number: number): Required<LeafRecord> {
  const reports = leaf.kind === 'reports';
  return {
    number,
    timeUs: leaf.timeUs,
    host: leaf.host,
    who: reports ? `host/${leaf.host}` : leaf.who,
    act: reports ? 'reports' : leaf.act,
    detail: reports ? `${leaf.after + 1} to ${leaf.last}, sha256 ${toHex(leaf.digest)}` : leaf.detail,
    data: leaf.data,
  };
}

// Whether the server lists a leaf as it is.
export function listsAs(listed: LeafRecord, proven: Required<LeafRecord>): boolean {
  const data = (record: LeafRecord) => JSON.stringify(Object.entries(record.data ?? {}).sort());
  return (
    Number(listed.number ?? 0) === Number(proven.number) &&
    Number(listed.timeUs ?? 0) === Number(proven.timeUs) &&
    (listed.who ?? '') === proven.who &&
    (listed.act ?? '') === proven.act &&
    (listed.detail ?? '') === proven.detail &&
    (listed.host ?? '') === proven.host &&
    data(listed) === data(proven)
  );
}

const hex = (bytes: Uint8Array | undefined) => (bytes ? toHex(bytes) : '');

// That the reports of hosts are signed with the keys that the log has for them, and that none between two others is
// missing. Takes leaves in their order.
export class HostChains {
  private readonly keys = new Map<string, Uint8Array>();
  private readonly covered = new Map<string, number>();

  learn(leaf: Leaf): void {
    if (leaf.act !== 'report key') return;
    let key = new Uint8Array();
    try {
      key = fromBase64(leaf.data.key ?? '');
    } catch {
      // Not of 32 bytes then.
    }
    if (leaf.host === '' || key.length !== 32)
      throw new Refuted(`The key of host ${leaf.host} in the log is damaged.`);
    this.keys.set(leaf.host, key);
  }

  // Whether it is signed, and the signature good; undefined where the browser cannot tell.
  async add(leaf: Leaf): Promise<boolean | undefined> {
    const which = `reports ${leaf.after + 1} to ${leaf.last} of host ${leaf.host}`;
    const key = this.keys.get(leaf.host);
    if (leaf.key.length === 0 && key)
      throw new Refuted(`The ${which} are not signed, and it signs its reports: they are not its own.`);
    if (hex(key) !== hex(leaf.key)) throw new Refuted(`The ${which} are signed with a key that is not its.`);
    const text =
      `fettle reports v1\0host ${leaf.host}\nepoch ${leaf.epoch}\nafter ${leaf.after}\nlast ${leaf.last}\n` +
      `digest ${toHex(leaf.digest)}\n`;
    const good = key ? await verifyEd25519(key, new TextEncoder().encode(text), leaf.signature) : false;
    if (key && good === false) throw new Refuted(`The signature under the ${which} does not fit.`);
    const chain = JSON.stringify([leaf.host, leaf.epoch]);
    const before = this.covered.get(chain);
    if (before !== undefined && leaf.after > before)
      throw new Refuted(`The reports ${before + 1} to ${leaf.after} of host ${leaf.host} are missing.`);
    this.covered.set(chain, Math.max(before ?? 0, leaf.last));
    return good;
  }
}
