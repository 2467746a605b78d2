// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { anyApplies, dots, marks, momentsOf, path } from './trend';

const hour = 3_600_000;
const point = (at: number, compliant: number, notCompliant: number) => ({
  atUs: String(at * 1000),
  counts: { compliant, notCompliant, score: compliant / (compliant + notCompliant || 1) },
});

test('days have their midnights', () => {
  const end = Date.UTC(2026, 2, 3, 14, 5);
  expect(momentsOf(end, '7d', true)).toEqual(
    [25, 26, 27, 28].map(day => Date.UTC(2026, 1, day)).concat([1, 2, 3].map(day => Date.UTC(2026, 2, day))),
  );
  expect(momentsOf(end, '90d', false)).toHaveLength(90);
  for (const moment of momentsOf(end, '30d', false)) expect(new Date(moment).getHours()).toBe(0);
  expect(momentsOf(Date.UTC(2026, 2, 3), '7d', true), 'the end itself is no moment before it').toHaveLength(
    6,
  );
});

test('a young fleet has moments of its own', () => {
  const end = Date.UTC(2026, 2, 3, 14, 5, 30);
  const hours = momentsOf(end, '1d', true);
  expect([hours.length, hours[0], hours[24]]).toEqual([
    25,
    Date.UTC(2026, 2, 2, 14),
    Date.UTC(2026, 2, 3, 14),
  ]);
  const minutes = momentsOf(end, '1h', true);
  expect([minutes.length, minutes[0], minutes[30]]).toEqual([
    31,
    Date.UTC(2026, 2, 3, 13, 4),
    Date.UTC(2026, 2, 3, 14, 4),
  ]);
  expect(minutes.filter(moment => moment > end - 10 * 60_000)).toHaveLength(5);
});

test('where nothing applies nothing is known', () => {
  expect(anyApplies([])).toBe(false);
  expect(anyApplies([point(0, 0, 0), { atUs: '1' }])).toBe(false);
  expect(anyApplies([point(0, 0, 0), point(1, 0, 1)])).toBe(true);
});

test('scores stand where their time and share is', () => {
  const line = dots([point(0, 1, 0), point(hour, 1, 1), point(4 * hour, 0, 2)], 400, 100);
  expect(line.map(dot => [dot?.x, dot?.y])).toEqual([
    [0, 0],
    [100, 50],
    [400, 100],
  ]);
  expect(path(line)).toBe('M0.0 0.0h0L100.0 50.0L400.0 100.0');
});

test('where nothing applied there is a gap', () => {
  const line = dots([point(0, 1, 0), point(1, 0, 0), point(2, 1, 0), point(3, 1, 1)], 30, 100);
  expect(line[1]).toBeNull();
  expect(path(line)).toBe('M0.0 0.0h0M20.0 0.0h0L30.0 50.0');
  expect(path(dots([], 30, 100))).toBe('');
  expect(marks(line)).toBe('M0.0 0.0h0M20.0 0.0h0M30.0 50.0h0');
});
