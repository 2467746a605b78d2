// SPDX-License-Identifier: Apache-2.0
// Two pictures that need no library: bars over time, and shares of a whole.
import type { DriftCount } from '../api/types';
import { absolute, short, toMs, zoneName } from '../lib/time';
import { useSettings } from './settings';

const half = 50; // Of the picture's height: above what began, below what ended.

// How many drifts began and ended in each piece of time, and how many were there at its end.
export function DriftBars({ counts, now }: { counts: readonly DriftCount[]; now: number }) {
  const { utc } = useSettings();
  const of = (key: 'opened' | 'closed' | 'open') => counts.map(one => one[key] ?? 0);
  const opened = of('opened');
  const closed = of('closed');
  const open = of('open');
  const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
  const most = Math.max(1, ...opened, ...closed);
  const mostOpen = Math.max(1, ...open);
  const step = 1000 / Math.max(1, counts.length);
  const tall = (count: number) => (count === 0 ? 0 : Math.max(2, (count / most) * (half - 2)));
  const last = open[open.length - 1] ?? 0;
  const words = `${sum(opened)} drifts began, ${sum(closed)} ended, ${last} open now`;
  return (
    <>
      <figure className="bars-over-time">
        <svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label={words}>
          {counts.map((one, at) => (
            <g key={one.fromUs}>
              <rect
                className="began"
                x={at * step + 1}
                width={Math.max(1, step - 2)}
                y={half - tall(opened[at]!)}
                height={tall(opened[at]!)}
              />
              <rect
                className="ended"
                x={at * step + 1}
                width={Math.max(1, step - 2)}
                y={half}
                height={tall(closed[at]!)}
              />
            </g>
          ))}
          <line x1="0" x2="1000" y1={half} y2={half} className="axis" />
          <polyline
            points={open
              .map(
                (count, at) => `${((at + 1) * step).toFixed(1)},${(98 - (count / mostOpen) * 96).toFixed(1)}`,
              )
              .join(' ')}
          />
        </svg>
        <figcaption>
          <span>{short(toMs(counts[0]?.fromUs), now, utc)}</span>
          <span className="legend">
            <span className="began">{sum(opened).toLocaleString('en')} began</span>
            <span className="ended">{sum(closed).toLocaleString('en')} ended</span>
            <span className="open">
              {last.toLocaleString('en')} open now, {Math.max(0, ...open).toLocaleString('en')} at most at the
              end of a bar
            </span>
          </span>
          <span>now</span>
        </figcaption>
      </figure>
      <details className="fold">
        <summary>The same as a table</summary>
        <div className="trend-table" tabIndex={0} role="region" aria-label="Drifts over time">
          <table>
            <thead>
              <tr>
                <th scope="col">From, {zoneName(utc)}</th>
                <th scope="col">began</th>
                <th scope="col">ended</th>
                <th scope="col">open at its end</th>
              </tr>
            </thead>
            <tbody>
              {[...counts].reverse().map(one => (
                <tr key={one.fromUs}>
                  <th scope="row">{absolute(toMs(one.fromUs), utc).slice(0, 16)}</th>
                  <td>{(one.opened ?? 0).toLocaleString('en')}</td>
                  <td>{(one.closed ?? 0).toLocaleString('en')}</td>
                  <td>{(one.open ?? 0).toLocaleString('en')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

export function Shares({
  parts,
  label,
}: {
  parts: readonly { kind: string; count: number }[];
  label: string;
}) {
  const total = parts.reduce((a, b) => a + b.count, 0) || 1;
  let at = 0;
  return (
    <svg className="shares" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={label}>
      {parts.map(part => {
        const width = (part.count / total) * 1000;
        const x = at;
        at += width;
        return <rect key={part.kind} className={`is-${part.kind}`} x={x} width={width} y="0" height="10" />;
      })}
    </svg>
  );
}
