// SPDX-License-Identifier: Apache-2.0
// The same difference on many hosts is one row; who made it, as a sentence; the past from spans.
import type { Actor, DriftOutcome, DriftRecord, ResourceState, Span } from '../api/types';
import { toMs } from './time';

export const outcomeText: Record<DriftOutcome, string> = {
  DRIFT_OPEN: 'open',
  DRIFT_CORRECTED: 'corrected',
  DRIFT_FAILED: 'not corrected',
  DRIFT_ENDED: 'ended',
};

export interface DriftGroup {
  key: string;
  id: string;
  first: DriftRecord; // Stands for all: its differences are those of every record here.
  records: DriftRecord[]; // Newest first.
  hosts: string[];
  newest: number;
  oldest: number;
  outcomes: Map<DriftOutcome, number>;
  actors: string[];
}

// What makes two drifts the same: the resource and what differs in which way; not the host, time or outcome.
export function keyOf(record: DriftRecord): string {
  const differences = (record.differences ?? [])
    .map(one => [one.attribute ?? '', one.current ?? '', one.desired ?? '', one.diff ?? ''])
    .sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
  return JSON.stringify([record.id ?? '', differences]);
}

// The groups with most hosts first; equal ones by newest drift.
export function groupDrift(records: readonly DriftRecord[]): DriftGroup[] {
  const groups = new Map<string, DriftRecord[]>();
  for (const record of records) {
    const key = keyOf(record);
    const group = groups.get(key);
    if (group) group.push(record);
    else groups.set(key, [record]);
  }
  return [...groups.entries()]
    .map(([key, members]) => makeGroup(key, members))
    .sort((a, b) => b.hosts.length - a.hosts.length || b.newest - a.newest);
}

function makeGroup(key: string, members: readonly DriftRecord[]): DriftGroup {
  const records = [...members].sort((a, b) => toMs(b.seenUs) - toMs(a.seenUs));
  const outcomes = new Map<DriftOutcome, number>();
  for (const one of records) {
    const outcome = one.outcome ?? 'DRIFT_OPEN';
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const times = records.map(one => toMs(one.seenUs));
  return {
    key,
    id: records[0]?.id ?? '',
    first: records[0] ?? {},
    records,
    hosts: [...new Set(records.map(one => one.host ?? ''))],
    newest: times.reduce((a, b) => Math.max(a, b), 0),
    oldest: times.reduce((a, b) => Math.min(a, b), Infinity),
    outcomes,
    actors: [...new Set(records.map(one => who(one.actor)).filter(text => text !== ''))],
  };
}

// "ann (sudo to root) with vim over ssh from 10.0.0.3"; '' when nothing is known.
export function who(actor: Actor | undefined): string {
  if (!actor) return '';
  const person = actor.login || actor.user || '';
  const as = actor.user && actor.login && actor.user !== actor.login ? ` (as ${actor.user})` : '';
  const program = actor.executable ? ` with ${actor.executable.replace(/^.*\//, '')}` : '';
  const unit = !actor.executable && actor.unit ? ` in ${actor.unit}` : '';
  const from = actor.sshSource ? ` over ssh from ${actor.sshSource}` : '';
  return `${person}${as}${program}${unit}${from}`.trim();
}

export const certaintyText = (actor: Actor | undefined): string =>
  actor?.certainty === 'CERTAIN' ? 'certain' : actor?.certainty === 'PROBABLE' ? 'probable' : 'not known';

// The states of a host's resources at a time, by id, from its spans.
export function statesAt(spans: readonly Span[], ms: number): ResourceState[] {
  const at = new Map<string, { from: number; state: ResourceState }>();
  for (const span of spans) {
    const from = toMs(span.fromUs);
    const to = toMs(span.toUs) || Infinity;
    const id = span.state?.id ?? '';
    if (from > ms || to <= ms || (at.get(id)?.from ?? -1) > from) continue;
    at.set(id, { from, state: { ...span.state, sinceUs: span.fromUs } });
  }
  return [...at.values()].map(one => one.state).sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1));
}

export interface Lane {
  id: string;
  spans: { from: number; to: number; state: string; span: Span }[]; // Oldest first, within the window.
  eventful: boolean; // Was ever anything but ok, or changed its state.
}

// One lane for each resource; those where something happened first.
export function lanesOf(spans: readonly Span[], from: number, to: number): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const span of spans) {
    const begin = Math.max(from, toMs(span.fromUs));
    const end = Math.min(to, toMs(span.toUs) || to);
    if (end < from || begin > to) continue;
    const id = span.state?.id ?? '';
    const state = span.state?.state ?? 'STATE_UNKNOWN';
    const lane = lanes.get(id) ?? { id, spans: [], eventful: false };
    lane.spans.push({ from: begin, to: Math.max(begin, end), state, span });
    lane.eventful ||= state !== 'STATE_OK' || lane.spans.length > 1;
    lanes.set(id, lane);
  }
  for (const lane of lanes.values()) lane.spans.sort((a, b) => a.from - b.from);
  return [...lanes.values()].sort(
    (a, b) => Number(b.eventful) - Number(a.eventful) || (a.id < b.id ? -1 : 1),
  );
}
