// SPDX-License-Identifier: Apache-2.0
// Checks a piece of the evidence log, as Evidence/Export sends it, against its signed head: that its leaves are in the
// log at their numbers, and that none of its range is missing. The bundle's own last signature is for files that are
// handed on; everything that is used here is bound to the head by itself.
import type { LeafRecord } from '../../api/types';
import { fromBase64 } from '../tree';
import { decodeLeaf, HostChains, listsAs, recordOf, type Leaf } from './leaf';
import { Refuted, RootBuilder, same, sha256 } from './merkle';
import { openCheckpoint, parseKey, type Checkpoint } from './note';

export interface Verified {
  key: string;
  head: string;
  checkpoint: Checkpoint;
  leaves: number; // Of the range, each looked into.
  signedReports: number;
  unsignedReports: number; // Of hosts that do not sign, or not checked for want of Ed25519.
  withoutContent: number;
  compared: number; // Leaves that were listed, and are as they were listed.
}

export interface Expected {
  key: string; // The key of the log; '': the one that the bundle brings.
  listed: readonly LeafRecord[]; // Leaves that are in the range, as the server listed them.
  onProgress?: (leaves: number) => void;
}

type Json = Record<string, unknown>;

function parseLine(line: string, at: number): Json {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Json;
  } catch {
    // As below.
  }
  throw new Refuted(`Line ${at} of the answer is damaged.`);
}

const text = (json: Json, name: string) => (typeof json[name] === 'string' ? json[name] : '');
const count = (json: Json, name: string) => {
  const value = json[name];
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new Refuted(`The answer has no good "${name}".`);
  return value as number;
};
const bytes = (json: Json, name: string) => {
  try {
    return fromBase64(text(json, name));
  } catch {
    throw new Refuted(`The answer has no good "${name}".`);
  }
};

class Checker {
  private readonly builder = new RootBuilder();
  private readonly chains = new HostChains();
  private readonly listed: Map<number, LeafRecord>;
  private readonly first: number;
  private readonly end: number;
  private readonly since: number;
  private readonly until: number;
  private newest = -Infinity;
  private before: number | undefined; // The time of the leaf before the range, if it is shown.
  private after = -Infinity; // Of the one behind it.

  constructor(
    private readonly result: Verified,
    range: Json,
    private readonly expected: Expected,
  ) {
    this.first = count(range, 'first');
    this.end = count(range, 'end');
    this.since = typeof range.since_us === 'number' ? range.since_us : -Infinity;
    this.until = typeof range.until_us === 'number' ? range.until_us : Infinity;
    this.listed = new Map(expected.listed.map(one => [Number(one.number ?? 0), one]));
    const { size } = result.checkpoint;
    if (this.first > this.end || this.end > size || text(range, 'host') !== '')
      throw new Refuted(`The answer's range is not in a log of ${size} leaves.`);
  }

  async take(json: Json): Promise<void> {
    if ('leaf' in json) return this.takeLeaf(json);
    const first = count(json, 'first');
    const level = count(json, 'level');
    const hash = bytes(json, 'hash');
    const end = first + 2 ** level;
    if (Math.max(first, this.first) < Math.min(end, this.end))
      throw new Refuted(`Leaves from ${Math.max(first, this.first)} on are left out of the range.`);
    if (hash.length !== 32) throw new Refuted(`The hash of the leaves from ${first} on is damaged.`);
    return this.builder.add(level, first, hash);
  }

  private async takeLeaf(json: Json): Promise<void> {
    const number = count(json, 'number');
    if (number !== this.builder.size)
      throw new Refuted(`Leaf ${number} stands where leaf ${this.builder.size} belongs.`);
    const raw = bytes(json, 'leaf');
    await this.builder.addLeaf(raw);
    const leaf = decodeLeaf(raw, number);
    this.checkTime(number, leaf.timeUs);
    const inRange = number >= this.first && number < this.end;
    if (leaf.kind === 'reports') await this.takeReports(json, leaf, number, inRange);
    else this.chains.learn(leaf);
    if (inRange) {
      this.result.leaves += 1;
      if (this.result.leaves % 1000 === 0) this.expected.onProgress?.(this.result.leaves);
    }
    const listed = this.listed.get(number);
    if (!listed) return;
    if (!listsAs(listed, recordOf(leaf, number)))
      throw new Refuted(`Leaf ${number} of the log is not what the server listed under its number.`);
    this.listed.delete(number);
    this.result.compared += 1;
  }

  private checkTime(number: number, time: number): void {
    if (time < this.newest) throw new Refuted(`Leaf ${number} is older than one before it.`);
    this.newest = time;
    if (number + 1 === this.first) this.before = time;
    else if (number === this.end) this.after = time;
    else if (number >= this.first && number < this.end && (time < this.since || time >= this.until))
      throw new Refuted(`Leaf ${number} is not of the time that was asked for.`);
  }

  private async takeReports(json: Json, leaf: Leaf, number: number, inRange: boolean): Promise<void> {
    const data = bytes(json, 'data');
    const { result } = this;
    if (data.length > 0 && !same(await sha256(data), leaf.digest))
      throw new Refuted(`The reports of host ${leaf.host} are not those of leaf ${number}.`);
    const signed = await this.chains.add(leaf);
    if (!inRange) return;
    if (signed) result.signedReports += 1;
    else result.unsignedReports += 1;
    result.withoutContent += data.length === 0 ? 1 : 0;
  }

  async finish(): Promise<void> {
    const { size, root, timeUs } = this.result.checkpoint;
    if (this.builder.size !== size)
      throw new Refuted(`The answer covers ${this.builder.size} leaves of ${size}: the rest is left out.`);
    if (!same(await this.builder.root(), root))
      throw new Refuted('The leaves are not those of the log that the head was made of.');
    if (this.first !== 0 && (this.before === undefined || this.before >= this.since))
      throw new Refuted('Leaves may be left out before the first of the range.');
    const next = this.end === size ? timeUs : this.after;
    if (!(this.until === Infinity && this.end === size) && next < this.until)
      throw new Refuted('Leaves may be left out behind the last of the range.');
    const [missing] = this.listed.keys();
    if (missing !== undefined)
      throw new Refuted(`The server listed a leaf ${missing} that is not in the log.`);
  }
}

// Throws Refuted when it does not hold. `lines` come without their newlines.
export async function verifyBundle(lines: AsyncIterable<string>, expected: Expected): Promise<Verified> {
  let checker: Checker | undefined;
  let result: Verified | undefined;
  let ended = false;
  let at = 0;
  for await (const line of lines) {
    at += 1;
    const json = parseLine(line, at);
    if (ended) throw new Refuted('The answer goes on behind its end.');
    if (checker) {
      ended = 'signature' in json;
      if (!ended) await checker.take(json);
      continue;
    }
    if (json.format !== 'fettle evidence bundle 1') throw new Refuted('The answer is no evidence.');
    const key = text(json, 'key');
    if (expected.key !== '' && key !== expected.key)
      throw new Refuted(`Another key signs the log: ${key}. The one that was kept is ${expected.key}.`);
    const head = text(json, 'head');
    const checkpoint = await openCheckpoint(head, await parseKey(key));
    result = {
      key,
      head,
      checkpoint,
      leaves: 0,
      signedReports: 0,
      unsignedReports: 0,
      withoutContent: 0,
      compared: 0,
    };
    checker = new Checker(result, (json.range ?? {}) as Json, expected);
  }
  if (!checker || !result || !ended) throw new Error('The answer was cut off.');
  await checker.finish();
  return result;
}
