// SPDX-License-Identifier: Apache-2.0
// Logs that tests make, signed as the server signs.
import { toBase64, toHex } from '../tree';
import { RootBuilder, sha256 } from './merkle';

const utf8 = (text: string) => new TextEncoder().encode(text);

export const makeKeys = async () =>
  (await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])) as CryptoKeyPair;

export async function makeLog(texts: readonly string[], keys?: CryptoKeyPair) {
  const pair = keys ?? (await makeKeys());
  const raw = new Uint8Array([1, ...new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))]);
  const id = (await sha256(new Uint8Array([...utf8('fettle/1\n'), ...raw]))).subarray(0, 4);
  const builder = new RootBuilder();
  for (const one of texts) await builder.addLeaf(utf8(one));
  const body = `fettle/1\n${texts.length}\n${toBase64(await builder.root())}\ntime 1000\n`;
  const signature = new Uint8Array(
    await crypto.subtle.sign({ name: 'Ed25519' }, pair.privateKey, utf8(body)),
  );
  return {
    key: `fettle/1+${toHex(id)}+${toBase64(raw)}`,
    head: `${body}\n\u2014 fettle/1 ${toBase64(new Uint8Array([...id, ...signature]))}\n`,
  };
}
