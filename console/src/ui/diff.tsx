// SPDX-License-Identifier: Apache-2.0
import type { Difference } from '../api/types';
import { diffLines, fold, parseUnified, type DiffLine } from '../lib/diff';

const marks = { same: ' ', removed: '-', added: '+', place: '·' } as const;

export function DiffView({ lines, label }: { lines: readonly DiffLine[]; label: string }) {
  return (
    <div className="diff" role="group" aria-label={label} tabIndex={0}>
      {lines.map((line, at) => (
        <div key={at} className={`line ${line.kind}`}>
          <span className="mark">{marks[line.kind]}</span>
          <span className="text">{line.text || ' '}</span>
        </div>
      ))}
    </div>
  );
}

const shown = (value: string | undefined) => (value ? value : '(nothing)');
const isLong = (value: string | undefined) => (value ?? '').includes('\n') || (value ?? '').length > 80;

// What was there and what should be there: a diff of lines for texts, a pair for values.
export function DifferenceView({ difference }: { difference: Difference }) {
  const { attribute = '', current, desired, diff, lastSet } = difference;
  if (diff || isLong(current) || isLong(desired)) {
    const lines = diff ? parseUnified(diff) : fold(diffLines(current ?? '', desired ?? ''));
    return (
      <div className="difference">
        <p className="attribute">
          <code>{attribute}</code> <span className="dim">− found, + declared</span>
        </p>
        <DiffView lines={lines} label={`Difference of ${attribute}`} />
      </div>
    );
  }
  return (
    <div className="difference">
      <p className="attribute">
        <code>{attribute}</code>
      </p>
      <p className="change">
        <del>{shown(current)}</del>
        <span aria-label="should be"> → </span>
        <ins>{shown(desired)}</ins>
        {lastSet && lastSet !== desired && <span className="dim"> last set: {lastSet}</span>}
      </p>
    </div>
  );
}

export function Differences({ list }: { list: readonly Difference[] | undefined }) {
  return (
    <>
      {(list ?? []).map((one, at) => (
        <DifferenceView key={`${one.attribute} ${at}`} difference={one} />
      ))}
    </>
  );
}
