// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { changedHosts, isStale, parseChanged, pauseAfter } from './live';

test('a drift on one host makes lists and that host old, not another host', () => {
  const changes = [{ kind: 'drift', host: 'web1' }];
  expect(isStale(['hosts', ''], changes)).toBe(true);
  expect(isStale(['drift', '', 0], changes)).toBe(true);
  expect(isStale(['host', 'web1'], changes)).toBe(true);
  expect(isStale(['host', 'web2'], changes)).toBe(false);
  expect(isStale(['revisions'], changes)).toBe(false);
  const state = [{ kind: 'state', host: 'web1' }];
  expect(isStale(['packages', 'web1', 'changes', 0], state)).toBe(true);
  expect(isStale(['packages', 'web2'], state)).toBe(false);
});

test('a change of a kind that is not known makes everything old', () => {
  expect(isStale(['revisions'], [parseChanged('not json')])).toBe(true);
  expect(isStale(['host', 'web1'], [parseChanged('{}')])).toBe(true);
  expect(isStale(['session'], [parseChanged('{}')])).toBe(false);
});

test('slow answers are asked for less often, within bounds', () => {
  expect(pauseAfter(5)).toBe(150);
  expect(pauseAfter(400)).toBe(800);
  expect(pauseAfter(60_000)).toBe(5000);
});

test('a few changes in a large fleet ask for those hosts alone', () => {
  const one = [{ kind: 'drift', host: 'web1' }];
  expect(changedHosts([...one, ...one], 10_000)).toEqual(['web1']);
  expect(changedHosts(one, 3)).toEqual([]);
  expect(changedHosts([...one, { kind: 'host' }], 10_000)).toEqual([]);
  expect(
    changedHosts(
      Array.from({ length: 51 }, (_, i) => ({ kind: 'run', host: `web${i}` })),
      10_000,
    ),
  ).toEqual([]);
});
