// SPDX-License-Identifier: Apache-2.0
// The server's stream of changes, turned into queries that are asked again.
import type { QueryClient } from '@tanstack/react-query';
import { oneOf } from '../lib/filter';
import { mergeHosts } from '../lib/health';
import { api } from './client';
import type { Host } from './types';

export type LiveState = 'connecting' | 'live' | 'away';

export interface Changed {
  kind: string;
  host?: string;
}

// The first part of the keys of queries that a change of this kind makes old.
const stale: Record<string, string[]> = {
  drift: ['hosts', 'host', 'drift', 'history', 'compliance'],
  state: ['hosts', 'host', 'history', 'packages', 'compliance'],
  host: ['hosts', 'host', 'compliance'],
  run: ['hosts', 'host', 'runs', 'drift', 'history', 'compliance'],
  revision: ['revisions', 'revision', 'channels', 'hosts'],
  channel: ['revisions', 'revision', 'channels', 'hosts'],
};

// Whether an answer that is kept under `key` may be old after these changes.
export function isStale(key: readonly unknown[], changes: readonly Changed[]): boolean {
  const [what, host] = key;
  return changes.some(change => {
    const kinds = stale[change.kind] ?? [
      'hosts',
      'host',
      'drift',
      'runs',
      'history',
      'packages',
      'revisions',
      'channels',
      'compliance',
    ];
    if (!kinds.includes(String(what))) return false;
    const ofOneHost = what === 'host' || what === 'history' || what === 'packages';
    return !ofOneHost || !change.host || change.host === host;
  });
}

export function parseChanged(data: string): Changed {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === 'object' && value !== null && 'kind' in value) return value as Changed;
  } catch {
    // Said in a way that is not known yet: everything may have changed.
  }
  return { kind: '' };
}

// How long to gather changes: at once when it is quiet, and no more than a third of the time is spent on asking again.
export function pauseAfter(lastTookMs: number): number {
  return Math.min(5000, Math.max(150, lastTookMs * 2));
}

const isWholeFleet = (key: readonly unknown[]) => key[0] === 'hosts' && key[1] === '';
const fewHosts = 50;
const largeFleet = 300;

// The hosts that changes are about, when they are few of many; otherwise all are asked for again.
export function changedHosts(changes: readonly Changed[], known: number): string[] {
  const names = new Set(changes.map(change => change.host ?? ''));
  return known < largeFleet || names.has('') || names.size > fewHosts ? [] : [...names];
}

// Asks for some hosts of a large fleet and puts them into the list that is there. False: nothing was done.
async function refreshSome(client: QueryClient, changes: readonly Changed[]): Promise<boolean> {
  const known = client.getQueryData<Host[]>(['hosts', '']);
  const names = changedHosts(changes, known?.length ?? 0);
  if (names.length === 0) return false;
  const { hosts = [] } = await api.listHosts({ filter: oneOf('name', names) });
  client.setQueryData<Host[]>(['hosts', ''], old => mergeHosts(old ?? [], hosts));
  return true;
}

// Listens until the returned function is called.
export function listen(client: QueryClient, onState: (state: LiveState) => void): () => void {
  const source = new EventSource('/events');
  let gathered: Changed[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let pause = 0;
  let wasAway = false;

  const refresh = async () => {
    timer = undefined;
    if (busy) return;
    busy = true;
    const changes = gathered;
    gathered = [];
    const began = performance.now();
    const partly = await refreshSome(client, changes).catch(() => false);
    await client.invalidateQueries({
      predicate: query => isStale(query.queryKey, changes) && !(partly && isWholeFleet(query.queryKey)),
    });
    pause = pauseAfter(performance.now() - began);
    busy = false;
    timer = setTimeout(() => {
      timer = undefined;
      pause = 0;
      if (gathered.length > 0) void refresh();
    }, pause);
  };
  const note = (change: Changed) => {
    gathered.push(change);
    if (timer === undefined && !busy) timer = setTimeout(() => void refresh(), 20);
  };

  source.addEventListener('open', () => {
    onState('live');
    if (wasAway) note({ kind: '' });
    wasAway = false;
  });
  source.addEventListener('error', () => {
    wasAway = true;
    onState('away');
  });
  source.addEventListener('changed', event => note(parseChanged((event as MessageEvent<string>).data)));
  return () => {
    source.close();
    clearTimeout(timer);
  };
}
