// SPDX-License-Identifier: Apache-2.0
// With the vectors of lib/evidence/merkle_test.cc and checkpoint_test.cc, and with logs that are made and altered here.
import { expect, test } from 'vitest';
import { fromHex, toBase64, toHex } from '../tree';
import { verifyBundle } from './bundle';
import { readKept, writeKept } from './kept';
import { makeKeys, makeLog } from './made';
import { isBeginning, leafHash, nodeHash, RootBuilder, sha256, type Hash } from './merkle';
import { openCheckpoint, openNote, parseCheckpoint, parseKey } from './note';

const utf8 = (text: string) => new TextEncoder().encode(text);
const leaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map(fromHex);
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const head = (size: number) => ({ size, root: fromHex(roots[size]!) });
const flipped = (hash: Hash) => hash.map((byte, i) => (i === 7 ? byte ^ 1 : byte));

test('roots are those of the published vectors', async () => {
  const builder = new RootBuilder();
  for (let size = 0; size <= 8; size += 1) {
    expect(toHex(await builder.root())).toBe(roots[size]);
    if (size < 8) await builder.addLeaf(leaves[size]!);
  }
});

test('consistency proofs of the published vectors hold, and no others', async () => {
  const proofs: [number, number, string[]][] = [
    [1, 1, []],
    [0, 8, []],
    [
      1,
      8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      6,
      8,
      [
        '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [
      2,
      5,
      [
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      ],
    ],
  ];
  for (const [older, newer, hex] of proofs) {
    const proof = hex.map(fromHex);
    expect(await isBeginning(head(older), head(newer), proof), `${older} ${newer}`).toBe(true);
    expect(
      await isBeginning({ size: older, root: flipped(head(older).root) }, head(newer), proof),
      'another older log',
    ).toBe(false);
    expect(await isBeginning(head(older), head(newer), [...proof, head(1).root])).toBe(false);
    if (proof.length > 0) {
      expect(await isBeginning(head(older), { size: newer, root: flipped(head(newer).root) }, proof)).toBe(
        false,
      );
      expect(await isBeginning(head(older), head(newer), proof.slice(1))).toBe(false);
      expect(await isBeginning(head(newer), head(older), proof)).toBe(false);
    }
    for (const at of proof.keys())
      expect(await isBeginning(head(older), head(newer), proof.with(at, flipped(proof[at]!)))).toBe(false);
  }
});

test('a root is built of subtrees that follow each other alone', async () => {
  const [a, b, c] = await Promise.all(leaves.slice(0, 3).map(leafHash));
  const builder = new RootBuilder();
  await builder.add(1, 0, await nodeHash(a!, b!));
  await builder.add(0, 2, c!);
  expect(toHex(await builder.root())).toBe(roots[3]);
  await expect(builder.add(0, 4, c!)).rejects.toThrow('follow');
  await expect(builder.add(1, 3, c!)).rejects.toThrow('follow');
});

test('the inclusion proof of the published vectors, as the subtrees around its leaf, gives the root', async () => {
  const around = async (left: string, leaf: Uint8Array, right: string, far: string) => {
    const builder = new RootBuilder();
    await builder.add(2, 0, fromHex(far));
    await builder.add(0, 4, fromHex(left));
    await builder.addLeaf(leaf);
    await builder.add(1, 6, fromHex(right));
    return toHex(await builder.root());
  };
  const proof = [
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ] as const;
  expect(await around(proof[0], leaves[5]!, proof[1], proof[2])).toBe(roots[8]);
  expect(await around(proof[0], leaves[4]!, proof[1], proof[2])).not.toBe(roots[8]);
});

const publishedKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const publishedText =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const publishedNote = `${publishedText}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

test('the published note opens with its key, and not when a character is another', async () => {
  const key = await parseKey(publishedKey);
  expect(await openNote(publishedNote, key)).toEqual({ text: publishedText, checked: true });
  for (let i = 0; i < publishedNote.length; i += 1) {
    const other = String.fromCharCode(publishedNote.charCodeAt(i) ^ 1);
    const note = publishedNote.slice(0, i) + other + publishedNote.slice(i + 1);
    await expect(openNote(note, key), `character ${i}`).rejects.toThrow();
  }
  for (let i = 0; i < publishedKey.length; i += 1) {
    const other = String.fromCharCode(publishedKey.charCodeAt(i) + 1);
    await expect(parseKey(publishedKey.slice(0, i) + other + publishedKey.slice(i + 1))).rejects.toThrow();
  }
  await expect(parseKey('')).rejects.toThrow();
});

test('a browser without Ed25519 says that the signature was not looked at', async () => {
  const importKey = crypto.subtle.importKey;
  crypto.subtle.importKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'));
  try {
    expect(await openNote(publishedNote, await parseKey(publishedKey))).toMatchObject({ checked: false });
  } finally {
    crypto.subtle.importKey = importKey;
  }
});

const sample = 'fettle/0123\n42\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\ntime 1700000000123456\n';

test('a head has a log, a size, a root and a time', async () => {
  expect(parseCheckpoint(sample)).toEqual({
    origin: 'fettle/0123',
    size: 42,
    root: await sha256(utf8('root')),
    timeUs: 1_700_000_000_123_456,
  });
  for (const bad of [
    '',
    `${sample}more\n`,
    sample.slice(0, -1),
    `\n${sample}`,
    sample.replace('42', '042'),
    sample.replace('42', '-42'),
    sample.replace('time ', ''),
    sample.replace('=', ''),
  ])
    expect(() => parseCheckpoint(bad), bad).toThrow();
});

const act = (i: number) =>
  JSON.stringify({ act: 'label', detail: `d${i}`, kind: 'act', time_us: 10 + i, who: 'user/ann' });
const leafLine = (text: string, number: number) => JSON.stringify({ leaf: toBase64(utf8(text)), number });
async function* stream(lines: readonly string[]) {
  yield* lines;
}
const check = (lines: readonly string[], key = '', listed: { number: number; detail: string }[] = []) =>
  verifyBundle(stream(lines), {
    key,
    listed: listed.map(one => ({
      ...one,
      timeUs: String(10 + one.number),
      who: 'user/ann',
      act: 'label',
    })),
  });

const texts = [0, 1, 2, 3, 4].map(act);
const end = JSON.stringify({ signature: 'AA==' });

async function wholeLog() {
  const log = await makeLog(texts);
  const range = { end: 5, first: 0 };
  const first = JSON.stringify({ format: 'fettle evidence bundle 1', ...log, range });
  return { log, lines: [first, ...texts.map(leafLine), end] };
}

test('a whole log holds, and leaves are as they were listed', async () => {
  const { log, lines } = await wholeLog();
  const good = await check(lines, log.key, [
    { number: 0, detail: 'd0' },
    { number: 4, detail: 'd4' },
  ]);
  expect(good).toMatchObject({ leaves: 5, compared: 2, head: log.head });
  expect(good.checkpoint).toMatchObject({ size: 5, signatureChecked: true, timeUs: 1000 });
  expect((await openCheckpoint(log.head, await parseKey(log.key))).size).toBe(5);
});

test('what the server lists and does not prove is found', async () => {
  const { lines } = await wholeLog();
  await expect(check(lines, '', [{ number: 3, detail: 'another' }])).rejects.toThrow('Leaf 3');
  await expect(check(lines, '', [{ number: 7, detail: 'd7' }])).rejects.toThrow('leaf 7');
});

test('a leaf that was changed, left out or moved is found', async () => {
  const { lines } = await wholeLog();
  const changed = leafLine(act(2).replace('d2', 'd9'), 2);
  await expect(check(lines.with(3, changed))).rejects.toThrow('not those of the log');
  await expect(check(lines.toSpliced(3, 1))).rejects.toThrow('Leaf 3 stands where leaf 2');
  await expect(check(lines.toSpliced(5, 1))).rejects.toThrow('covers 4 leaves of 5');
  await expect(check(lines.slice(0, -1))).rejects.toThrow('cut off');
  await expect(check([...lines, end])).rejects.toThrow('behind its end');
  const hidden = JSON.stringify({ first: 2, hash: toBase64(await leafHash(utf8(texts[2]!))), level: 0 });
  await expect(check(lines.with(3, hidden))).rejects.toThrow('left out of the range');
});

test('another key is found, whatever it signs', async () => {
  const { lines } = await wholeLog();
  const other = await makeLog(texts);
  await expect(check(lines, other.key)).rejects.toThrow('Another key signs the log');
});

test('the leaves around a range show that nothing of it is missing', async () => {
  const log = await makeLog(texts);
  const pair = await nodeHash(await leafHash(utf8(texts[0]!)), await leafHash(utf8(texts[1]!)));
  const bundle = (since: number, first: number) => [
    JSON.stringify({
      format: 'fettle evidence bundle 1',
      ...log,
      range: { end: 5, first, since_us: since },
    }),
    JSON.stringify({ first: 0, hash: toBase64(pair), level: 1 }),
    leafLine(texts[2]!, 2),
    leafLine(texts[3]!, 3),
    leafLine(texts[4]!, 4),
    end,
  ];
  expect(await check(bundle(13, 3))).toMatchObject({ leaves: 2 });
  await expect(check(bundle(12, 3))).rejects.toThrow('may be left out before');
  await expect(check(bundle(13, 2))).rejects.toThrow('not of the time');
  await expect(check(bundle(13, 1))).rejects.toThrow('left out of the range');
});

test('reports are those that their host signed, and none is missing between them', async () => {
  const pair = await makeKeys();
  const key = toBase64(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
  const data = utf8('batch');
  const digest = await sha256(data);
  const reports = async (after: number, last: number, signedLast = last) => {
    const text = `fettle reports v1\0host web1\nepoch e1\nafter ${after}\nlast ${signedLast}\ndigest ${toHex(digest)}\n`;
    const signature = new Uint8Array(
      await crypto.subtle.sign({ name: 'Ed25519' }, pair.privateKey, utf8(text)),
    );
    return JSON.stringify({
      after,
      digest: toBase64(digest),
      epoch: 'e1',
      host: 'web1',
      key,
      kind: 'reports',
      last,
      signature: toBase64(signature),
      time_us: 20 + after,
    });
  };
  const learn = JSON.stringify({ act: 'report key', data: { key }, host: 'web1', kind: 'act', time_us: 1 });
  const run = async (all: readonly string[], content = data) => {
    const log = await makeLog(all);
    const first = JSON.stringify({
      format: 'fettle evidence bundle 1',
      ...log,
      range: { end: all.length, first: 0 },
    });
    const line = (text: string, number: number) =>
      JSON.stringify({
        ...(JSON.parse(leafLine(text, number)) as object),
        ...(text.includes('"reports"') ? { data: toBase64(content) } : {}),
      });
    return check([first, ...all.map(line), end]);
  };
  const [one, two, late] = [await reports(0, 2), await reports(2, 3), await reports(5, 6)];
  expect(await run([learn, one, two])).toMatchObject({ signedReports: 2, withoutContent: 0 });
  await expect(run([learn, one, late])).rejects.toThrow('reports 3 to 5 of host web1 are missing');
  await expect(run([one])).rejects.toThrow('not its');
  await expect(run([learn, await reports(0, 2, 9)])).rejects.toThrow('does not fit');
  await expect(run([learn, one], utf8('forged'))).rejects.toThrow('are not those of leaf 1');
});

test('what is kept comes back, and what is damaged does not pass for nothing', () => {
  const store = new Map<string, string>();
  const storage = {
    getItem: (name: string) => store.get(name) ?? null,
    setItem: (name: string, value: string) => void store.set(name, value),
  };
  expect(readKept(storage)).toBeNull();
  writeKept(storage, { key: 'k', head: 'h', keptMs: 5 });
  expect(readKept(storage)).toEqual({ key: 'k', head: 'h', keptMs: 5 });
  for (const name of store.keys()) store.set(name, '{');
  expect(() => readKept(storage)).toThrow('damaged');
});
