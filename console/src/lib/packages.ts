// SPDX-License-Identifier: Apache-2.0
// Installed packages: which change made each what it is, and what a change was.
import type { InstalledPackage, PackageChange } from '../api/types';

export interface PackageRow extends InstalledPackage {
  change: PackageChange | null; // That brought this version; null: it was there when the host first told.
}

// Packages with what made them so. `changes`: of one host, the newest first, none later than the list.
export function withChanges(
  packages: readonly InstalledPackage[],
  changes: readonly PackageChange[],
): PackageRow[] {
  const newest = new Map<string, PackageChange>();
  for (const one of changes) {
    const name = one.name ?? '';
    if (!newest.has(name)) newest.set(name, one);
  }
  return packages.map(one => {
    const change = newest.get(one.name ?? '');
    return { ...one, change: change && change.to === one.version ? change : null };
  });
}

// Letters before other characters, "~" before everything, even the end. As dpkg orders them.
function weight(character: string | undefined): number {
  if (character === undefined || /\d/.test(character)) return 0;
  if (character === '~') return -1;
  return /[a-z]/i.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}

function compareText(left: string, right: string): number {
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    while ((i < left.length && !/\d/.test(left[i]!)) || (j < right.length && !/\d/.test(right[j]!))) {
      const order = weight(left[i]) - weight(right[j]);
      if (order !== 0) return order;
      i += 1;
      j += 1;
    }
    const a = /^\d*/.exec(left.slice(i))![0];
    const b = /^\d*/.exec(right.slice(j))![0];
    const x = BigInt(a || '0');
    const y = BigInt(b || '0');
    if (x !== y) return x < y ? -1 : 1;
    i += a.length;
    j += b.length;
  }
  return 0;
}

// [epoch, upstream version, revision]
function parts(version: string): [string, string, string] {
  const epoch = /^(\d+):/.exec(version);
  const rest = epoch ? version.slice(epoch[0].length) : version;
  const dash = rest.lastIndexOf('-');
  return [epoch?.[1] ?? '0', dash < 0 ? rest : rest.slice(0, dash), dash < 0 ? '' : rest.slice(dash + 1)];
}

// Below 0: `left` is the older version of a Debian package; above 0: the newer one.
export function compareVersions(left: string, right: string): number {
  const a = parts(left);
  const b = parts(right);
  return compareText(a[0], b[0]) || compareText(a[1], b[1]) || compareText(a[2], b[2]);
}

// The words of the command line.
export function changeWord(change: PackageChange): string {
  if (!change.from) return 'installed';
  if (!change.to) return 'removed';
  const order = compareVersions(change.from, change.to);
  return order < 0 ? 'upgraded' : order > 0 ? 'downgraded' : 'changed';
}

// A part of the name, or a pattern of all of it with * and ?.
export function nameFits(text: string): (name: string) => boolean {
  const wanted = text.trim().toLowerCase();
  if (!/[*?]/.test(wanted)) return name => name.toLowerCase().includes(wanted);
  const pattern = wanted
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  const expression = new RegExp(`^${pattern}$`);
  return name => expression.test(name.toLowerCase());
}
