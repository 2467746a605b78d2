// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { DriftRecord, Host, Span } from '../api/types';
import { diffLines, fold, parseUnified } from './diff';
import { groupDrift, keyOf, lanesOf, statesAt, who } from './drift';
import { and, equals, oneOf } from './filter';
import { countHealth, groupHosts, groupings, healthOf, mergeHosts, rowsOf, sortHosts } from './health';
import { href, parsePlace, withParams } from './route';
import { absolute, duration, parseSpan, pieces, relative, short, toMicros, toMs } from './time';

const now = Date.UTC(2026, 10, 23, 12, 0, 0);
const us = (ms: number) => toMicros(ms);

test('times are read from strings of microseconds and written back', () => {
  expect(toMs('1700000000123456')).toBe(1700000000123);
  expect(toMs(undefined)).toBe(0);
  expect(toMs('nonsense')).toBe(0);
  expect(toMicros(1700000000123)).toBe('1700000000123000');
});

test('relative times are short, in both directions', () => {
  for (const [gone, text] of [
    [500, 'just now'],
    [-6000, 'just now'],
    [40_000, '40 s ago'],
    [3 * 60_000, '3 min ago'],
    [5 * 3_600_000, '5 h ago'],
    [3 * 86_400_000, '3 d ago'],
    [100 * 86_400_000, '3 months ago'],
    [3 * 366 * 86_400_000, '3 years ago'],
    [-2 * 3_600_000, 'in 2 h'],
  ] as const)
    expect(relative(now - gone, now)).toBe(text);
});

test('durations keep two figures that matter', () => {
  expect(duration(0.12)).toBe('120 µs');
  expect(duration(120)).toBe('120 ms');
  expect(duration(3400)).toBe('3.4 s');
  expect(duration(125_000)).toBe('2 min 5 s');
  expect(duration(5.2 * 3_600_000)).toBe('5 h 12 min');
});

test('absolute times say the date, short ones only when it is another day', () => {
  expect(absolute(now, true)).toBe('2026-11-23 12:00:00');
  expect(short(now - 3_600_000, now, true)).toBe('11:00');
  expect(short(now - 86_400_000, now, true)).toBe('11-22 12:00');
});

test('spans of time are numbers with a unit', () => {
  expect(parseSpan('7d')).toBe(7 * 86_400_000);
  expect(parseSpan('30min')).toBe(1_800_000);
  expect(parseSpan('week')).toBe(0);
});

test('time is parted by the clock, up to the end of the piece that is now', () => {
  const now = Date.UTC(2026, 2, 3, 14, 5, 30);
  const hour = pieces(now, '1h', true);
  expect([hour.length, hour[0], hour[12]]).toEqual([
    13,
    Date.UTC(2026, 2, 3, 13, 10),
    Date.UTC(2026, 2, 3, 14, 10),
  ]);
  const day = pieces(now, '1d', true);
  expect([day.length, day[0], day[24]]).toEqual([25, Date.UTC(2026, 2, 2, 15), Date.UTC(2026, 2, 3, 15)]);
  const week = pieces(now, '7d', true);
  expect([week.length, week[0], week[27]]).toEqual([28, Date.UTC(2026, 1, 25), Date.UTC(2026, 2, 3, 18)]);
  const month = pieces(now, '30d', true);
  expect([month.length, month[0], month[30]]).toEqual([31, Date.UTC(2026, 1, 2), Date.UTC(2026, 2, 4)]);
  for (const span of ['1h', '1d', '7d', '30d']) {
    for (const moments of [pieces(now, span, false), pieces(Date.UTC(2026, 2, 3), span, true)]) {
      expect(
        moments.every((moment, i) => i === 0 || moment > moments[i - 1]!),
        span,
      ).toBe(true);
    }
  }
});

test('a unified diff is read without its file names', () => {
  expect(parseUnified('--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z\n')).toEqual([
    { kind: 'place', text: '@@ -1 +1 @@' },
    { kind: 'removed', text: 'x' },
    { kind: 'added', text: 'y' },
    { kind: 'same', text: 'z' },
  ]);
});

