// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { toBase64 } from '../lib/tree';
import { envelope } from './blobs';
import { exportLines } from './evidence';

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
