// SPDX-License-Identifier: Apache-2.0
// The evidence log, fetched and checked here: the server is asked for proofs, never whether they hold.
import { verifyBundle, type Verified } from '../lib/evidence/bundle';
import { readKept, writeKept, type Kept } from '../lib/evidence/kept';
import { isBeginning, Refuted } from '../lib/evidence/merkle';
import { openCheckpoint, parseKey, type Checkpoint } from '../lib/evidence/note';
import { fromBase64 } from '../lib/tree';
import { envelope } from './blobs';
import { api, ApiError, postRaw } from './client';
import type { ExportPart, ExportRequest, LeafRecord } from './types';

const cut = () => new ApiError('data_loss', 'The answer was cut off.');

// The lines of a stream of ExportPart, in the Connect protocol's envelopes, as its bytes come.
export async function* exportLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let bytes = new Uint8Array();
  let line = '';
  let ended = false;
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    const more = new Uint8Array(bytes.length + chunk.length);
    more.set(bytes);
    more.set(chunk, bytes.length);
    bytes = more;
    while (bytes.length >= 5) {
      const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
      if (bytes.length < 5 + size) break;
      const body = JSON.parse(new TextDecoder().decode(bytes.subarray(5, 5 + size)) || '{}') as ExportPart & {
        error?: { code?: string; message?: string };
      };
      if (body.error)
        throw new ApiError(body.error.code ?? 'unknown', body.error.message ?? 'The stream broke off.');
      ended ||= (bytes[0]! & 2) !== 0;
      bytes = bytes.subarray(5 + size);
      const parts = (line + decoder.decode(fromBase64(body.data ?? ''), { stream: true })).split('\n');
      line = parts.pop() ?? '';
      yield* parts;
    }
  }
  if (!ended || line !== '' || bytes.length > 0) throw cut();
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) throw cut();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

// That the log of the head that was kept is the beginning of this one; null when none was.
async function checkOlder(
  kept: Kept | null,
  newer: Checkpoint,
  signal: AbortSignal,
): Promise<Checkpoint | null> {
  if (!kept) return null;
  const older = await openCheckpoint(kept.head, await parseKey(kept.key));
  if (older.size > newer.size)
    throw new Refuted(
      `The log had ${older.size} leaves then and has ${newer.size} now: leaves were removed, or the server's database is an older one.`,
    );
  const { hashes = [] } = await api.proveConsistency(
    { older: String(older.size), newer: String(newer.size) },
    signal,
  );
  if (!(await isBeginning(older, newer, hashes.map(fromBase64))))
    throw new Refuted(
      'The log that this browser saw then is not the beginning of this one: its history was rewritten.',
    );
  return older;
}

export interface Outcome extends Verified {
  older: Checkpoint | null;
  olderMs: number; // When it was kept.
}

// Checks the log from `sinceUs` on ('0': all), and keeps its key and head when it holds.
export async function verifyLog(
  sinceUs: string,
  listed: readonly LeafRecord[],
  onProgress: (leaves: number) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const kept = readKept(localStorage);
  const request: ExportRequest = sinceUs === '0' ? {} : { sinceUs };
  const answer = await postRaw(
    'Evidence/Export',
    'application/connect+json',
    envelope(JSON.stringify(request)),
    signal,
  );
  const verified = await verifyBundle(exportLines(chunksOf(answer)), {
    key: kept?.key ?? '',
    listed,
    onProgress,
  });
  const older = await checkOlder(kept, verified.checkpoint, signal);
  writeKept(localStorage, { key: verified.key, head: verified.head, keptMs: Date.now() });
  return { ...verified, older, olderMs: kept?.keptMs ?? 0 };
}
