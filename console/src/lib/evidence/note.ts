// SPDX-License-Identifier: Apache-2.0
// Signed heads of the evidence log: C2SP signed notes (Ed25519) with a checkpoint as their text.
import { fromBase64, toBase64, toHex } from '../tree';
import { Refuted, same, sha256, type TreeHead } from './merkle';

export interface NoteKey {
  name: string;
  id: Uint8Array; // 4 bytes.
  ed25519: Uint8Array; // 32.
}

export interface Checkpoint extends TreeHead {
  origin: string;
  timeUs: number;
  // False: this browser cannot check Ed25519, so that the signature was not looked at.
  signatureChecked: boolean;
}

const ed25519 = 1;
const goodName = (name: string) => /^[^\s+]+$/.test(name);
const utf8 = (text: string) => new TextEncoder().encode(text);

function bytesOf(text: string, what: string): Uint8Array {
  try {
    const bytes = fromBase64(text);
    if (toBase64(bytes) === text) return bytes;
  } catch {
    // As if it were written in another way.
  }
  throw new Refuted(`${what} is damaged.`);
}

// "<name>+<id>+<base 64>".
export async function parseKey(text: string): Promise<NoteKey> {
  const [, name = '', id = '', base64 = ''] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/.exec(text) ?? [];
  const bytes = bytesOf(base64, 'The key of the log');
  if (!goodName(name) || bytes.length !== 33 || bytes[0] !== ed25519)
    throw new Refuted('The key of the log is none that signs notes.');
  const hash = await sha256(new Uint8Array([...utf8(`${name}\n`), ...bytes]));
  if (toHex(hash.subarray(0, 4)) !== id) throw new Refuted('The key of the log does not fit its id.');
  return { name, id: hash.subarray(0, 4), ed25519: bytes.subarray(1) };
}

// Whether the signature is good; undefined where the browser's WebCrypto has no Ed25519.
export async function verifyEd25519(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean | undefined> {
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
  } catch (error) {
    if (error instanceof Error && error.name === 'NotSupportedError') return undefined;
    return false;
  }
  return crypto.subtle.verify({ name: 'Ed25519' }, imported, signature, message);
}

// The text of a note that `key` signed, and whether the signature could be checked here.
export async function openNote(note: string, key: NoteKey): Promise<{ text: string; checked: boolean }> {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n') || split + 2 >= note.length)
    throw new Refuted('The head is no signed note.');
  const text = note.slice(0, split + 1);
  let found = false;
  let checked = true;
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const [, name, base64] = /^\u2014 ([^\s+]+) (\S+)$/.exec(line) ?? [];
    if (name === undefined || base64 === undefined)
      throw new Refuted('A line of signatures under the head is damaged.');
    const bytes = bytesOf(base64, 'A signature under the head');
    if (bytes.length <= 4) throw new Refuted('A signature under the head is damaged.');
    if (name !== key.name || !same(bytes.subarray(0, 4), key.id)) continue;
    const good = await verifyEd25519(key.ed25519, utf8(text), bytes.subarray(4));
    if (bytes.length !== 68 || good === false)
      throw new Refuted(`The signature of ${name} does not fit the head: it was altered.`);
    found = true;
    checked &&= good === true;
  }
  if (!found) throw new Refuted('The head is not signed by the key of the log.');
  return { text, checked };
}

const decimal = /^(0|[1-9]\d*)$/;

export function parseCheckpoint(text: string): Omit<Checkpoint, 'signatureChecked'> {
  const lines = text.split('\n');
  const [origin = '', size = '', base64 = '', time = ''] = lines;
  const micros = time.replace(/^time /, '');
  if (lines.length !== 5 || lines[4] !== '' || origin === '' || !decimal.test(size) || micros === time)
    throw new Refuted('The head says nothing of a log.');
  const root = bytesOf(base64, 'The root in the head');
  if (
    root.length !== 32 ||
    !decimal.test(micros) ||
    !Number.isSafeInteger(Number(size)) ||
    !Number.isSafeInteger(Number(micros))
  )
    throw new Refuted('The head is damaged.');
  return { origin, size: Number(size), root, timeUs: Number(micros) };
}

export async function openCheckpoint(note: string, key: NoteKey): Promise<Checkpoint> {
  const { text, checked } = await openNote(note, key);
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== key.name)
    throw new Refuted(`The head is one of the log ${checkpoint.origin}, and the key that of ${key.name}.`);
  return { ...checkpoint, signatureChecked: checked };
}
