// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { changeWord, compareVersions, nameFits, withChanges } from './packages';

test('a package has the change that brought its version', () => {
  const packages = [
    { name: 'curl', version: '2' },
    { name: 'libc6', version: '2.36' },
    { name: 'vim', version: '1' },
  ];
  const changes = [
    { name: 'curl', from: '1', to: '2', run: 'R2' },
    { name: 'vim', from: '1', to: '', run: 'R3' },
    { name: 'curl', to: '1', transaction: 'apt install curl' },
  ];
  const rows = withChanges(packages, changes);
  expect(rows.map(row => row.change?.run)).toEqual(['R2', undefined, undefined]);
  expect(rows[1]!.change, 'it was there before').toBeNull();
  expect(rows[2]!.change, 'what is listed is not what the last change made of it').toBeNull();
});

test('versions are ordered as dpkg does', () => {
  const ordered = ['1.0~rc1', '1.0', '1.0-1', '1.0-1+b1', '1.0-2', '1.0a', '1.0+b', '1.2', '1.10', '1:0.1'];
  for (let i = 0; i < ordered.length; i++) {
    for (let j = 0; j < ordered.length; j++) {
      const seen = Math.sign(compareVersions(ordered[i]!, ordered[j]!));
      expect(seen, `${ordered[i]} and ${ordered[j]}`).toBe(Math.sign(i - j));
    }
  }
  expect(compareVersions('1.01', '1.1')).toBe(0);
  expect(compareVersions('0:1', '1')).toBe(0);
});

test('changes have a word', () => {
  expect(changeWord({ to: '1' })).toBe('installed');
  expect(changeWord({ from: '1' })).toBe('removed');
  expect(changeWord({ from: '1.9', to: '1.10' })).toBe('upgraded');
  expect(changeWord({ from: '1.10', to: '1.10~bpo' })).toBe('downgraded');
  expect(changeWord({ from: '1', to: '1' }), 'another architecture').toBe('changed');
});

test('names are looked for by a part or by a pattern', () => {
  expect(nameFits('SSL')('libssl3')).toBe(true);
  expect(nameFits('lib*')('zlib1g')).toBe(false);
  expect(nameFits('lib*-?')('libfoo-2')).toBe(true);
  expect(nameFits('g++')('g++-12')).toBe(true);
  expect(nameFits('g++*')('g++-12')).toBe(true);
  expect(nameFits('')('anything')).toBe(true);
});