test('a diff of lines keeps what is common and applies to what was before', () => {
  const lines = diffLines('a\nb\nc\nd\n', 'a\nx\nc\nd\ne\n');
  expect(lines.map(line => line.kind[0] + line.text)).toEqual(['sa', 'rb', 'ax', 'sc', 'sd', 'ae']);
  expect(diffLines('', 'one\n')).toEqual([{ kind: 'added', text: 'one' }]);
  expect(diffLines('same\n', 'same\n')).toEqual([{ kind: 'same', text: 'same' }]);
});

test('texts that are too long to compare are all removed and all added', () => {
  const a = Array.from({ length: 1000 }, (_, i) => `a${i}`).join('\n');
  const b = Array.from({ length: 1000 }, (_, i) => `b${i}`).join('\n');
  expect(diffLines(a, b)).toHaveLength(2000);
});

test('folding leaves three lines around a change', () => {
  const before = Array.from({ length: 40 }, (_, i) => `${i}`).join('\n');
  const folded = fold(diffLines(before, before.replace('\n20\n', '\ntwenty\n')));
  expect(folded[0]).toEqual({ kind: 'place', text: '17 unchanged lines' });
  expect(folded.filter(line => line.kind === 'same')).toHaveLength(6);
});

const host = (name: string, more: Partial<Host> = {}): Host => ({
  name,
  presence: 'PRESENCE_CONNECTED',
  revision: 'r1',
  assignedRevision: 'r1',
  counts: { ok: 3 },
  ...more,
});

test('the health of a host is the worst that is true of it', () => {
  const table: [Partial<Host>, string][] = [
    [{}, 'ok'],
    [{ counts: { failed: 1, drifted: 2 } }, 'failed'],
    [{ lastRunError: 'evaluation' }, 'failed'],
    [{ openDrift: 1 }, 'drifted'],
    [{ presence: 'PRESENCE_SILENT', openDrift: 1 }, 'silent'],
    [{ presence: 'PRESENCE_REVOKED', counts: { failed: 1 } }, 'revoked'],
    [{ presence: 'PRESENCE_NEVER_SEEN' }, 'new'],
    [{ counts: { skipped: 1 } }, 'attention'],
    [{ refusal: 'unknown key' }, 'attention'],
    [{ assignedRevision: 'r2' }, 'behind'],
    [{ pausedUntilUs: us(now + 1000) }, 'paused'],
    [{ pausedUntilUs: us(now - 1000) }, 'ok'],
  ];
  for (const [more, health] of table) expect(healthOf(host('a', more), now)).toBe(health);
});

test('hosts are grouped by label, those without it last, and sorted as people count', () => {
  const hosts = [
    host('web10', { labels: { role: 'web' } }),
    host('web2', { labels: { role: 'web' }, openDrift: 1 }),
    host('lone'),
    host('db1', { labels: { role: 'db', site: 'x' } }),
  ];
  const rows = rowsOf(hosts, now);
  const groups = groupHosts(rows, 'labels.role');
  expect(groups.map(group => group.name)).toEqual(['db', 'web', '']);
  expect(groups[1]!.rows.map(row => row.name)).toEqual(['web2', 'web10']);
  expect(groups[1]!.counts.drifted).toBe(1);
  expect(countHealth(rows).ok).toBe(3);
  expect(groupings(hosts)).toEqual(['channel', 'os', 'revision', 'health', 'labels.role', 'labels.site']);
});

test('hosts are sorted by any column, both ways', () => {
  const rows = rowsOf([host('b'), host('a', { openDrift: 4 }), host('c', { counts: { failed: 1 } })], now);
  expect(sortHosts(rows, 'name').map(row => row.name)).toEqual(['a', 'b', 'c']);
  expect(sortHosts(rows, '-drift').map(row => row.name)).toEqual(['a', 'b', 'c']);
  expect(sortHosts(rows, 'health').map(row => row.name)).toEqual(['c', 'a', 'b']);
});

const drift = (name: string, current: string, more: Partial<DriftRecord> = {}): DriftRecord => ({
  host: name,
  id: 'file:/etc/motd',
  differences: [{ attribute: 'content', current, desired: 'ours' }],
  seenUs: us(now),
  ...more,
});

