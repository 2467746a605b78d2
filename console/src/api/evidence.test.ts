// SPDX-License-Identifier: Apache-2.0
import { afterEach, expect, test, vi } from 'vitest';
import { leafHash, nodeHash } from '../lib/evidence/merkle';
import { makeKeys, makeLog } from '../lib/evidence/made';
import { toBase64 } from '../lib/tree';
import { envelope } from './blobs';
import { exportLines, verifyLog } from './evidence';

const part = (text: string) => envelope(JSON.stringify({ data: toBase64(new TextEncoder().encode(text)) }));
function ending(body: object): Uint8Array {
  const bytes = envelope(JSON.stringify(body));
  bytes[0] = 2;
  return bytes;
}
async function* inPieces(all: readonly Uint8Array[], size: number) {
  const bytes = new Uint8Array(all.flatMap(one => [...one]));
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function lines(all: readonly Uint8Array[], size: number) {
  const out: string[] = [];
  for await (const line of exportLines(inPieces(all, size))) out.push(line);
  return out;
}

test('lines come whole, however the bytes come', async () => {
  for (const size of [1, 2, 7, 1000])
    expect(await lines([part('on'), part('e\ntwo ä'), part('b\n'), ending({})], size)).toEqual([
      'one',
      'two äb',
    ]);
});

test('what broke off or was cut is an error', async () => {
  await expect(lines([part('one\n')], 9)).rejects.toThrow('cut off');
  await expect(lines([part('one'), ending({})], 9)).rejects.toThrow('cut off');
  const error = { code: 'failed_precondition', message: 'leaf 3 went' };
  await expect(lines([part('one\n'), ending({ error })], 9)).rejects.toThrow('leaf 3 went');
});

afterEach(() => vi.unstubAllGlobals());

const act = (i: number) =>
  JSON.stringify({ act: 'a', detail: `d${i}`, kind: 'act', time_us: 10 + i, who: 'w' });
const utf8 = (text: string) => new TextEncoder().encode(text);

// A server with this log, which answers `hashes` when it is to prove that it goes on, and a browser that keeps.
function serve(log: { key: string; head: string }, texts: readonly string[], hashes: readonly Uint8Array[]) {
  const lines = [
    { format: 'fettle evidence bundle 1', ...log, range: { first: 0, end: texts.length } },
    ...texts.map((text, number) => ({ leaf: toBase64(utf8(text)), number })),
    { signature: 'AA==' },
  ];
  const whole = lines.map(line => `${JSON.stringify(line)}\n`).join('');
  vi.stubGlobal('fetch', (path: string) =>
    Promise.resolve(
      path.endsWith('/Export')
        ? new Response(new Uint8Array([...part(whole), ...ending({})]))
        : Response.json({ hashes: hashes.map(toBase64) }),
    ),
  );
}
const check = () => verifyLog('0', [], () => {}, new AbortController().signal);

test('what held is kept, and the log must go on from it', async () => {
  const store = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => store.get(name) ?? null,
    setItem: (name: string, value: string) => void store.set(name, value),
  });
  const keys = await makeKeys();
  const texts = [0, 1, 2].map(act);
  const [a, b, c] = await Promise.all(texts.map(text => leafHash(utf8(text))));
  const two = texts.slice(0, 2);
  serve(await makeLog(two, keys), two, []);
  expect((await check()).older).toBeNull();
  const kept = [...store.values()];
  // Three leaves of which the first two are those: the rest of the proof is the third.
  serve(await makeLog(texts, keys), texts, [a!]);
  await expect(check()).rejects.toThrow('not the beginning');
  expect([...store.values()]).toEqual(kept);
  serve(await makeLog(texts, keys), texts, [c!]);
  expect((await check()).older?.size).toBe(2);
  serve(await makeLog(two, keys), two, []);
  await expect(check()).rejects.toThrow('had 3 leaves then and has 2 now');
  // Written anew with the server's own key: whatever it answers.
  const anew = [act(0), act(1), act(9)];
  for (const hashes of [[], [c!], [await nodeHash(a!, b!), c!]]) {
    serve(await makeLog(anew, keys), anew, hashes);
    await expect(check()).rejects.toThrow('not the beginning');
  }
  serve(await makeLog(texts), texts, []);
  await expect(check()).rejects.toThrow('Another key');
});
