// SPDX-License-Identifier: Apache-2.0
// The files of a revision, from its manifest: "<sha256> <size> <- or x> <path>" a line.

export interface TreeFile {
  path: string;
  digest: string; // Hexadecimal.
  size: number;
  executable: boolean;
}

export function parseManifest(text: string): TreeFile[] {
  return text
    .split('\n')
    .map(line => /^([0-9a-f]{64}) (\d+) ([x-]) (.+)$/.exec(line))
    .filter(match => match !== null)
    .map(match => ({
      digest: match[1]!,
      size: Number(match[2]),
      executable: match[3] === 'x',
      path: match[4]!,
    }));
}

export interface FileChange {
  path: string;
  kind: 'added' | 'removed' | 'changed' | 'mode';
  before?: TreeFile;
  after?: TreeFile;
}

// What leads from one tree to another, by path.
export function diffTrees(before: readonly TreeFile[], after: readonly TreeFile[]): FileChange[] {
  const old = new Map(before.map(file => [file.path, file]));
  const changes: FileChange[] = [];
  for (const file of after) {
    const was = old.get(file.path);
    old.delete(file.path);
    if (!was) changes.push({ path: file.path, kind: 'added', after: file });
    else if (was.digest !== file.digest)
      changes.push({ path: file.path, kind: 'changed', before: was, after: file });
    else if (was.executable !== file.executable)
      changes.push({ path: file.path, kind: 'mode', before: was, after: file });
  }
  for (const file of old.values()) changes.push({ path: file.path, kind: 'removed', before: file });
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function toHex(bytes: Uint8Array): string {
  return [...bytes].map(one => one.toString(16).padStart(2, '0')).join('');
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16));
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), one => one.charCodeAt(0));
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

// Text, or null for what is none.
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