test('the same difference on many hosts is one group', () => {
  const groups = groupDrift([
    drift('web1', 'theirs'),
    drift('web2', 'theirs', { outcome: 'DRIFT_CORRECTED', seenUs: us(now - 5) }),
    drift('web2', 'theirs', { outcome: 'DRIFT_CORRECTED', seenUs: us(now - 9) }),
    drift('web3', 'other'),
  ]);
  expect(groups.map(group => group.hosts.length)).toEqual([2, 1]);
  expect(groups[0]!.records).toHaveLength(3);
  expect(groups[0]!.newest).toBe(now);
  expect(groups[0]!.outcomes.get('DRIFT_CORRECTED')).toBe(2);
});

test('the order of attributes does not make two drifts different', () => {
  const [a, b] = [
    { attribute: 'mode', current: '0644' },
    { attribute: 'owner', current: 'ann' },
  ];
  expect(keyOf({ id: 'x', differences: [a, b] })).toBe(keyOf({ id: 'x', differences: [b, a] }));
});

test('who did it is one sentence of what is known', () => {
  expect(who(undefined)).toBe('');
  expect(who({ login: 'ann', user: 'root', executable: '/usr/bin/vim', sshSource: '10.0.0.3' })).toBe(
    'ann (as root) with vim over ssh from 10.0.0.3',
  );
  expect(who({ user: 'root', unit: 'cron.service' })).toBe('root in cron.service');
});

const span = (id: string, state: 'STATE_OK' | 'STATE_DRIFTED', from: number, to: number): Span => ({
  state: { id, state },
  fromUs: us(from),
  toUs: to ? us(to) : '0',
});

test('states at a time come from the spans that hold it', () => {
  const spans = [
    span('a', 'STATE_OK', 200, 0),
    span('a', 'STATE_DRIFTED', 100, 200),
    span('b', 'STATE_OK', 150, 0),
  ];
  const at = (ms: number) => statesAt(spans, ms).map(one => `${one.id} ${one.state}`);
  expect(at(50)).toEqual([]);
  expect(at(120)).toEqual(['a STATE_DRIFTED']);
  expect(at(200)).toEqual(['a STATE_OK', 'b STATE_OK']);
});

test('lanes keep to the window, and those where something happened come first', () => {
  const lanes = lanesOf(
    [span('a', 'STATE_OK', 0, 0), span('z', 'STATE_OK', 300, 0), span('z', 'STATE_DRIFTED', 100, 300)],
    50,
    400,
  );
  expect(lanes.map(lane => lane.id)).toEqual(['z', 'a']);
  expect(lanes[0]!.spans.map(one => [one.from, one.to])).toEqual([
    [100, 300],
    [300, 400],
  ]);
  expect(lanes[1]!.spans[0]!.from).toBe(50);
});

test('a place survives its address, whatever is in it', () => {
  const filter = 'os.id == "debian" and labels.role == "a&b#c"';
  const place = parsePlace(href(['hosts', 'we/b<1>'], { filter, view: '' }));
  expect(place.path).toEqual(['hosts', 'we/b<1>']);
  expect(place.params).toEqual({ filter });
  expect(parsePlace('').path).toEqual(['fleet']);
  expect(parsePlace('#/%E0%A4%A').path).toEqual(['%E0%A4%A']);
  expect(parsePlace(withParams(place, { filter: '', view: 'table' })).params).toEqual({ view: 'table' });
});

test('filters are written so that any text survives', () => {
  expect(equals('labels.owner', 'team "a" \\b')).toBe('labels.owner == "team \\"a\\" \\\\b"');
  expect(oneOf('name', ['a', 'b c'])).toBe('name in ["a", "b c"]');
});

test('a term is added to any filter that is there', () => {
  expect(and('', 'drift')).toBe('drift');
  expect(and('web*', 'drift')).toBe('name ~ "web*" and drift');
  expect(and('os.id == debian', 'drift')).toBe('os.id == debian and drift');
  expect(and('a == 1 or b == 2', 'drift')).toBe('(a == 1 or b == 2) and drift');
});

test('refreshed hosts take the places of those of their names, and new ones are added', () => {
  const old = [host('a'), host('b')];
  const merged = mergeHosts(old, [host('b', { openDrift: 1 }), host('c')]);
  expect(merged.map(one => `${one.name}${one.openDrift ?? 0}`)).toEqual(['a0', 'b1', 'c0']);
  expect(merged[0]).toBe(old[0]);
});
