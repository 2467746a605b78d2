// SPDX-License-Identifier: Apache-2.0
// Merkle trees as RFC 6962 (and 9162) hash them, with WebCrypto's SHA-256. Hashes are 32 bytes; sizes and numbers are
// exact up to 2^53.
import { toHex } from '../tree';

export type Hash = Uint8Array;

// What the server says does not hold, and why. Any other error says that it could not be checked.
export class Refuted extends Error {
  override name = 'Refuted';
}

export interface TreeHead {
  size: number;
  root: Hash;
}

export const same = (a: Hash, b: Hash): boolean => toHex(a) === toHex(b);

export async function sha256(bytes: Uint8Array): Promise<Hash> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

function tagged(tag: number, ...parts: readonly Uint8Array[]): Promise<Hash> {
  const out = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0));
  out[0] = tag;
  let at = 1;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return sha256(out);
}

export const leafHash = (leaf: Uint8Array): Promise<Hash> => tagged(0, leaf);
export const nodeHash = (left: Hash, right: Hash): Promise<Hash> => tagged(1, left, right);
export const emptyRoot = (): Promise<Hash> => sha256(new Uint8Array());

const half = (value: number) => Math.floor(value / 2);
const odd = (value: number) => value % 2 === 1;

// Walks up a proof: `join` gets each hash and the side on which it stands. False: the proof is not of this length.
async function walk(
  path: number,
  last: number,
  proof: readonly Hash[],
  join: (sibling: Hash, left: boolean) => Promise<void>,
): Promise<boolean> {
  for (const sibling of proof) {
    if (last === 0) return false;
    if (odd(path) || path === last) {
      await join(sibling, true);
      // The last leaf of a level has no sibling there.
      while (!odd(path) && path !== 0) {
        path = half(path);
        last = half(last);
      }
    } else {
      await join(sibling, false);
    }
    path = half(path);
    last = half(last);
  }
  return last === 0;
}

// Whether `proof` shows that the log of `older` is the beginning of the one of `newer`.
export async function isBeginning(
  older: TreeHead,
  newer: TreeHead,
  proof: readonly Hash[],
): Promise<boolean> {
  if (older.size > newer.size) return false;
  if (older.size === 0) return proof.length === 0 && same(older.root, await emptyRoot());
  if (older.size === newer.size) return proof.length === 0 && same(older.root, newer.root);
  let path = older.size - 1;
  let last = newer.size - 1;
  while (odd(path)) {
    path = half(path);
    last = half(last);
  }
  // A complete older tree is itself the first hash, and is left out of the proof.
  const [first, ...rest] = path === 0 ? [older.root, ...proof] : proof;
  if (!first || proof.length === 0) return false;
  let before = first;
  let after = first;
  const whole = await walk(path, last, rest, async (sibling, left) => {
    if (left) before = await nodeHash(sibling, before);
    after = await (left ? nodeHash(sibling, after) : nodeHash(after, sibling));
  });
  return whole && same(before, older.root) && same(after, newer.root);
}

// Builds a root from complete subtrees that follow each other.
export class RootBuilder {
  size = 0;
  private peaks: { level: number; hash: Hash }[] = []; // Levels fall from left to right.

  // The 2^level leaves from `first` on.
  async add(level: number, first: number, hash: Hash): Promise<void> {
    const width = 2 ** level;
    if (!(level >= 0 && level <= 52) || first !== this.size || first % width !== 0)
      throw new Refuted(`The hashes of leaves do not follow each other at leaf ${this.size}.`);
    this.size += width;
    let top = this.peaks[this.peaks.length - 1];
    while (top && top.level === level) {
      this.peaks.pop();
      hash = await nodeHash(top.hash, hash);
      level += 1;
      top = this.peaks[this.peaks.length - 1];
    }
    this.peaks.push({ level, hash });
  }

  async addLeaf(leaf: Uint8Array): Promise<void> {
    return this.add(0, this.size, await leafHash(leaf));
  }

  async root(): Promise<Hash> {
    let root: Hash | undefined;
    for (const { hash } of [...this.peaks].reverse()) root = root ? await nodeHash(hash, root) : hash;
    return root ?? emptyRoot();
  }
}
