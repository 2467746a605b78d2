// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { dots, midnights, path } from './trend';

const hour = 3_600_000;
const point = (at: number, compliant: number, notCompliant: number) => ({
  atUs: String(at * 1000),
  counts: { compliant, notCompliant, score: compliant / (compliant + notCompliant || 1) },
});

test('moments are midnights and now', () => {
  const now = Date.UTC(2026, 2, 3, 14, 5);
  expect(midnights(now, 3, true)).toEqual([
    Date.UTC(2026, 2, 1),
    Date.UTC(2026, 2, 2),
    Date.UTC(2026, 2, 3),
    now,
  ]);
  for (const moment of midnights(now, 40, false).slice(0, -1)) {
    expect(new Date(moment).getHours()).toBe(0);
  }
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
});
