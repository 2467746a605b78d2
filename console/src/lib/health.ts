// SPDX-License-Identifier: Apache-2.0
// One word for how a host is, and hosts put into groups.
import type { Host } from '../api/types';
import { equals } from './filter';

export const healths = [
  'failed',
  'drifted',
  'attention',
  'silent',
  'behind',
  'paused',
  'new',
  'revoked',
  'ok',
] as const;
export type Health = (typeof healths)[number];

export const healthText: Record<Health, string> = {
  failed: 'failed',
  drifted: 'drifted',
  attention: 'needs a look',
  silent: 'silent',
  behind: 'behind',
  paused: 'paused',
  new: 'never seen',
  revoked: 'revoked',
  ok: 'in order',
};

// What makes each of them so, as one sentence.
export const healthMeans: Record<Health, string> = {
  failed: 'A resource could not be put right, or the last run broke off.',
  drifted: 'Something differs from the policy and was left alone.',
  attention: 'Resources are skipped, blocked or unknown, or a revision was refused.',
  silent: 'Not heard of for three heartbeats.',
  behind: 'Does not enforce its assigned revision yet.',
  paused: 'Somebody told it to look and report only.',
  new: 'Enrolled, but never heard of.',
  revoked: 'Its certificate was taken back.',
  ok: 'Connected, and all is as declared.',
};

// The worst that is true of a host. `now` decides about pauses.
export function healthOf(host: Host, now: number): Health {
  const counts = host.counts ?? {};
  if (host.presence === 'PRESENCE_REVOKED') return 'revoked';
  if (host.presence === 'PRESENCE_NEVER_SEEN') return 'new';
  if ((counts.failed ?? 0) > 0 || host.lastRunError) return 'failed';
  if (host.presence === 'PRESENCE_SILENT') return 'silent';
  if ((counts.drifted ?? 0) > 0 || (host.openDrift ?? 0) > 0) return 'drifted';
  if ((counts.skipped ?? 0) + (counts.blocked ?? 0) + (counts.unknown ?? 0) > 0 || host.refusal)
    return 'attention';
  if (Number(host.pausedUntilUs ?? 0) / 1000 > now) return 'paused';
  if (host.assignedRevision && host.assignedRevision !== host.revision) return 'behind';
  return 'ok';
}

export interface HostRow {
  host: Host;
  name: string;
  health: Health;
  rank: number;
}

export function rowsOf(hosts: readonly Host[], now: number): HostRow[] {
  return hosts.map(host => {
    const health = healthOf(host, now);
    return { host, name: host.name ?? '', health, rank: healths.indexOf(health) };
  });
}

// `hosts` with those of the same name as in `fresh` replaced, and new ones added.
export function mergeHosts(hosts: readonly Host[], fresh: readonly Host[]): Host[] {
  const byName = new Map(fresh.map(one => [one.name, one]));
  const merged = hosts.map(one => {
    const newer = byName.get(one.name);
    byName.delete(one.name);
    return newer ?? one;
  });
  return [...merged, ...byName.values()];
}

export type HealthCounts = Record<Health, number>;

export function countHealth(rows: readonly HostRow[]): HealthCounts {
  const counts = Object.fromEntries(healths.map(health => [health, 0])) as HealthCounts;
  for (const row of rows) counts[row.health] += 1;
  return counts;
}

// What hosts can be grouped by: "channel", "os", "revision", "health", and every label as "labels.KEY".
export function groupings(hosts: readonly Host[]): string[] {
  const keys = new Set<string>();
  for (const host of hosts) for (const key of Object.keys(host.labels ?? {})) keys.add(`labels.${key}`);
  return ['channel', 'os', 'revision', 'health', ...[...keys].sort()];
}

export function groupOf(row: HostRow, by: string): string {
  if (by === 'channel') return row.host.channel ?? '';
  if (by === 'os') return row.host.os ?? '';
  if (by === 'revision') return row.host.revision ?? '';
  if (by === 'health') return healthText[row.health];
  return by.startsWith('labels.') ? (row.host.labels?.[by.slice(7)] ?? '') : '';
}

// The filter that names the hosts of a group; '' where there is none.
export function groupFilter(by: string, name: string): string {
  if (by === '' || by === 'health') return '';
  const [field, value] = by === 'os' ? ['os.id', name.split(' ')[0] ?? ''] : [by, name];
  if (name === '') return by.startsWith('labels.') ? `not has ${by}` : '';
  const version = by === 'os' ? name.split(' ').slice(1).join(' ') : '';
  return equals(field!, value!) + (version ? ` and ${equals('os.version', version)}` : '');
}

export interface HostGroup {
  name: string; // '' where the host says nothing of it.
  rows: HostRow[];
  counts: HealthCounts;
}

const byName = new Intl.Collator('en', { numeric: true }).compare;

// Groups by name, hosts within them by name (web2 before web10); one group when `by` is ''.
export function groupHosts(rows: readonly HostRow[], by: string): HostGroup[] {
  const groups = new Map<string, HostRow[]>();
  for (const row of rows) {
    const name = by === '' ? '' : groupOf(row, by);
    const group = groups.get(name);
    if (group) group.push(row);
    else groups.set(name, [row]);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : byName(a, b)))
    .map(([name, members]) => ({
      name,
      rows: members.sort((a, b) => byName(a.name, b.name)),
      counts: countHealth(members),
    }));
}

export const columns = ['name', 'health', 'drift', 'revision', 'channel', 'os', 'seen', 'run'] as const;
export type Column = (typeof columns)[number];

const keyOf: Record<Column, (row: HostRow) => string | number> = {
  name: row => row.name,
  health: row => row.rank,
  drift: row => row.host.openDrift ?? 0,
  revision: row => row.host.revision ?? '',
  channel: row => row.host.channel ?? '',
  os: row => row.host.os ?? '',
  seen: row => Number(row.host.lastSeenUs ?? 0),
  run: row => Number(row.host.lastRunUs ?? 0),
};

// Sorted by "column" or "-column" (from the greatest), equal ones by name.
export function sortHosts(rows: readonly HostRow[], by: string): HostRow[] {
  const column = columns.find(one => one === by.replace(/^-/, '')) ?? 'health';
  const turn = by.startsWith('-') ? -1 : 1;
  const key = keyOf[column];
  return [...rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : byName(String(x), String(y));
    return order * turn || byName(a.name, b.name);
  });
}
