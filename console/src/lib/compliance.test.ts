// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { AssessResponse } from '../api/types';
import { Cells, findingsCsv, frameworksOf, scoreText, sortControls, sortHosts } from './compliance';

const a = {
  id: 'A',
  severity: 'low',
  frameworks: [{ framework: 'SOC 2' }, { framework: 'HIPAA' }],
  hosts: { compliant: 2 },
};
const b = { id: 'B', severity: 'low', frameworks: [{ framework: 'SOC 2' }], hosts: { notCompliant: 1 } };
const c = { id: 'C', severity: 'high', hosts: { unknown: 1, notApplicable: 1 } };
const d = { id: 'D', hosts: { notApplicable: 2 } };
const web1 = { host: 'web1', controls: { compliant: 1, notCompliant: 1, notApplicable: 2 } };
const web2 = { host: 'web2', controls: { compliant: 2 } };

test('a score is not rounded up to what it is not', () => {
  expect(scoreText({ compliant: 1, score: 0.99999 })).toBe('99.9 %');
  expect(scoreText({ compliant: 1, score: 1 })).toBe('100.0 %');
  expect(scoreText({ notCompliant: 1 })).toBe('0.0 %');
  expect(scoreText({ notApplicable: 4, score: 1 })).toBe('nothing applies');
});

test('what is off comes first, the severe before the rest', () => {
  expect(sortControls([a, b, c]).map(one => one.id)).toEqual(['C', 'B', 'A']);
  expect(sortHosts([web2, web1]).map(one => one.host)).toEqual(['web1', 'web2']);
  expect(frameworksOf([a, b, c])).toEqual(['HIPAA', 'SOC 2']);
});

const off: AssessResponse = {
  findings: [
    { control: 'B', host: 'web1', verdict: 'VERDICT_NOT_COMPLIANT' },
    { control: 'C', host: 'web1', verdict: 'VERDICT_UNKNOWN' },
  ],
};

test('a cell says no more than the findings do', () => {
  const some = new Cells(off, false);
  expect(some.word(web1, b)).toBe('not compliant');
  expect(some.word(web1, c)).toBe('unknown');
  expect(some.word(web1, a)).toBe('compliant');
  expect(some.word(web2, c)).toBe('compliant');
  expect(some.word(web1, d)).toBe('not applicable');
  expect(some.word(web1, { id: 'E', hosts: { compliant: 1, notApplicable: 1 } })).toBe(
    'compliant or not applicable',
  );
  const all = new Cells(
    { findings: [{ control: 'A', host: 'web1', verdict: 'VERDICT_COMPLIANT' }, ...off.findings!] },
    true,
  );
  expect(all.word(web1, a)).toBe('compliant');
  expect(all.word(web2, a)).toBe('not applicable');
});

test('what a cut list does not reach is not shown as good', () => {
  const cut = new Cells({ findings: off.findings!.slice(0, 1), findingsCut: true }, false);
  expect(cut.word(web1, b)).toBe('not compliant');
  expect(cut.word(web1, c)).toBe('not listed');
  expect(cut.word(web2, b)).toBe('not listed');
  expect(cut.word(web2, a)).toBe('compliant');
});

test('a spreadsheet gets a line for each piece of evidence, and no formulas', () => {
  const text = findingsCsv({
    controls: [{ id: '=A', title: 'x, "y"', severity: 'high' }],
    findings: [
      {
        control: '=A',
        host: 'web1',
        verdict: 'VERDICT_WAIVED',
        evidence: [{ resource: 'file:/a', state: 'STATE_DRIFTED', sinceUs: '1000000', position: 'r.lua:3' }],
        waiver: { untilUs: '2000000', reason: 'line\nbreak', approver: '@ann' },
      },
      { control: 'B', host: 'web2' },
    ],
  });
  const [head, first, , second] = text.split(/\r?\n/);
  expect(head).toMatch(/^control,title,severity,host,verdict,/);
  expect(first).toBe(
    `'=A,"x, ""y""",high,web1,waived,file:/a,drifted,1970-01-01T00:00:01.000Z,r.lua:3,1970-01-01T00:00:02.000Z,"line`,
  );
  expect(second).toBe('B,,,web2,unknown,,,,,,,');
});
