// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { diffTrees, parseManifest, textOf, toBase64 } from '../lib/tree';
import { envelope, gather, openEnvelopes } from './blobs';

const digest = 'ab'.repeat(32);
const digestBytes = toBase64(new Uint8Array(32).fill(0xab));

test('an envelope that was made is opened again, whatever its text', () => {
  expect(openEnvelopes(envelope('{"ä":1}'))).toEqual([{ end: false, text: '{"ä":1}' }]);
  expect(() => openEnvelopes(envelope('{"a":1}').subarray(0, 9))).toThrow('cut off');
});

test('chunks of a blob are put together in their order', () => {
  const chunk = (data: string) => ({
    end: false,
    text: JSON.stringify({ digest: digestBytes, data: btoa(data) }),
  });
  const blobs = gather([chunk('one '), chunk('two'), { end: true, text: '{}' }]);
  expect(textOf(blobs.get(digest)!)).toBe('one two');
  expect(() => gather([chunk('one')])).toThrow('cut off');
  expect(() => gather([{ end: true, text: '{"error":{"code":"not_found","message":"no blob"}}' }])).toThrow(
    'no blob',
  );
});

test('a manifest is read line by line, and two make a list of changes', () => {
  const line = (letter: string, path: string, mode = '-') => `${letter.repeat(64)} 12 ${mode} ${path}\n`;
  const before = parseManifest(line('a', 'fleet.lua') + line('b', 'gone here.lua') + line('c', 'run'));
  expect(before[1]).toEqual({ digest: 'b'.repeat(64), size: 12, executable: false, path: 'gone here.lua' });
  const after = parseManifest(line('d', 'fleet.lua') + line('e', 'new.lua') + line('c', 'run', 'x'));
  expect(diffTrees(before, after).map(one => `${one.kind} ${one.path}`)).toEqual([
    'changed fleet.lua',
    'removed gone here.lua',
    'added new.lua',
    'mode run',
  ]);
});

test('what is not text is not shown as text', () => {
  expect(textOf(new Uint8Array([0x68, 0, 0x69]))).toBeNull();
  expect(textOf(new Uint8Array([0xff, 0xfe]))).toBeNull();
});
