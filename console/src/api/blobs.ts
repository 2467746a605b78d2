// SPDX-License-Identifier: Apache-2.0
// Content of revisions: Policy/GetBlobs is a stream of chunks in the envelopes of the Connect protocol.
import { fromBase64, fromHex, parseManifest, toBase64, toHex, type TreeFile } from '../lib/tree';
import { ApiError, postRaw } from './client';
import type { BlobChunk } from './types';

const header = 5;
const endOfStream = 2;

export interface Envelope {
  end: boolean;
  text: string;
}

// A byte of flags, four of length, then JSON.
export function openEnvelopes(bytes: Uint8Array): Envelope[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out: Envelope[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + header > bytes.length) throw new ApiError('data_loss', 'The answer was cut off.');
    const size = view.getUint32(at + 1);
    const from = at + header;
    if (from + size > bytes.length) throw new ApiError('data_loss', 'The answer was cut off.');
    out.push({
      end: (bytes[at]! & endOfStream) !== 0,
      text: new TextDecoder().decode(bytes.subarray(from, from + size)),
    });
    at = from + size;
  }
  return out;
}

export function envelope(text: string): Uint8Array {
  const body = new TextEncoder().encode(text);
  const out = new Uint8Array(header + body.length);
  new DataView(out.buffer).setUint32(1, body.length);
  out.set(body, header);
  return out;
}

// Puts blobs together from the chunks of an answer; by digest in hexadecimal.
export function gather(envelopes: readonly Envelope[]): Map<string, Uint8Array> {
  const parts = new Map<string, Uint8Array[]>();
  let ended = false;
  for (const { end, text } of envelopes) {
    const body = JSON.parse(text || '{}') as BlobChunk & { error?: { code?: string; message?: string } };
    if (body.error)
      throw new ApiError(body.error.code ?? 'unknown', body.error.message ?? 'The stream broke off.');
    ended ||= end;
    if (end) continue;
    const digest = toHex(fromBase64(body.digest ?? ''));
    parts.set(digest, [...(parts.get(digest) ?? []), fromBase64(body.data ?? '')]);
  }
  if (!ended) throw new ApiError('data_loss', 'The answer was cut off.');
  return new Map([...parts].map(([digest, list]) => [digest, join(list)]));
}

function join(list: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(list.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of list) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// One blob, checked here: the server is not asked whether its content fits the digest.
export async function fetchBlob(digest: string, signal?: AbortSignal): Promise<Uint8Array> {
  const request = envelope(JSON.stringify({ digests: [toBase64(fromHex(digest))] }));
  const answer = await postRaw('Policy/GetBlobs', 'application/connect+json', request, signal);
  const blob =
    gather(openEnvelopes(new Uint8Array(await answer.arrayBuffer()))).get(digest) ?? new Uint8Array();
  const found = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', blob)));
  if (found !== digest)
    throw new ApiError('data_loss', `What the server sent is not ${digest}, but ${found}.`);
  return blob;
}

export async function fetchTree(digest: string, signal?: AbortSignal): Promise<TreeFile[]> {
  return parseManifest(new TextDecoder().decode(await fetchBlob(digest, signal)));
}
