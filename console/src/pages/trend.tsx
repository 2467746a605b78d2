// SPDX-License-Identifier: Apache-2.0
// The score over time: at each midnight, and now.
import { useMemo, useState } from 'react';
import { useTrend } from '../api/queries';
import type { TrendResponse } from '../api/types';
import { countsInOrder, scoreText } from '../lib/compliance';
import { absolute, short, toMicros, toMs, zoneName } from '../lib/time';
import { dots, midnights, path } from '../lib/trend';
import { Answer, Choice, Empty } from '../ui/bits';
import { useParam } from '../ui/place';
import { useSettings } from '../ui/settings';
import { Said } from './compliance';

const width = 1000;
const height = 160;
const spans = ['7', '30', '90'] as const;

export function Trend({
  filter,
  framework,
  control,
}: {
  filter: string;
  framework?: string;
  control?: string;
}) {
  const [days, setDays] = useParam('days', '7');
  const { utc } = useSettings();
  const [now] = useState(() => Math.floor(Date.now() / 60_000) * 60_000); // As of the opening of the page.
  const span = spans.find(one => one === days) ?? '7';
  const atUs = useMemo(() => midnights(now, Number(span), utc).map(toMicros), [now, span, utc]);
  const query = useTrend({
    filter,
    ...(framework ? { framework } : {}),
    ...(control ? { control } : {}),
    atUs,
  });
  return (
    <>
      <div className="tools">
        <Choice
          label="How far back"
          value={span}
          onChange={setDays}
          options={spans.map(one => [one, `${one} days`] as const)}
        />
      </div>
      <Answer query={query} what="the trend">
        {data => <Line data={data} utc={utc} now={now} />}
      </Answer>
    </>
  );
}

function Line({ data, utc, now }: { data: TrendResponse; utc: boolean; now: number }) {
  const points = data.points ?? [];
  const line = useMemo(() => dots(points, width, height), [points]);
  const known = line.filter(dot => dot !== null);
  if (known.length === 0) return <Empty title="Nothing applied in this time" />;
  const lowest = known.reduce((a, b) => (b.score < a.score ? b : a));
  const last = points[points.length - 1];
  const first = points[0];
  return (
    <>
      <figure className="trend">
        <svg
          viewBox={`0 -4 ${width} ${height + 8}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Score now ${scoreText(last?.counts)}, ${(lowest.score * 100).toFixed(1)} % at the lowest`}
        >
          {[0, 0.5, 1].map(share => (
            <line key={share} x1="0" x2={width} y1={share * height} y2={share * height} className="axis" />
          ))}
          <path d={path(line)} />
        </svg>
        <figcaption>
          <span>{short(toMs(first?.atUs), now, utc)}</span>
          <span>100 % above, 0 % below</span>
          <span>now {scoreText(last?.counts)}</span>
        </figcaption>
      </figure>
      <Said list={data.caveats} kind="changed" />
      <div className="trend-table" tabIndex={0} role="region" aria-label="The same as a table">
        <table>
          <caption className="unseen">The score at each midnight, and now</caption>
          <thead>
            <tr>
              <th scope="col">Time, {zoneName(utc)}</th>
              <th scope="col">Score</th>
              {countsInOrder.map(([key, word]) => (
                <th key={key} scope="col">
                  {word}
                </th>
              ))}
              <th scope="col">hosts</th>
            </tr>
          </thead>
          <tbody>
            {[...points].reverse().map(point => (
              <tr key={point.atUs}>
                <th scope="row">{absolute(toMs(point.atUs), utc).slice(0, 16)}</th>
                <td>{scoreText(point.counts)}</td>
                {countsInOrder.map(([key]) => (
                  <td key={key}>{(point.counts?.[key] ?? 0).toLocaleString('en')}</td>
                ))}
                <td>{(point.hosts ?? 0).toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
